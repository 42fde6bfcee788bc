"""A server that can be awkward: `supervised_server.py [WORD...]`, on PORT.

Words: `plain` binds without SO_REUSEADDR; `ignore` listens on any port but its own; `deaf` ignores SIGTERM; `twice`
forks twice and lets its first process end; `six` binds ::1 alone; `aside` binds 127.0.0.2; `mute` never listens; `fd`
takes the socket that it was handed; `haunt` leaves its socket to a stranger that has nothing of its environment;
`spawn` starts a helper in its own group that would outlive it; `quiet` prints nothing.
"""

import os
import signal
import socket
import sys
import time


def listen(words: list[str]) -> socket.socket:
    if "fd" in words:
        assert os.environ["LISTEN_FDS"] == "1"
        assert int(os.environ["LISTEN_PID"]) == os.getpid()
        return socket.socket(fileno=3)
    address = "::1" if "six" in words else "127.0.0.2" if "aside" in words else "127.0.0.1"
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    if "plain" not in words:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((address, 0 if "ignore" in words else int(os.environ["PORT"])))
    made.listen()
    return made


def main(words: list[str]) -> None:
    if "deaf" in words:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if "spawn" in words and os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(3600)
    if "twice" in words:
        if os.fork():
            os._exit(0)
        os.setsid()
        if os.fork():
            os._exit(0)
    if "mute" in words:
        print("mute", flush=True)  # noqa: T201
        time.sleep(3600)
    server = listen(words)
    if "haunt" in words and os.fork() == 0:
        os.setsid()
        server.set_inheritable(True)
        print(f"ghost {os.getpid()}", flush=True)  # noqa: T201
        os.execve("/bin/sleep", ["sleep", "300"], {})  # noqa: S606
    if "quiet" not in words:
        print(f"serving {server.getsockname()[1]} as {os.getpid()}", flush=True)  # noqa: T201  the tests read it
    while True:
        connection, _ = server.accept()
        connection.sendall(b"hello\n")
        connection.close()


if __name__ == "__main__":
    main(sys.argv[1:])
