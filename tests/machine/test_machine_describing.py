"""What is kept of listeners from look to look, and what makes it be found out anew: real processes, and a table."""

import os
import subprocess
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from portdash.machine import processes
from portdash.machine.describing import Describer
from portdash.machine.local import LocalMachine
from portdash.machine.origins import Origins
from portdash.machine.processes import Setting
from portdash.model.listener import Listener, Process
from portdash.model.ports import IpProtocol
from portdash.model.project import Project
from portdash.model.sockets import Socket

TCP = IpProtocol.TCP


class Table:
    """Processes that change when told to."""

    def __init__(self, *found: Process) -> None:
        self.found = {each.pid: each for each in found}
        self.lives: dict[int, int] = {each.pid: 1 for each in found}
        self.asked: list[int] = []
        self.surrounded: list[int] = []
        self.around = Setting()
        self.runs: dict[int, int] = {}

    def process(self, pid: int) -> Process | None:
        self.asked.append(pid)
        return self.found.get(pid)

    def lineage(self, pid: int) -> object:
        return self.lives.get(pid)

    def lineages(self, pids: Collection[int]) -> dict[int, object]:
        return {pid: self.lineage(pid) for pid in pids}

    def ran(self, pid: int) -> object:
        return self.runs.get(pid)

    def as_now(self, process: Process) -> Process | None:
        return self.process(process.pid)

    def setting(self, pid: int) -> Setting:
        self.surrounded.append(pid)
        return self.around

    def change(self, process: Process) -> None:
        self.found[process.pid] = process
        self.lives[process.pid] = self.lives.get(process.pid, 0) + 1


class Looking:
    """A describer with a clock, and two servers of two owners, one of which has a parent."""

    def __init__(self) -> None:
        self.now = 100.0
        self.projects: dict[str, Project] = {}
        shell, server = Process(pid=10, name="sh", parent=1), Process(pid=20, name="node", parent=10, cwd="/a")
        self.table = Table(Process(pid=1, name="init"), shell, server, Process(pid=30, name="redis"))
        self.rows: tuple[Socket, ...] = (row(2, 20), row(1, 20), row(3, 30))
        origins = Origins(self.table, "me")
        self._describer = Describer(self.table, origins, self.projects.get, monotonic=lambda: self.now)

    def look(self, *, later: float = 0) -> tuple[Listener, ...]:
        self.now += later
        self.table.asked.clear()
        self.table.surrounded.clear()
        return self._describer.listeners(self.rows)


def row(port: int, *pids: int) -> Socket:
    return Socket(TCP, "127.0.0.1", port, pids)


def test_only_what_is_new_is_found_out():
    looking = Looking()
    first = looking.look()
    assert [each.port for each in first] == [1, 2, 3]
    looking.rows = (row(9, 30), *looking.rows[:2])
    second = looking.look()
    assert [each.port for each in second] == [1, 2, 9]
    assert second[:2] == first[:2]
    assert all(new is old for new, old in zip(second[:2], first[:2], strict=True))
    assert looking.table.asked == []


def test_only_whose_process_changed_is_found_out():
    looking = Looking()
    first = looking.look()
    looking.table.change(Process(pid=30, name="valkey"))
    second = looking.look()
    assert second[2].owner == Process(pid=30, name="valkey")
    assert all(new is old for new, old in zip(second[:2], first[:2], strict=True))
    assert looking.table.asked == [30]


def test_another_parent_shows_at_once():
    looking = Looking()
    assert [each.pid for each in looking.look()[0].ancestors] == [10, 1]
    looking.table.change(Process(pid=20, name="node", parent=1, cwd="/a"))
    assert [[above.pid for above in each.ancestors] for each in looking.look()] == [[1], [1], []]


def test_what_was_gone_and_is_there_shows_at_once():
    looking = Looking()
    looking.rows = (row(4, 40),)
    assert looking.look()[0].owner is None
    looking.table.change(Process(pid=40, name="node"))
    assert looking.look()[0].owner == Process(pid=40, name="node")
    del looking.table.lives[40], looking.table.found[40]
    assert looking.look()[0].owner is None


def test_a_place_is_read_anew_after_some_seconds_and_the_origin_much_later():
    looking = Looking()
    first = looking.look()
    looking.table.found[20] = Process(pid=20, name="node", parent=10, cwd="/b")
    looking.projects["/b"] = Project(root="/b", name="b")
    looking.rows = (*looking.rows,)
    assert looking.look(later=3)[0].owner.cwd == "/a"
    looking.rows = (*looking.rows,)
    second = looking.look(later=2)
    assert (second[0].owner.cwd, second[0].project) == ("/b", looking.projects["/b"])
    assert second[2] is first[2]
    assert looking.table.surrounded == []
    looking.rows = (*looking.rows,)
    third = looking.look(later=30)
    assert sorted(looking.table.surrounded) == [20, 30]
    assert third is second  # equal, so it is the same


