"""Who has ended: pidfds, our limit of open files, and pids that are used again."""

import os
import resource
import select
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from odd_procs import A, FakeProc

from portdash.machine import lifetimes
from portdash.machine.lifetimes import Lifetimes, room
from portdash.machine.newest import NewestPid, is_process
from portdash.machine.procfs import open_files

pytestmark = pytest.mark.needs_linux


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-I", "-S", "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate()


def dead(process: subprocess.Popen[bytes]) -> None:
    """Let it end, and stay uncollected."""
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)


class TestLifetimes:
    def test_an_end_is_told_once(self, child: subprocess.Popen[bytes]):
        watching = Lifetimes()
        assert watching.watch(child.pid)
        assert watching.watch(child.pid)
        assert watching.ended() == []
        dead(child)
        assert watching.ended() == [child.pid]
        assert watching.ended() == []
        assert child.pid not in watching

    def test_one_that_is_forgotten_is_not_told(self, child: subprocess.Popen[bytes]):
        watching = Lifetimes()
        watching.watch(child.pid)
        watching.forget(child.pid)
        watching.forget(child.pid)
        dead(child)
        assert watching.ended() == []

    def test_no_more_than_there_is_room_for(self, child: subprocess.Popen[bytes]):
        watching = Lifetimes(most=1)
        assert watching.watch(os.getpid())
        assert not watching.watch(child.pid)
        watching.forget(os.getpid())
        assert watching.watch(child.pid)

    def test_who_is_gone_cannot_be_watched(self):
        assert not Lifetimes().watch(A)

    def test_a_kernel_without_pidfds(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.delattr(os, "pidfd_open")
        assert room() == 0
        watching = Lifetimes()
        assert not watching.watch(os.getpid())
        assert watching.ended() == []

    def test_a_system_without_epoll(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.delattr(select, "epoll")
        assert room() == 0

    @pytest.mark.parametrize(("soft", "expected"), [(256, 128), (1024, 512), (10**6, 4096), (-1, 4096)])
    def test_half_of_the_files_we_may_open(self, monkeypatch: pytest.MonkeyPatch, soft: int, expected: int):
        monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, -1))
        assert room() == expected

    def test_short_of_files_it_watches_nobody_more(self, monkeypatch: pytest.MonkeyPatch):
        def full(_: int) -> int:
            raise OSError(24, "Too many open files")

        monkeypatch.setattr(lifetimes.os, "pidfd_open", full)
        assert not Lifetimes().watch(os.getpid())

    def test_nothing_stays_open(self, child: subprocess.Popen[bytes]):
        before = open_files(os.getpid())
        watching = Lifetimes()
        watching.watch(child.pid)
        watching.watch(os.getpid())
        del watching
        assert open_files(os.getpid()) == before


class TestNewest:
    def test_who_started(self, child: subprocess.Popen[bytes]):
        newest = NewestPid()
        newest.started()
        with subprocess.Popen([sys.executable, "-I", "-S", "-c", "input()"], stdin=subprocess.PIPE) as other:
            started = newest.started()
            assert started is None or other.pid in started  # None: very many others did as well
            assert started is None or child.pid not in started
            other.communicate(b"\n")

    def test_threads_are_no_processes(self):
        done = threading.Event()
        thread = threading.Thread(target=done.wait)
        thread.start()
        try:
            assert Path(f"/proc/{thread.native_id}").exists()
            assert not is_process(thread.native_id or 0)
        finally:
            done.set()
            thread.join()
        assert is_process(os.getpid())
        assert not is_process(A)

    @pytest.mark.parametrize(
        ("first", "then", "expected"),
        [(A - 1, A - 1, []), (A - 1, A, [A]), (A - 3, A + 2, [A]), (A, A - 1, None), (A, A + 65, None), (A, 0, None)],
    )
    def test_from_what_the_kernel_says(self, tmp_path: Path, first: int, then: int, expected: list[int] | None):
        proc = FakeProc(tmp_path / "proc")
        proc.process(A, {})
        proc.newest(first)
        newest = NewestPid(proc=proc.path)
        assert newest.started() is None
        proc.newest(then)
        assert newest.started() == expected


REUSE = """
import os, signal, socket, sys
from pathlib import Path
from portdash.machine.sockets_system import system_sockets

def serve(server):
    pid = os.fork()
    if pid == 0:
        if server is None:
            os.closerange(3, 100)
        signal.pause()
    return pid

source, server = system_sockets(), socket.create_server(("127.0.0.1", 0))
port = server.getsockname()[1]
pids = lambda: next(row.pids for row in source.sockets() if row.port == port)
pids()
for turn in range(int(sys.argv[1])):
    heir = serve(server)
    assert pids() == (1, heir), (turn, pids())
    if turn % 2:
        pids()
    os.kill(heir, signal.SIGKILL)
    os.waitpid(heir, 0)
    Path("/proc/sys/kernel/ns_last_pid").write_text(str(heir - 1))
    again = serve(None)
    assert again == heir
    while len(os.listdir(f"/proc/{again}/fd")) > 3:
        os.sched_yield()
    assert pids() == (1,), (turn, pids())
    os.kill(again, signal.SIGKILL)
    os.waitpid(again, 0)
"""


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="only root makes a pid namespace")
def test_a_pid_that_is_used_again_is_not_the_owner_it_was():
    spaces = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
    done = subprocess.run([*spaces, sys.executable, "-c", REUSE, "50"], capture_output=True, text=True, check=False)
    if "unshare" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert (done.returncode, done.stderr) == (0, "")
