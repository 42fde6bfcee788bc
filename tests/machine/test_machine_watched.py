"""Looking again: the same rows while nothing changed, and each change at the look after it."""

import os
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest
from kernel import tells_bound
from machine_children import Serve
from odd_procs import A, B, C, FakeProc, line
from own_ports import own_port

from portdash.machine import sockets_system
from portdash.machine.lifetimes import Lifetimes
from portdash.machine.local import LocalMachine
from portdash.machine.proc_net import ProcNet
from portdash.machine.processes import Processes
from portdash.machine.procfs import open_files
from portdash.machine.sockets_kernel import read_all
from portdash.machine.sockets_psutil import PsutilSockets
from portdash.machine.sockets_system import SystemSockets, bound_sockets, full_sockets, system_sockets
from portdash.machine.sockets_watched import FRESH, WatchedSockets
from portdash.model.listener import Process
from portdash.model.ports import IpProtocol
from portdash.model.sockets import Socket
from portdash.model.sources import SocketSource

TCP, UDP = IpProtocol.TCP, IpProtocol.UDP

pytestmark = pytest.mark.needs_linux


def refuse() -> SocketSource:
    raise AssertionError


class World:
    """A /proc of ours, a clock, and somebody who looks."""

    def __init__(self, root: Path) -> None:
        self.proc = FakeProc(root)
        self.proc.newest(C)
        self.now = 100.0
        self.counted = 0
        self._watched: WatchedSockets | None = None

    def connected(self, ports: Collection[int]) -> dict[int, Counter[str]]:
        self.counted += 1
        return self._table.connected(ports)

    def dump(self) -> object:
        return self._table.dump()

    def look(self) -> tuple[Socket, ...]:
        if self._watched is None:
            self._table = ProcNet(proc=self.proc.path)
            reading = read_all(self, proc=self.proc.path)  # type: ignore[arg-type]
            self._watched = WatchedSockets(
                self,  # type: ignore[arg-type]
                reading,
                proc=self.proc.path,
                lifetimes=Lifetimes(most=0),
                monotonic=lambda: self.now,
            )
        return self._watched.sockets()

    def owners(self) -> dict[int, tuple[int, ...]]:
        return {row.port: row.pids for row in self.look()}


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path / "proc")
    world.proc.tables(tcp=line(80, 11))
    world.proc.process(A, {"3": b"socket:[11]"})
    return world


class TestRows:
    def test_the_same_object_while_nothing_changes(self, world: World):
        first = world.look()
        world.now += FRESH - 0.01
        assert world.look() is world.look() is first
        assert world.counted == 1

    @pytest.mark.parametrize("passed", [FRESH, -1.0])
    def test_after_a_while_they_are_new_and_equal(self, world: World, passed: float):
        first = world.look()
        world.now += passed
        assert world.look() is not first
        assert world.look() == first
        assert world.counted == 2

    def test_one_appears_and_vanishes(self, world: World):
        assert world.owners() == {80: (A,)}
        world.proc.tables(tcp=line(80, 11) + line(81, 12))
        world.proc.process(A, {"3": b"socket:[11]", "4": b"socket:[12]"})
        assert world.owners() == {80: (A,), 81: (A,)}
        world.proc.tables(tcp=line(81, 12))
        world.proc.process(A, {"4": b"socket:[12]"})
        assert world.owners() == {81: (A,)}

    def test_another_in_its_place(self, world: World):
        world.look()
        world.proc.tables(tcp=line(80, 12, uid=5))
        world.proc.end(A)
        world.proc.process(B, {"3": b"socket:[12]"})
        assert world.look() == (
            Socket(protocol=TCP, address="127.0.0.1", port=80, pids=(B,), uid=5, connections=0, queue=0),
        )

    def test_clients_that_wait_are_news_of_that_row_alone(self, world: World):
        world.proc.tables(tcp=line(80, 11) + line(81, 12))
        first = world.look()
        world.proc.tables(tcp=line(80, 11) + line(81, 12, queue=b"00000000:00000004"))
        then = world.look()
        assert [row.queue for row in then] == [0, 4]
        assert then[0] is first[0]

    def test_connections_are_counted_at_their_own_pace(self, world: World):
        world.look()
        world.proc.tables(tcp=line(80, 11) + line(80, 90, state=b"01") + line(80, 91, state=b"01"))
        assert [row.connections for row in world.look()] == [0]
        world.now += FRESH
        assert [row.connections for row in world.look()] == [2]
        world.proc.tables(tcp=line(80, 11))
        world.now += FRESH
        assert [row.connections for row in world.look()] == [0]

    def test_connections_of_an_address_that_listens_no_more_are_the_wildcard_s(self, world: World):
        connections = line(80, 90, state=b"01")
        world.proc.tables(tcp=line(80, 11) + line(80, 12, address=b"00000000") + connections)
        assert {row.address: row.connections for row in world.look()} == {"0.0.0.0": 0, "127.0.0.1": 1}
        world.proc.tables(tcp=line(80, 12, address=b"00000000") + connections)
        assert {row.address: row.connections for row in world.look()} == {"0.0.0.0": 1}

    def test_several_sockets_on_one_address(self, world: World):
        world.proc.tables(tcp=line(80, 11) + line(80, 12))
        world.proc.process(B, {"3": b"socket:[12]"})
        assert world.owners() == {80: (A, B)}
        world.proc.tables(tcp=line(80, 12))
        world.proc.process(A, {})
        assert world.owners() == {80: (B,)}

    def test_a_socket_that_stopped_listening_before_its_owner_was_found_is_left_out(self, world: World):
        world.look()
        tables = iter([line(80, 11) + line(81, 12), line(80, 11)])
        dump = world.dump

        def changing() -> object:
            world.proc.tables(tcp=next(tables))
            return dump()

        world.dump = changing  # type: ignore[method-assign]
        assert world.owners() == {80: (A,)}


