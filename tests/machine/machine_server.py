"""A server for tests: prints `PORT PID...` once it listens, and ends when its standard input does.

Options: --address A  --udp  --fork N (children share the socket)  --ignore-term  --respawn (a parent that starts its
server again)  --port P  --name N  --daemon (a grandchild whose parent has ended)  --let-go (closes instead of ending)
--slow S (ends S seconds after it was asked to)  --reuse-port  --apart (--respawn's server in a session of its own)
--threads (the first thread ends, another serves)

Without --port it listens where MACHINE_SERVER_AT says, else on any port: that may be somebody else's on another
address, who would be ended with us when a test frees it.
"""

import argparse
import contextlib
import ctypes
import os
import signal
import socket
import sys
import threading
from pathlib import Path


def main() -> None:
    options = read_options()
    if options.name:
        Path("/proc/self/comm").write_text(options.name)
    if options.respawn:
        respawn(options)
    if options.daemon and os.fork():
        wait_for_end_of_input()
    listening = listen(options)
    hear_term(options, listening)
    pids = []
    for _ in range(options.fork):
        pid = os.fork()
        if pid == 0:
            signal.pause()
        pids.append(pid)
    say(listening.getsockname()[1], os.getpid(), *pids)
    if options.daemon:
        signal.pause()
    if options.threads:
        threading.Thread(target=wait_for_end_of_input).start()
        ctypes.CDLL(None).pthread_exit(None)
    wait_for_end_of_input()


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=int(os.environ.get("MACHINE_SERVER_AT", "0")))
    parser.add_argument("--name")
    parser.add_argument("--fork", type=int, default=0)
    parser.add_argument("--slow", type=float)
    for flag in ("--udp", "--ignore-term", "--respawn", "--daemon", "--let-go", "--reuse-port", "--apart", "--threads"):
        parser.add_argument(flag, action="store_true")
    return parser.parse_known_args()[0]


def hear_term(options: argparse.Namespace, listening: socket.socket) -> None:
    if options.ignore_term:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if options.let_go:
        signal.signal(signal.SIGTERM, lambda *_: listening.close())
    if options.slow is not None:
        signal.signal(signal.SIGTERM, lambda *_: threading.Timer(options.slow, os._exit, (0,)).start())


def listen(options: argparse.Namespace) -> socket.socket:
    family = socket.AF_INET6 if ":" in options.address else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_DGRAM if options.udp else socket.SOCK_STREAM)
    if not options.udp:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if options.reuse_port:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if family == socket.AF_INET6:
        listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    listening.bind((options.address, options.port))
    if not options.udp:
        listening.listen()
    return listening


def respawn(options: argparse.Namespace) -> None:
    """Start a server, and another on the same port each time it ends."""
    threading.Thread(target=wait_for_end_of_input, daemon=True).start()
    first = True
    while True:
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            if options.apart:
                os.setsid()
            listening = listen(options)
            os.write(writing, b"%d" % listening.getsockname()[1])
            os.close(writing)
            signal.pause()
        os.close(writing)
        options.port = int(os.read(reading, 16))
        if first:
            say(options.port, pid)
        first = False
        os.waitpid(pid, 0)


def say(*numbers: int) -> None:
    sys.stdout.write(" ".join(map(str, numbers)) + "\n")
    sys.stdout.flush()


def wait_for_end_of_input() -> None:
    with contextlib.suppress(OSError, KeyboardInterrupt):
        while os.read(0, 1024):
            pass
    os._exit(0)


if __name__ == "__main__":
    main()
