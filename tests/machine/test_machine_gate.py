"""The gate: the same rows while nothing changed, a full reading as soon as something may have."""

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from machine_children import Serve

from portdash.machine import gate, owners
from portdash.machine.gate import FRESH, GatedSockets, diag_uids, full_sockets, system_sockets
from portdash.machine.local import LocalMachine
from portdash.machine.netlink_diag import Dump
from portdash.machine.sockets_psutil import PsutilSockets
from portdash.model.ports import IpProtocol
from portdash.model.sockets import Socket

TCP, UDP = IpProtocol.TCP, IpProtocol.UDP


class World:
    """All a gate asks, each answer to be changed by the test."""

    def __init__(self) -> None:
        self.short: Dump | OSError = Dump((b"a",))
        self.rows = (Socket(protocol=TCP, address="127.0.0.1", port=80, pids=(7, 8)),)
        self.lives: dict[int, object] = {7: "seven", 8: "eight"}
        self.now = 100.0
        self.readings = 0
        self.opened = 0
        self.closed = 0
        self.during: Callable[[], None] = lambda: None
        """Happens while the long table is read."""
        self.gate = GatedSockets(self, table=self._open, life=self.lives.get, monotonic=lambda: self.now)

    def _open(self) -> "World":
        self.opened += 1
        return self

    def sockets(self) -> tuple[Socket, ...]:
        self.readings += 1
        self.during()
        return (*self.rows,)

    def dump(self) -> Dump:
        if isinstance(self.short, OSError):
            raise self.short
        return self.short

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def world() -> World:
    return World()


class TestGate:
    def test_the_same_object_while_nothing_changes(self, world: World):
        first = world.gate.sockets()
        world.short = Dump((bytes([97]),))  # equal, not the same
        world.now += FRESH - 0.01
        assert world.gate.sockets() is first
        assert (world.readings, world.opened) == (1, 1)

    def test_another_table_is_read_at_once(self, world: World):
        first = world.gate.sockets()
        world.short = Dump((b"b",))
        assert world.gate.sockets() is not first
        assert world.readings == 2

    @pytest.mark.parametrize("passed", [FRESH, -1.0])
    def test_after_a_while_it_is_read_all_the_same(self, world: World, passed: float):
        world.gate.sockets()
        world.now += passed
        world.gate.sockets()
        assert world.readings == 2

    @pytest.mark.parametrize("life", [None, "another of that pid"])
    def test_an_owner_that_is_gone_or_another(self, world: World, life: object):
        world.gate.sockets()
        world.lives[8] = life
        world.gate.sockets()
        assert world.readings == 2
        world.gate.sockets()
        assert world.readings == 2

    def test_a_change_during_the_reading_is_not_missed(self, world: World):
        def change() -> None:
            world.short = Dump((b"b",))

        world.during = change
        world.gate.sockets()
        world.gate.sockets()
        assert world.readings == 2
        world.gate.sockets()
        assert world.readings == 2

    def test_without_a_short_table_everything_is_as_without_a_gate(self, world: World):
        world.short = PermissionError(13, "refused")
        assert [world.gate.sockets() for _ in range(3)] == [world.rows] * 3
        assert world.readings == 3
        assert world.opened == world.closed
        world.short = Dump((b"a",))
        assert world.gate.sockets() is world.gate.sockets()
        assert world.readings == 4

    def test_a_short_table_that_cannot_be_opened(self, world: World):
        def refuse() -> World:
            raise OSError(93, "no such protocol")

        refused = GatedSockets(world, table=refuse, life=world.lives.get)
        assert [refused.sockets() for _ in range(2)] == [world.rows] * 2
        assert world.readings == 2

    def test_a_table_that_fails_is_opened_anew(self, world: World):
        world.gate.sockets()
        world.short = OSError(11, "the socket table changed while it was read")
        world.gate.sockets()
        world.short = Dump((b"a",))
        world.gate.sockets()
        assert world.closed >= 1
        assert world.opened >= 2

    def test_a_long_table_that_is_refused_is_an_error_each_time(self, world: World):
        def refuse() -> None:
            raise PermissionError(13, "refused")

        world.during = refuse
        for _ in range(2):
            with pytest.raises(PermissionError):
                world.gate.sockets()

    def test_a_forked_child_opens_its_own(self, world: World, monkeypatch: pytest.MonkeyPatch):
        world.gate.sockets()
        monkeypatch.setattr(gate.os, "getpid", lambda: -1)
        world.gate.sockets()
        assert world.opened == 2


class TestUids:
    def test_without_a_short_table_the_long_ones_tell(self, monkeypatch: pytest.MonkeyPatch):
        def refuse() -> None:
            raise OSError(93, "no such protocol")

        monkeypatch.setattr(gate, "SocketDiag", refuse)
        monkeypatch.setattr(gate, "hidden_uids", lambda slots: dict.fromkeys(slots, 5))
        assert diag_uids({(TCP, "127.0.0.1", 80)}) == {(TCP, "127.0.0.1", 80): 5}

    @pytest.mark.needs_linux
    def test_both_say_the_same(self):
        with (
            socket.create_server(("127.0.0.1", 0)) as four,
            socket.create_server(("::1", 0), family=socket.AF_INET6) as six,
            socket.socket(type=socket.SOCK_DGRAM) as udp,
        ):
            udp.bind(("127.0.0.1", 0))
            slots = {(TCP, *each.getsockname()[:2]) for each in (four, six)} | {(UDP, *udp.getsockname())}
            assert diag_uids(slots) == owners.hidden_uids(slots) == dict.fromkeys(slots, os.geteuid())


@pytest.mark.needs_linux
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the short table")
class TestThisMachine:
    def test_a_socket_appears_and_vanishes_on_the_next_call(self):
        sockets = system_sockets()

        def seen() -> bool:
            return any((row.protocol, row.address, row.port) == slot for row in sockets.sockets())

        with socket.create_server(("127.0.0.1", 0)) as server:
            slot = (TCP, *server.getsockname())
            assert seen()
        assert not seen()
        with socket.create_server(("127.0.0.1", slot[2])):
            assert seen()

    def test_the_rows_are_those_of_psutil(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            rows = [
                [row for row in source.sockets() if row.port == port]
                for source in (system_sockets(), full_sockets(), PsutilSockets())
            ]
        assert len(rows[0]) == 1
        assert rows[0] == rows[1]
        assert [row._replace(uid=None) for row in rows[0]] == rows[2]  # psutil does not tell whose socket it is

    def test_an_owner_that_ends_while_another_keeps_its_socket(self, tmp_path: Path, serve: Serve):
        child = serve("--daemon")
        machine = LocalMachine(tmp_path)
        (before,) = [each for each in machine.listeners() if each.port == child.port]
        again = [each for each in machine.listeners() if each.port == child.port]
        assert again == [before]
        child.process.stdin.close()
        child.process.wait()
        (after,) = [each for each in machine.listeners() if each.port == child.port]
        os.kill(after.pid, 9)
        assert after.pid == before.pid
        assert child.pid not in [above.pid for above in after.ancestors]

    def test_a_socket_s_holder_that_ends_is_no_longer_named(self, tmp_path: Path, serve: Serve):
        child = serve("--fork", "2")
        machine = LocalMachine(tmp_path)

        def holders() -> tuple[int, ...]:
            return next(each.pids for each in machine.listeners() if each.port == child.port)

        assert len(holders()) == 3
        os.kill(child.pids[1], 9)
        while os.path.lexists(f"/proc/{child.pids[1]}/fd/0"):
            os.sched_yield()
        assert set(holders()) == {child.pid, child.pids[2]}