class TestOwners:
    def test_a_new_process_that_shares_a_socket(self, world: World):
        assert world.owners() == {80: (A,)}
        world.proc.process(B, {"3": b"socket:[11]"})
        assert world.owners() == {80: (A,)}  # nothing tells that there is one
        world.proc.newest(B)
        assert world.owners() == {80: (A, B)}

    def test_where_the_newest_pid_is_not_told_all_are_listed_each_time(self, world: World):
        (world.proc.root / "loadavg").unlink()
        assert world.owners() == {80: (A,)}
        world.proc.process(B, {"3": b"socket:[11]"})
        assert world.owners() == {80: (A, B)}

    def test_new_processes_are_found_after_a_while_whatever_the_newest_pid(self, world: World):
        world.look()
        world.proc.process(B, {"3": b"socket:[11]"})
        world.now += FRESH
        assert world.owners() == {80: (A, B)}

    def test_what_a_young_process_closes_or_opens(self, world: World):
        world.look()
        world.proc.process(B, {"3": b"socket:[11]"})
        world.proc.newest(B)
        assert world.owners() == {80: (A, B)}
        world.proc.process(B, {})  # it has exec'ed
        assert world.owners() == {80: (A,)}
        world.proc.process(B, {"9": b"socket:[11]"})  # and was handed it again
        assert world.owners() == {80: (A, B)}

    def test_an_owner_that_ends_while_another_keeps_its_socket(self, world: World):
        world.proc.process(B, {"3": b"socket:[11]"})
        assert world.owners() == {80: (A, B)}
        world.proc.end(A)
        assert world.owners() == {80: (B,)}

    def test_another_process_of_that_pid(self, world: World):
        world.proc.process(B, {"3": b"socket:[11]"})
        assert world.owners() == {80: (A, B)}
        world.proc.process(A, {"0": b"/dev/null"})
        assert world.owners() == {80: (B,)}

    def test_a_socket_handed_on_by_one_that_lives_on(self, world: World):
        world.proc.process(B, {"0": b"/dev/null"})
        assert world.owners() == {80: (A,)}
        world.proc.process(A, {"0": b"/dev/null"})
        world.proc.process(B, {"0": b"/dev/null", "7": b"socket:[11]"})
        assert world.owners() == {80: (B,)}

    def test_a_socket_shared_with_an_old_process_shows_within_a_minute(self, world: World):
        world.proc.process(B, {"0": b"/dev/null"})
        assert world.owners() == {80: (A,)}
        world.proc.process(B, {"7": b"socket:[11]"})
        for _ in range(13):
            world.now += FRESH
            world.look()
        assert world.owners() == {80: (A, B)}

    def test_a_hidden_owner_stays_hidden_until_it_is_met(self, world: World):
        world.proc.tables(tcp=line(80, 11) + line(81, 12))
        assert world.owners() == {80: (A,), 81: ()}
        assert world.owners() == {80: (A,), 81: ()}
        world.proc.process(B, {"3": b"socket:[12]"})
        world.proc.newest(B)
        assert world.owners() == {80: (A,), 81: (B,)}


FORKING = """
import os, socket
from portdash.machine.sockets_system import system_sockets

source, server = system_sockets(), socket.create_server(("127.0.0.1", 0))

def looks():
    port = server.getsockname()[1]
    return [next(row.pids for row in source.sockets() if row.port == port) for _ in range(3)]

assert looks() == [(os.getpid(),)] * 3
child = os.fork()
if child == 0:
    os._exit(0 if looks() == [tuple(sorted((os.getppid(), os.getpid())))] * 3 else 1)
assert os.waitpid(child, 0)[1] == 0
assert looks() == [(os.getpid(),)] * 3
"""


