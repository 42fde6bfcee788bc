"""A machine full of servers, for the tests and benchmarks of the socket table: `socket_load.py SHAPE`.

As a program it forks processes that listen, hold files open and are connected with themselves, says in one JSON
document what there is, and obeys lines: `open PID` and `close PID` a further listener, `new` process with a listener,
`end PID`. It ends, and all its processes with it, when its standard input does.
"""

import argparse
import contextlib
import gc
import json
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import NamedTuple


class Shape(NamedTuple):
    """How much there is of what."""

    processes: int
    servers: int
    """Of the processes: those that listen."""
    listeners: int
    files: int
    """Open in all processes together."""
    pairs: int = 0
    """Connections, each of which is two rows of the kernel's table."""


SHAPES = {
    "quiet": Shape(12, 10, 20, 240, 4),
    "busy": Shape(200, 110, 300, 3_000, 100),
    "full": Shape(1_500, 700, 5_000, 50_000, 10_000),
    "listeners": Shape(20, 20, 5_000, 6_000),
}


class Seen(NamedTuple):
    """A listener of ours."""

    address: str
    port: int
    pid: int
    dual: bool | None = None


class Load:
    """The program, running."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        told = self._answer()
        self.pids: list[int] = told["pids"]
        """Those that listen first."""
        self.listeners = [Seen(*each) for each in told["listeners"]]

    def _answer(self) -> dict:
        assert self._process.stdout
        return json.loads(self._process.stdout.readline())

    def _ask(self, *words: object) -> dict:
        assert self._process.stdin
        print(*words, file=self._process.stdin, flush=True)
        return self._answer()

    def open(self, pid: int) -> Seen:
        """Let a process listen on one more port."""
        return Seen(*self._ask("open", pid)["listener"])

    def close(self, pid: int) -> None:
        """Let it close what `open` opened."""
        self._ask("close", pid)

    def new(self) -> Seen:
        """Start one more process, which listens."""
        return Seen(*self._ask("new")["listener"])

    def end(self, pid: int) -> None:
        """Kill a process and collect it."""
        self._ask("end", pid)


@contextlib.contextmanager
def load(shape: str) -> Iterator[Load]:
    """Have a machine of this shape, to the end of the block."""
    command = [sys.executable, "-I", "-S", __file__, shape]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Load(process)


def listen(number: int) -> tuple[socket.socket, Seen]:
    """Open a listener: mostly on 127.0.0.1, some on the wildcards of both kinds, some on ::1."""
    kind = number % 20
    address = "127.0.0.1" if kind < 13 else "0.0.0.0" if kind < 16 else "::" if kind < 19 else "::1"
    server = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if ":" in address:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(kind == 18))
    server.bind((address, 0))
    server.listen(64)
    dual = None if address != "::" else kind != 18
    return server, Seen(address, server.getsockname()[1], os.getpid(), dual)


def connect(pairs: int) -> list[socket.socket]:
    """Connect with ourselves; return both ends of each connection, without the server."""
    ends = []
    with socket.create_server(("127.0.0.1", 0), backlog=256) as server:
        for _ in range(pairs):
            ends += [socket.create_connection(server.getsockname()), server.accept()[0]]
    return ends


def fill(count: int) -> list[object]:
    """Hold about so many files open, of the kinds that processes have."""
    held: list[object] = []
    makers: list[tuple[int, Callable[[], object]]] = [
        (1, lambda: os.open("/dev/null", os.O_RDONLY)),
        (1, lambda: os.eventfd(0)),
        (2, os.pipe),
        (1, lambda: os.open("/proc/version", os.O_RDONLY)),
        (2, socket.socketpair),
    ]
    while count > 0:
        size, make = makers[len(held) % len(makers)]
        held.append(make())
        count -= size
    return held


class Ground:
    """The parent: forks, and hears from its children by one pipe; they end when another one does."""

    def __init__(self) -> None:
        self._ear, self._mouth = os.pipe()
        self._life, self._death = os.pipe()
        self._lines = os.fdopen(self._ear)
        self.pids: list[int] = []

    def fork(self, *, listeners: range, files: int = 0, pairs: int = 0) -> int:
        """Start a process; it tells of each listener, then that it is ready."""
        pid = os.fork()
        if pid == 0:
            try:
                self._be_child(listeners, files, pairs)
            finally:
                os._exit(1)
        self.pids.append(pid)
        return pid

    def _be_child(self, listeners: range, files: int, pairs: int) -> None:
        os.close(self._death)
        os.closerange(0, 3)
        kept: list[object] = [listen(number) for number in listeners]
        for _server, seen in kept:  # type: ignore[misc]
            self._tell(*seen)
        kept += connect(pairs)
        kept += fill(files - len(listeners) - 2 * pairs - 4)
        late: list[socket.socket] = []

        def more(*_: object) -> None:
            server, seen = listen(0)
            late.append(server)
            self._tell(*seen)

        def less(*_: object) -> None:
            late.pop().close()
            self._tell()

        signal.signal(signal.SIGUSR1, more)
        signal.signal(signal.SIGUSR2, less)
        self._tell()
        os.read(self._life, 1)  # until the parent is gone
        os._exit(0)

    def _tell(self, *words: object) -> None:
        os.write(self._mouth, json.dumps(words).encode() + b"\n")

    def hear(self) -> list[object]:
        """Return the next line of any child; an empty one says that something is done."""
        return json.loads(self._lines.readline())


def build(ground: Ground, shape: Shape) -> dict:
    """Start all processes of a shape and wait for them."""
    heavy = max(1, shape.processes // 75)
    """So many of them have half of the connections."""
    left, files, first = shape.pairs, shape.files, 0
    for number in range(shape.processes):
        server = number < shape.servers
        count = shape.listeners // shape.servers + (number < shape.listeners % shape.servers) if server else 0
        waiting = shape.processes - number
        pairs = shape.pairs // 2 // heavy if number < heavy else -(-left // waiting)
        share = max(files // waiting, count + 2 * pairs + 4)
        ground.fork(listeners=range(first, first + count), files=share, pairs=pairs)
        left, files, first = left - pairs, files - share, first + count
    heard = [ground.hear() for _ in range(shape.processes + first)]
    return {"pids": ground.pids, "listeners": [each for each in heard if each]}


def obey(ground: Ground, verb: str, pid: int) -> dict:
    """Do what a line says, and wait until it is done."""
    if verb == "end":
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        ground.pids.remove(pid)
        return {}
    if verb == "close":
        os.kill(pid, signal.SIGUSR2)
        ground.hear()
        return {}
    if verb == "open":
        os.kill(pid, signal.SIGUSR1)
        return {"listener": ground.hear()}
    ground.fork(listeners=range(1))
    listener = ground.hear()
    ground.hear()
    return {"listener": listener}


def main() -> None:
    """Be the machine."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("shape", choices=SHAPES)
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    shape = SHAPES[parser.parse_args().shape]
    gc.disable()  # a collection would make each child a copy of its own
    ground = Ground()
    try:
        print(json.dumps(build(ground, shape)), flush=True)  # noqa: T201
        for line in sys.stdin:
            verb, _, pid = line.strip().partition(" ")
            print(json.dumps(obey(ground, verb, int(pid or 0))), flush=True)  # noqa: T201
    finally:
        for pid in ground.pids:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        for pid in ground.pids:
            with contextlib.suppress(OSError):
                os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
