"""The sources of Linux over odd /procs, and the ways round what a system refuses."""

import errno
import os
import socket
from collections.abc import Callable, Collection
from pathlib import Path

import pytest
from odd_procs import ESTABLISHED, ODD, A, B, FakeProc, line

from portdash.machine import fd_scan, sockets_system
from portdash.machine.netlink_diag import SocketDiag
from portdash.machine.proc_net import ProcNet
from portdash.machine.sockets_kernel import KernelSockets
from portdash.machine.sockets_system import SystemSockets, full_sockets, open_table, system_sockets
from portdash.model.ports import IpProtocol
from portdash.model.sockets import Socket
from portdash.model.sources import SocketSource

pytestmark = pytest.mark.needs_linux


class Refused(SocketDiag):
    """A kernel without SOCK_DIAG."""

    def __init__(self) -> None:
        raise OSError(errno.EPROTONOSUPPORT, "Protocol not supported")


class Silent(SocketDiag):
    """A kernel that has the protocol, and not the module behind it."""

    def _ask(self, request: bytes) -> bytes:
        raise FileNotFoundError(errno.ENOENT, f"No such file or directory, {len(request)} bytes asked")


def refuse() -> SocketSource:
    raise AssertionError


@pytest.fixture
def proc(tmp_path: Path) -> FakeProc:
    return FakeProc(tmp_path / "proc")


def told(source: SocketSource) -> list[tuple[int, tuple[int, ...], int | None, int | None, int | None]]:
    return [(each.port, each.pids, each.uid, each.connections, each.queue) for each in source.sockets()]


@pytest.mark.parametrize("name", ODD)
def test_what_listens_and_whose_it_is(proc: FakeProc, name: str):
    proc.build(ODD[name])
    expected = list(ODD[name].rows)
    watched = SystemSockets(refuse, tables=lambda: ProcNet(proc=proc.path), proc=proc.path)
    assert told(KernelSockets(refuse, tables=lambda: ProcNet(proc=proc.path), proc=proc.path)) == expected
    assert [told(watched) for _ in range(4)] == [expected] * 4


class TestStoppingEarly:
    def test_where_listeners_come_first_nothing_after_them_is_read(self, proc: FakeProc):
        proc.tables(tcp=line(8000, 11) + ESTABLISHED * 5_000 + line(8001, 12))
        table = ProcNet(proc=proc.path)
        assert [row.port for row in table.dump().rows()] == [8000, 8001]
        proc.tables(tcp=line(8000, 11) + ESTABLISHED * 5_000)
        assert table.connected()[8000] == {"127.0.0.1": 5_000}
        proc.tables(tcp=line(8000, 11) + ESTABLISHED * 5_000 + line(8001, 12))
        assert [row.port for row in table.dump().rows()] == [8000]  # the proof that it stops
        table.connected()
        assert [row.port for row in table.dump().rows()] == [8000, 8001]

    def test_udp_is_read_to_its_end(self, proc: FakeProc):
        proc.tables(udp=line(53, 11, state=b"07") + line(54, 12, state=b"01") + line(55, 13, state=b"07"))
        table = ProcNet(proc=proc.path)
        table.connected()
        assert [row.port for row in table.dump().rows()] == [53, 55]


class TestWaysRound:
    @pytest.mark.parametrize("kernel", [Refused, Silent])
    def test_no_short_table(self, monkeypatch: pytest.MonkeyPatch, kernel: type[SocketDiag]):
        monkeypatch.setattr(sockets_system, "SocketDiag", kernel)
        assert isinstance(open_table(), ProcNet)
        with socket.create_server(("127.0.0.1", 0)) as server:
            row = Socket(
                protocol=IpProtocol.TCP, address="127.0.0.1", port=server.getsockname()[1],
                pids=(os.getpid(),), uid=os.geteuid(), connections=0, queue=0,
            )  # fmt: skip
            again = system_sockets()
            assert row in full_sockets().sockets()
            assert all(row in again.sockets() for _ in range(3))
        assert row not in again.sockets()

    @pytest.mark.parametrize("look", [SystemSockets.sockets, SystemSockets.slots])
    def test_one_look_asks_the_kernel_for_nothing_twice(
        self, monkeypatch: pytest.MonkeyPatch, look: Callable[[SystemSockets], Collection[object]]
    ):
        asked: list[bytes] = []

        class Counted(SocketDiag):
            def _ask(self, request: bytes) -> bytes:
                asked.append(request)
                return super()._ask(request)

        monkeypatch.setattr(sockets_system, "SocketDiag", Counted)
        with socket.create_server(("127.0.0.1", 0)) as server:
            source = SystemSockets(refuse, tables=open_table)
            assert str(server.getsockname()[1]) in str(look(source))
        assert len(asked) == len(set(asked)) >= 3
        source.let_go()

    def test_no_proc_at_all(self, tmp_path: Path):
        nowhere = str(tmp_path / "nowhere")
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            for source in (
                KernelSockets(refuse, tables=SocketDiag, proc=nowhere),
                SystemSockets(refuse, tables=SocketDiag, proc=nowhere),
            ):
                for _ in range(3):
                    (row,) = [each for each in source.sockets() if each.port == port]
                    assert (row.pids, row.uid) == ((), os.geteuid())

    def test_neither_table_is_the_last_source_s_to_answer(self, tmp_path: Path):
        class Other:
            def sockets(self) -> tuple[Socket, ...]:
                return (Socket(protocol=IpProtocol.TCP, address="::1", port=80),)

        for make in (KernelSockets, SystemSockets):
            source = make(Other, tables=lambda: ProcNet(proc=str(tmp_path)))
            assert [told(source) for _ in range(2)] == [[(80, (), None, None, None)]] * 2

    def test_a_table_that_goes_away_is_opened_anew(self, proc: FakeProc):
        proc.build(ODD["one server"])
        opened = []

        def tables() -> ProcNet:
            opened.append(1)
            return ProcNet(proc=proc.path)

        source = SystemSockets(refuse, tables=tables, proc=proc.path)
        source.sockets()
        source.sockets()
        assert source._watched

        def fail() -> None:
            raise BlockingIOError(errno.EAGAIN, "the socket table changed while it was read")

        source._watched._table.dump = fail  # type: ignore[method-assign, assignment]
        assert told(source) == list(ODD["one server"].rows)
        assert len(opened) == 2


class TestShortOfFiles:
    def test_is_an_error_and_not_a_hidden_owner(self, proc: FakeProc, monkeypatch: pytest.MonkeyPatch):
        proc.build(ODD["one server"])

        def full(*_: object, **__: object) -> int:
            raise OSError(errno.EMFILE, "Too many open files")

        monkeypatch.setattr(fd_scan.os, "open", full)
        with pytest.raises(OSError, match="Too many open files"):
            fd_scan.scan(A, {"socket:[11]"}, proc=proc.path)

    def test_a_process_that_is_gone_or_hidden_is_none(self, proc: FakeProc, monkeypatch: pytest.MonkeyPatch):
        assert fd_scan.scan(B, {"socket:[11]"}, proc=proc.path) is None

        def hide(*_: object, **__: object) -> int:
            raise PermissionError(errno.EACCES, "Permission denied")

        monkeypatch.setattr(fd_scan.os, "open", hide)
        assert fd_scan.scan(A, {"socket:[11]"}, proc=proc.path) is None