class TestSystem:
    def test_a_forked_child_opens_its_own(self, monkeypatch: pytest.MonkeyPatch, world: World):
        opened = []

        def tables() -> ProcNet:
            opened.append(1)
            return ProcNet(proc=world.proc.path)

        source = SystemSockets(refuse, tables=tables, proc=world.proc.path)
        first = [source.sockets() for _ in range(3)]
        monkeypatch.setattr(sockets_system.os, "getpid", lambda: -1)
        assert [source.sockets() for _ in range(3)] == first
        assert len(opened) == 2

    def test_a_real_child_looks_for_itself_and_its_parent_goes_on(self):
        done = subprocess.run([sys.executable, "-c", FORKING], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")

    def test_several_threads(self):
        source, wrong = system_sockets(), []
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]

            def look() -> None:
                looks = ([row.pids for row in source.sockets() if row.port == port] for _ in range(50))
                wrong.extend(each for each in looks if each != [(os.getpid(),)])

            threads = [threading.Thread(target=look) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert not wrong

    def test_it_leaves_no_open_files(self):
        before = open_files(os.getpid())
        source = system_sockets()
        for _ in range(3):
            source.sockets()
        opened = open_files(os.getpid()) - before  # what tests before this one have left open may be closed meanwhile
        assert opened
        del source
        assert not open_files(os.getpid()) & opened


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


class TestThisMachine:
    def test_a_socket_appears_and_vanishes_on_the_next_call(self):
        sockets = system_sockets()

        def seen() -> bool:
            return any((row.protocol, row.address, row.port) == slot for row in sockets.sockets())

        sockets.sockets()
        with socket.create_server(("127.0.0.1", own_port())) as server:
            slot = (TCP, *server.getsockname())
            assert seen()
        assert not seen()
        with socket.create_server(("127.0.0.1", slot[2])):
            assert seen()

    def test_the_rows_are_those_of_psutil(self, server: socket.socket):
        port, again = server.getsockname()[1], system_sockets()
        for _ in range(3):
            again.sockets()
        rows = [
            [row for row in source.sockets() if row.port == port] for source in (again, full_sockets(), PsutilSockets())
        ]
        assert len(rows[0]) == 1
        assert rows[0] == rows[1]
        assert [row._replace(queue=None, uid=None) for row in rows[0]] == rows[2]  # psutil tells neither

    def test_clients_that_wait_reach_the_listener(self, tmp_path: Path, server: socket.socket):
        machine = LocalMachine(tmp_path)

        def queue() -> int | None:
            return next(each.queue for each in machine.listeners() if each.port == server.getsockname()[1])

        assert queue() == 0
        with socket.create_connection(server.getsockname()):
            assert queue() == 1
            server.accept()[0].close()
            assert queue() == 0

    def test_a_queue_or_a_count_is_no_reason_to_ask_for_processes_again(self, tmp_path: Path):
        asked: list[int] = []

        class Table(Processes):
            def process(self, pid: int) -> Process | None:
                asked.append(pid)
                return super().process(pid)

        class Rows:
            rows: tuple[Socket, ...] = (
                Socket(protocol=TCP, address="127.0.0.1", port=81, pids=(os.getpid(),), connections=0, queue=0),
                Socket(protocol=TCP, address="127.0.0.2", port=80, pids=(os.getpid(),), connections=0, queue=0),
            )

            def sockets(self) -> tuple[Socket, ...]:
                return self.rows

        source = Rows()
        machine = LocalMachine(tmp_path, sockets=source, processes=Table())
        first = machine.listeners()
        assert [each.port for each in first] == [80, 81]
        asked.clear()
        source.rows = (source.rows[0]._replace(queue=7), source.rows[1])
        second = machine.listeners()
        assert [each.queue for each in second] == [0, 7]
        assert second[0] is first[0]
        assert machine.listeners() is second
        assert asked == []
        source.rows = (source.rows[0]._replace(connections=1), source.rows[1])
        assert [each.connections for each in machine.listeners()] == [0, 1]
        assert asked == []
        source.rows = (source.rows[0]._replace(pids=(os.getpid(), os.getppid())), source.rows[1])
        assert machine.listeners()[1].pids != first[1].pids
        assert asked != []

    def test_sockets_that_are_bound_and_do_not_listen(self, server: socket.socket):
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            told = {row.port: row for row in bound_sockets() if row.address == "127.0.0.1"}
            assert server.getsockname()[1] not in told
            port = held.getsockname()[1]
            row = Socket(TCP, "127.0.0.1", port, pids=(os.getpid(),), uid=os.geteuid(), connections=0)
            assert told.get(port) == (row if tells_bound() else None)

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

    @pytest.mark.parametrize("looks", [1, 3])
    def test_a_socket_s_holder_that_ends_is_no_longer_named(self, tmp_path: Path, serve: Serve, looks: int):
        child = serve("--fork", "2")
        machine = LocalMachine(tmp_path)

        def holders() -> tuple[int, ...]:
            return next(each.pids for each in machine.listeners() if each.port == child.port)

        assert [len(holders()) for _ in range(looks)] == [3] * looks
        os.kill(child.pids[1], 9)
        while os.path.lexists(f"/proc/{child.pids[1]}/fd/0"):
            os.sched_yield()
        assert set(holders()) == {child.pid, child.pids[2]}
