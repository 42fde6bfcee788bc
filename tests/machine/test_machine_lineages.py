"""Processes that have not run are not read again, and all that changes is noticed all the same: real ones, and told."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from portdash.machine import lineages
from portdash.machine.fd_scan import find_holders, link_of
from portdash.machine.lineages import HOLDS, Lineages
from portdash.machine.open_stats import OpenStats
from portdash.machine.owner_search import OwnerSearch
from portdash.machine.procfs import PROC, how_much_ran

pytestmark = pytest.mark.needs_linux


class Told:
    """Processes of which the files of a directory tell; they have run when we say so."""

    def __init__(self, root: Path, *, counts: bool = True) -> None:
        self.root, self.now, self._counts = root, 100.0, counts
        self.tell("self")
        self.lineages = Lineages(OpenStats(proc=str(root)), proc=str(root), monotonic=lambda: self.now)

    def tell(self, pid: int | str, name: str = "node", *, parent: int = 1, ran: int | None = 5) -> None:
        """Write what a process is; without `ran` it has not run since."""
        place = self.root / str(pid)
        place.mkdir(exist_ok=True)
        fields = ["S", parent, 0, 0, 0, *[0] * 14, 7, *[0] * 30]
        (place / "stat").write_text(f"{pid} ({name}) {' '.join(map(str, fields))}\n")
        if ran is not None:
            (place / "schedstat").write_text(f"{ran} 2 3\n" if self._counts else "0 0 0\n")

    def end(self, pid: int) -> None:
        """Let a process be gone."""
        for each in (self.root / str(pid)).iterdir():
            each.write_text("")  # what stays open says nothing any more
            each.unlink()

    def look(self) -> dict[int, object]:
        return self.lineages.of_all((7, 8))


@pytest.fixture
def told(tmp_path: Path) -> Told:
    found = Told(tmp_path)
    found.tell(7)
    found.tell(8, parent=7)
    return found


def test_what_has_not_run_is_not_read_and_the_very_same_comes_back(told: Told):
    before = told.look()
    (told.root / "7/stat").unlink()
    assert told.look() is before
    told.tell(7, ran=6)  # and is what it was
    assert told.look() is before


def test_what_has_run_is_read(told: Told):
    before = told.look()
    told.tell(8, "sh", parent=7, ran=6)
    after = told.look()
    assert (after[7], after[8]) == (before[7], told.lineages.of(8))
    assert after[8] != before[8]


def test_whose_parent_ended_is_read_though_it_has_not_run(told: Told):
    before = told.look()
    told.end(7)
    told.tell(8, parent=1, ran=None)
    after = told.look()
    assert after[7] is None
    assert after[8] == told.lineages.of(8) != before[8]


def test_another_process_of_that_pid_is_another(told: Told):
    before = told.look()
    told.end(7)
    told.tell(7, "sh", ran=4)
    assert told.look()[7] == told.lineages.of(7) != before[7]


def test_what_is_done_to_a_process_shows_in_half_a_minute(told: Told):
    before = told.look()
    told.tell(8, "named", parent=7, ran=None)
    told.now += HOLDS - 1
    assert told.look() is before
    told.now += 1
    assert told.look()[8] == told.lineages.of(8) != before[8]


def test_a_clock_that_goes_back_has_all_read(told: Told):
    before = told.look()
    told.tell(8, "named", parent=7, ran=None)
    told.now -= 1
    assert told.look()[8] != before[8]


def test_of_very_many_each_is_asked_in_its_turn_and_who_is_new_at_once(told: Told, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lineages, "MOST", 1)
    before = told.look()
    assert None not in before.values()
    told.tell(7, "sh", ran=6)
    told.tell(8, "sh", parent=7, ran=6)
    told.look()
    assert told.look() == {pid: told.lineages.of(pid) for pid in (7, 8)} != before


def test_of_very_many_only_some_are_asked_at_a_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lineages, "MOST", 2)
    told, pids = Told(tmp_path), tuple(range(10, 15))
    for pid in pids:
        told.tell(pid)

    def ran() -> int:
        told.lineages.of_all(pids)
        return sum(told.lineages.ran(pid) == b"6 2 3\n" for pid in pids)

    assert ran() == 0
    for pid in pids:
        told.tell(pid, ran=6)
    assert [ran() for _ in range(3)] == [2, 3, 5]  # the third turn begins anew


def test_where_the_kernel_does_not_count_all_are_read(tmp_path: Path):
    told = Told(tmp_path, counts=False)
    told.tell(7)
    told.tell(8)
    before = told.look()
    told.tell(8, "sh")
    assert told.look()[8] != before[8]
    assert told.lineages.ran(8) is None


# Real processes; the clock of the table stands still, so that only what they did can show.


@contextmanager
def shell(script: str) -> Iterator[subprocess.Popen[str]]:
    """Have a shell in a session of its own, which ends with all that is in it."""
    pipe = subprocess.PIPE
    with subprocess.Popen(["sh", "-c", script], stdin=pipe, stdout=pipe, text=True, start_new_session=True) as process:
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture
def real() -> Lineages:
    if how_much_ran("self") is None:
        pytest.skip("this kernel does not count how much processes run")
    return Lineages(OpenStats(), monotonic=lambda: 0.0)


def until_other(table: Lineages, before: dict[int, object]) -> dict[int, object]:
    """Look until something is another, for ten seconds at most."""
    deadline = time.monotonic() + 10
    while (after := table.of_all(tuple(before))) == before:
        assert time.monotonic() < deadline, "never noticed"
        time.sleep(0.01)
    return after


def test_an_exec_of_the_same_program_shows(real: Lineages):
    with shell("echo; read line; exec sh -c 'echo; read line'") as process:
        assert process.stdin
        assert process.stdout
        process.stdout.readline()
        real.of_all((process.pid,))
        before = until_still(real, process.pid)
        process.stdin.write("\n")
        process.stdin.flush()
        process.stdout.readline()
        assert until_other(real, before)[process.pid] is not None


def until_still(table: Lineages, pid: int) -> dict[int, object]:
    """Look until a process sleeps."""
    deadline = time.monotonic() + 10
    while Path(f"{PROC}/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "S":
        assert time.monotonic() < deadline, "never at rest"
    return table.of_all((pid,))


def test_an_orphan_that_sleeps_shows(real: Lineages):
    with shell("sleep 60 & echo $!; wait") as process:
        assert process.stdout
        child = int(process.stdout.readline())
        until_still(real, child)
        before = real.of_all((process.pid, child))
        process.kill()
        process.wait()
        after = real.of_all((process.pid, child))
        assert after[process.pid] is None
        assert after[child] == real.of(child) != before[child]


RECEIVER = """
import os, socket, sys
place, spare = socket.socket(fileno=int(sys.argv[1])), os.open("/dev/null", os.O_RDONLY)
print(flush=True)
_, files, _, _ = socket.recv_fds(place, 1, 1)
os.dup2(files[0], spare)
os.close(files[0])
print(flush=True)
sys.stdin.read()
"""


def test_a_socket_that_takes_the_place_of_another_file_is_found_within_a_round():
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        link = link_of(os.fstat(server.fileno()).st_ino)
        with (
            ours,
            subprocess.Popen(
                [sys.executable, "-c", RECEIVER, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            ) as child,
        ):
            theirs.close()
            assert child.stdout
            child.stdout.readline()
            search = OwnerSearch(*find_holders({link}))
            for _ in range(14):  # all have been looked into once
                search.look({link}, closer=True)
            assert set(search.holders[link]) == {os.getpid()}
            socket.send_fds(ours, [b"x"], [server.fileno()])
            child.stdout.readline()
            for _ in range(14):
                search.look({link}, closer=True)
            found = set(search.holders[link])
            assert child.stdin
            child.stdin.close()
        assert found == {os.getpid(), child.pid}
