"""`narrow_range.py STARTS held|bare`: start so many servers while others draw their ports out of a small common range.

For a network namespace of its own. Prints how many could not bind the port that had been chosen for them.
"""

import asyncio
import fcntl
import os
import random
import socket
import struct
import sys
import threading
from collections import deque
from contextlib import ExitStack
from pathlib import Path

from portdash.machine.holds import hold_port
from portdash.supervisor import child as children

FIRST, LAST = 40_000, 40_199
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 0x1
SERVER = """
import socket, sys
made = socket.socket()
made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
made.bind(("127.0.0.1", int(sys.argv[1])))
made.listen()
"""


def narrow() -> None:
    """Bring up loopback, and leave few ports to those who ask for any."""
    with socket.socket() as made:
        fcntl.ioctl(made, _SIOCSIFFLAGS, struct.pack("16sH14s", b"lo", _IFF_UP, b""))
    Path("/proc/sys/net/ipv4/ip_local_port_range").write_text(f"{FIRST} {LAST}")


def draw(ends: threading.Event) -> None:
    """Take any port again and again, and keep the last few dozen, as a crowd of clients does."""
    drawn: deque[socket.socket] = deque()
    while not ends.wait(0.001):
        made = socket.socket()
        made.bind(("", 0))
        drawn.append(made)
        if len(drawn) > 60:
            drawn.popleft().close()


def free() -> int:
    """Choose a port that is free at this moment."""
    while True:
        port = random.randint(FIRST, LAST)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("", port))
            except OSError:
                continue
            return port


async def start(*, keeps: bool) -> bool:
    """Choose a port and start a server on it; say whether it got it."""
    while True:
        port = free()
        with ExitStack() as stack:
            try:
                hold = hold_port(port) if keeps else None
            except OSError:
                continue  # taken before it was chosen for good: `run` chooses another, too
            if hold:
                stack.enter_context(hold)
            server = await children.start(
                [sys.executable, "-S", "-c", SERVER, str(port)],
                environ=dict(os.environ),
                cwd=Path.cwd(),
                sink=lambda _number, _data: None,
            )
            return await server.wait() == 0


async def main(starts: int, *, keeps: bool) -> int:
    narrow()
    ends = threading.Event()
    rival = threading.Thread(target=draw, args=(ends,))
    rival.start()
    try:
        return [await start(keeps=keeps) for _ in range(starts)].count(False)
    finally:
        ends.set()
        rival.join()


if __name__ == "__main__":
    print(asyncio.run(main(int(sys.argv[1]), keeps=sys.argv[2] == "held")))  # noqa: T201
