"""Stat files that stay open: of living processes, of ended ones, and of those that got the pid of one that ended."""

import contextlib
import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from portdash.machine.open_stats import FEW, OpenStats

pytestmark = pytest.mark.needs_linux


@pytest.fixture(autouse=True)
def _nothing_is_collected_meanwhile() -> Iterator[None]:
    """What tests before this one have left open is closed before it begins, and not while it counts."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def open_files() -> int:
    """Count the stat files of processes that are open."""
    found = 0
    for each in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # the one that lists the directory has gone
            found += each.readlink().name == "stat"
    return found


def test_a_process_is_read_through_one_file():
    stats, before = OpenStats(), open_files()
    assert stats.read(os.getpid())
    assert open_files() == before  # nobody said that it will be asked for again
    first = stats.read(os.getpid(), keep=True)
    assert first is not None
    assert first.startswith(b"%d (" % os.getpid())
    assert stats.read(os.getpid())
    assert open_files() == before + 1
    stats.close()
    assert open_files() == before


def test_one_that_has_ended_is_none_and_keeps_no_file():
    stats, before = OpenStats(), open_files()
    with subprocess.Popen(["sleep", "60"]) as child:
        assert stats.read(child.pid, keep=True)
        child.kill()
    assert stats.read(child.pid) is None
    assert open_files() == before


def test_no_more_are_kept_than_there_is_room_for():
    with subprocess.Popen(["sleep", "60"]) as child:
        stats, before = OpenStats(most=1), open_files()
        assert stats.read(os.getpid(), keep=True)
        assert stats.read(child.pid, keep=True)  # nobody was let go: the first has just been asked for
        assert open_files() == before + 1
        assert stats.read(child.pid, keep=True)  # now the first is the one that nobody asks for
        assert open_files() == before + 1
        assert set(stats._files) == {child.pid}
        child.kill()


def test_those_of_processes_that_nobody_asks_for_since_they_ended_are_let_go():
    stats, before = OpenStats(), open_files()
    for _ in range(60):
        with subprocess.Popen(["sleep", "60"]) as child:
            assert stats.read(child.pid, keep=True)
            child.kill()
        assert stats.read(os.getpid(), keep=True)
    assert open_files() - before <= FEW + 1
    assert os.getpid() in stats._files
    stats.close()


REUSED = """
from pathlib import Path
from pid_reuse import child, end, take
from portdash.machine.open_stats import OpenStats
def name(text):
    return lambda: Path("/proc/self/comm").write_text(text)
Path("/proc/sys/kernel/ns_last_pid").write_text("300")
stats = OpenStats()
pid = child(name("first"))
before = stats.read(pid, keep=True)
end(pid)
take(pid, name("second"))
print(b"(first)" in before, b"(second)" in stats.read(pid))
end(pid)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a namespace of pids")
def test_who_gets_the_pid_is_another():
    command = ["unshare", "--pid", "--fork", "--mount-proc", sys.executable, "-c", REUSED]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=60, check=False)
    if "unshare" in done.stderr:
        pytest.skip(done.stderr)
    assert done.stdout == "True True\n", done.stderr