def test_the_directory_of_what_has_not_run_holds_and_its_project_does_not():
    looking = Looking()
    looking.table.runs[20] = 1
    looking.look()

    def later(seconds: float) -> Listener:
        looking.rows = (*looking.rows,)
        return looking.look(later=seconds)[0]

    later(5)  # here it is told how much it had run
    looking.table.found[20] = Process(pid=20, name="node", parent=10, cwd="/b")
    assert later(5).owner.cwd == "/a"
    looking.table.runs[20] = 2
    assert later(5).owner.cwd == "/b"
    looking.projects["/b"] = Project(root="/b", name="b")
    assert later(5).project == looking.projects["/b"]
    looking.table.found[20] = Process(pid=20, name="node", parent=10, cwd="/moved")
    assert later(5).owner.cwd == "/b"
    assert later(26).owner.cwd == "/moved"


def test_an_origin_that_was_found_twice_is_found_anew_when_the_surroundings_are_others():
    looking = Looking()

    def much_later() -> tuple[Listener, ...]:
        looking.rows = (*looking.rows,)
        return looking.look(later=31)

    first = looking.look()
    assert much_later() is first
    assert sorted(looking.table.asked) == [1, 10, 20, 30]
    for _ in range(2):
        assert much_later() is first
        assert sorted(looking.table.asked) == sorted(looking.table.surrounded) == [20, 30]
    looking.table.around = Setting(cgroup="/system.slice/node.service")
    assert [each.unit for each in much_later()] == ["node.service"] * 3
    assert sorted(looking.table.asked) == [1, 10, 20, 30]
    looking.table.change(Process(pid=10, name="sh", parent=1))
    looking.look()
    looking.table.asked.clear()
    much_later()
    assert {1, 10, 20} <= set(looking.table.asked)  # of others it has to be found twice again


def test_an_origin_in_tmux_is_found_anew_each_time(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Origins, "_panes", Nowhere())
    looking = Looking()
    looking.table.change(Process(pid=10, name="tmux: server", parent=1))
    assert looking.look()[0].via == "tmux"
    for _ in range(3):
        looking.rows = (*looking.rows,)
        looking.look(later=31)
        assert {10, 20} <= set(looking.table.asked)


class Nowhere:
    """Panes of which none is found."""

    def place(self, owner: Process, chain: Sequence[Process]) -> str | None:  # noqa: ARG002
        return None


EXECS = """
import os, socket, sys
server = socket.create_server(("127.0.0.1", 0))
server.set_inheritable(True)
print(server.getsockname()[1], flush=True)
sys.stdin.readline()
os.chdir(sys.argv[2])
os.execv(sys.executable, [sys.executable, "-c", "import sys; print(1, flush=True); sys.stdin.readline()", "second"])
"""
FORKS = """
import os, socket, sys
server = socket.create_server(("127.0.0.1", 0))
reader, writer = os.pipe()
if os.fork():
    server.close()
    os.write(writer, b".")
    os.read(0, 1)
    os._exit(0)
os.read(reader, 1)  # until then its parent has the socket, too
print(server.getsockname()[1], os.getpid(), flush=True)
server.accept()
"""


@contextmanager
def started(code: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run a program until the end of the block."""
    command = [sys.executable, "-c", code, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        try:
            yield child
        finally:
            child.kill()


def at(port: int, machine: LocalMachine) -> Listener:
    return next(each for each in machine.listeners() if each.port == port)


@pytest.mark.needs_linux
class TestRealProcesses:
    def test_an_exec_of_the_same_program_shows_at_the_next_look(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(processes, "_SETTLED", 0.0)  # as one that has run for long
        machine = LocalMachine(tmp_path)
        with started(EXECS, "first", str(tmp_path)) as child:
            port = int(child.stdout.readline())
            before = at(port, machine).owner
            assert before.command[-2:] == ("first", str(tmp_path)[:256])
            child.stdin.write("\n")
            child.stdin.flush()
            child.stdout.readline()
            after = at(port, machine).owner
            assert after.command[-1] == "second"
            assert (after.pid, after.ticks, after.name) == (before.pid, before.ticks, before.name)
            assert after.cwd == str(tmp_path)

    def test_one_whose_parent_ends_has_another_at_the_next_look(self, tmp_path: Path):
        machine = LocalMachine(tmp_path)
        with started(FORKS) as parent:
            port, pid = map(int, parent.stdout.readline().split())
            try:
                found = at(port, machine)
                assert (found.pid, found.ancestors[0].pid) == (pid, parent.pid)
                parent.kill()
                parent.wait()
                found = at(port, machine)
                assert (found.pid, found.ancestors[0].pid) == (pid, os_parent(pid))
            finally:
                os.kill(pid, 9)


def os_parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
