"""What it costs to see who listens: against the kernel's bare answer, a bare walk over open files, and psutil.

All figures are CPU time of one thread, the kernel's part included, as medians of interleaved rounds.
"""

import contextlib
import os
import socket
import statistics
import struct
import time
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial

import psutil
import pytest
from socket_load import SHAPES, Load, Seen, load
from timing import cpu_seconds, report

from portdash.machine.availability import bind_error
from portdash.machine.limits import read_limits
from portdash.machine.sockets_psutil import PsutilSockets
from portdash.machine.sockets_system import SystemSockets, full_sockets, system_sockets
from portdash.machine.sockets_watched import FRESH
from portdash.model.ports import IpProtocol

pytestmark = [pytest.mark.benchmark, pytest.mark.needs_linux]

ROUNDS = {"quiet": 400, "busy": 200, "full": 30}
OF_PSUTIL = {"quiet": 20, "busy": 12, "full": 3}


class BareDump:
    """What listens on TCP, as bytes: two dumps on an open socket, and nothing done with them."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4)
        self._requests = [
            struct.pack("=IHHIIBBBBI48s", 72, 20, 0x301, 1, 0, family, socket.IPPROTO_TCP, 0, 0, 1 << 10, bytes(48))
            for family in (socket.AF_INET, socket.AF_INET6)
        ]

    def __call__(self) -> bytes:
        pieces = []
        for request in self._requests:
            self._socket.send(request)
            while (piece := self._socket.recv(65536))[4:6] != b"\x03\x00":
                pieces.append(piece)
        return b"".join(pieces)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def bare_dump() -> Iterator[BareDump]:
    with contextlib.closing(BareDump()) as dump:
        yield dump


def bare_walk() -> int:
    """Read the link of every open file of every process, and do nothing with it."""
    count = 0
    for name in os.listdir("/proc"):  # noqa: PTH208
        if name.isdigit():
            with contextlib.suppress(OSError):
                directory = os.open(f"/proc/{name}/fd", os.O_RDONLY)
                try:
                    for number in os.listdir(directory):  # noqa: PTH208
                        with contextlib.suppress(OSError):
                            os.readlink(number, dir_fd=directory)
                            count += 1
                finally:
                    os.close(directory)
    return count


def by_psutil() -> object:
    return psutil.net_connections("inet")


def medians(rounds: int, *runs: Callable[[], object]) -> list[float]:
    """Time each of these in turn, so often; return the medians in seconds."""
    times = [[cpu_seconds(run) for run in runs] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*times, strict=True)]


def looking() -> SystemSockets:
    """A source that has been asked before."""
    source = system_sockets()
    assert isinstance(source, SystemSockets)
    for _ in range(3):
        source.sockets()
    return source


@pytest.fixture(params=["quiet", "busy", "full"])
def shape(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def micro(seconds: float) -> str:
    return f"{seconds * 1e6:,.0f} us"


class TestUnder:
    """One machine full of servers for all of it: the largest takes half a minute to build."""

    def test_load(self, shape: str, bare_dump: BareDump, capsys: pytest.CaptureFixture[str]):
        with load(shape) as machine, capsys.disabled():
            processes, _servers, listeners, files, pairs = SHAPES[shape]
            print(f"\n{shape}: {processes} processes, {listeners} listeners, {files} files, {pairs} pairs")  # noqa: T201
            all_are_right(machine)
            steady(shape, bare_dump)
            news(machine)
            cold(shape)
            counting(shape)


def all_are_right(machine: Load) -> None:
    rows = {(row.address, row.port): row for row in looking().sockets() if row.protocol is IpProtocol.TCP}
    for seen in machine.listeners:
        row = rows[seen.address, seen.port]
        assert (row.pids, row.dual_stack) == ((seen.pid,), seen.dual)


def steady(shape: str, bare_dump: BareDump) -> None:
    source = looking()
    ours, bare = medians(ROUNDS[shape], source.sockets, bare_dump)
    (slow,) = medians(OF_PSUTIL[shape], by_psutil)
    detail = f"{micro(ours)}, bare {micro(bare)}"
    # UDP, which the bare dump does not ask for, is looked through once a look: of a small table that is a third.
    report("nothing changed, with pids, against the bare dump of TCP", ours / bare, STEADY[shape], detail)
    report("nothing changed, against psutil", ours / slow, AGAINST_PSUTIL[shape], f"{slow / ours:.0f} times faster")


STEADY = {"quiet": 2.2, "busy": 2.0, "full": 1.5}
AGAINST_PSUTIL = {"quiet": 1 / 70, "busy": 1 / 100, "full": 1 / 100}


def news(machine: Load) -> None:
    """Each time something happens both look once, right after one another and with all else as it is."""
    source = looking()
    times: dict[str, list[tuple[float, float]]] = {"in an old process": [], "in a new process": [], "gone": []}

    def note(what: str, look: Callable[[], object]) -> None:
        assert source._watched
        source._watched._at = time.monotonic()  # what is due each few seconds is a line of its own
        times[what].append((cpu_seconds(look), cpu_seconds(by_psutil)))

    for turn in range(6):
        seen = machine.open(machine.pids[turn * len(machine.pids) // 6])
        note("in an old process", partial(found, source, seen))
        machine.close(seen.pid)
        note("gone", source.sockets)
        seen = machine.new()
        note("in a new process", partial(found, source, seen))
        machine.end(seen.pid)
        source.sockets()
    for what, pairs in times.items():
        ours, slow = (statistics.median(column) for column in zip(*pairs, strict=True))
        detail = f"{micro(ours)}, {slow / ours:.0f} times faster"
        report(f"a listener {what}, against psutil", ours / slow, 1 / 10, detail)


def found(source: SystemSockets, seen: Seen) -> None:
    (row,) = [row for row in source.sockets() if (row.address, row.port) == (seen.address, seen.port)]
    assert row.pids == (seen.pid,)


def cold(shape: str) -> None:
    rounds = max(3, OF_PSUTIL[shape])
    first, walk, full = medians(rounds, lambda: system_sockets().sockets(), bare_walk, full_sockets().sockets)
    report("first look, against a bare walk over all open files", first / walk, 2, f"{micro(first)}, {micro(walk)}")
    report("a look that remembers nothing, against the same", full / walk, 2, micro(full))


def counting(shape: str) -> None:
    """Every few seconds connections are counted, and some processes looked into."""
    source = looking()
    watched = source._watched
    assert watched

    def closer() -> None:
        watched._at -= FRESH
        source.sockets()

    rounds = max(5, ROUNDS[shape] // 10)
    ours, plain = medians(rounds, closer, source.sockets)
    (slow,) = medians(OF_PSUTIL[shape], by_psutil)
    report(
        f"the look each {FRESH:.0f} s that counts connections, of psutil",
        ours / slow,
        1 / 3,
        f"{micro(ours)}, {micro(plain)} else",
    )


def test_connections_that_linger(capsys: pytest.CaptureFixture[str]):
    """20,000 connections that were closed a moment ago do not make a look dearer.

    Both are weighed against system calls that have nothing to do with sockets: what else the machine does changes.
    """

    def calm() -> None:
        for _ in range(20):
            os.stat("/proc/self/fd")  # noqa: PTH116

    with load("quiet"), capsys.disabled():
        source = looking()
        before, weight = medians(ROUNDS["quiet"], source.sockets, calm)
        (slow_before,) = medians(5, by_psutil)
        linger(20_000)
        after, weight_after = medians(ROUNDS["quiet"], source.sockets, calm)
        (slow,) = medians(5, by_psutil)
        told = f"{micro(before)} -> {micro(after)}, psutil {micro(slow_before)} -> {micro(slow)}"
        print()  # noqa: T201
        report("20,000 rows in TIME_WAIT, against none", after / weight_after / (before / weight), 1.5, told)


def linger(count: int) -> None:
    """Leave so many connections in TIME_WAIT, on addresses that nobody else uses."""
    for turn in range(10):
        with socket.create_server((f"127.77.0.{turn + 1}", 0), backlog=64) as server:
            for _ in range(count // 10):
                client = socket.create_connection(server.getsockname())
                accepted, _ = server.accept()
                client.close()  # first: what lingers is its end, and the server's port is free again
                accepted.close()


def test_memory(capsys: pytest.CaptureFixture[str]):
    """5,000 listeners, looked at again and again, with changes."""
    with load("listeners") as machine, capsys.disabled():
        tracemalloc.start()
        try:
            source = looking()
            for _ in range(3):
                machine.open(machine.pids[0])
                source.sockets()
                machine.close(machine.pids[0])
                source.sockets()
            kept, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        print()  # noqa: T201
        report(
            "memory for 5,000 listeners, of 10 MiB",
            kept / (10 * 2**20),
            1,
            f"{kept / 2**20:.1f}, peak {peak / 2**20:.1f} MiB",
        )


def test_whether_a_port_is_free(capsys: pytest.CaptureFixture[str]):
    """Against the two system calls that no answer can do without, and the same however many listen."""
    chance = read_limits().ephemeral
    below = chance.first if chance else 32_768  # there nobody gets a port by chance
    port = next(port for port in range(below - 1, 1024, -1) if bind_error(IpProtocol.TCP, port) is None)

    def bare() -> None:
        made = socket.socket(socket.AF_INET6)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(("::", port))
        made.close()

    def ours() -> None:
        assert bind_error(IpProtocol.TCP, port) is None

    with capsys.disabled():
        alone, floor = medians(2_000, ours, bare)
        with load("listeners"):
            crowded, _floor = medians(2_000, ours, bare)
        print()  # noqa: T201
        report("is this port free, against a bare bind and close", alone / floor, 2, micro(alone))
        report("the same with 5,000 listeners, against without", crowded / alone, 1.5, micro(crowded))


def test_the_other_source(capsys: pytest.CaptureFixture[str]):
    """What other systems have, and Linux had before: for the table."""
    with load("busy"), capsys.disabled():
        full, slow = medians(5, full_sockets().sockets, PsutilSockets().sockets)
        print()  # noqa: T201
        report("a full look, against our own by psutil", full / slow, 1, f"{micro(full)}, {micro(slow)}")
