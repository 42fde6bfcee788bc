"""What `run` costs: the time before its child starts, and the memory beside it."""

import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest
from timing import program_seconds, report

pytestmark = [pytest.mark.benchmark, pytest.mark.needs_linux]

_TELL = "cat /proc/$PPID/stat; sleep 1; cat /proc/$PPID/smaps_rollup"
"""A child that tells what its portdash has used before it started it, and what it takes once it is at rest."""


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The program, installed, in a project."""
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path / "bytecode"))
    root = tmp_path / "shop"
    (root / ".git").mkdir(parents=True)
    monkeypatch.chdir(root)
    beside = Path(sys.executable).with_name("portdash")
    return str(beside) if beside.exists() else shutil.which("portdash") or pytest.skip("portdash is not installed")


def test_run(started: str):
    bare, before, private, resident = [], [], [], []
    subprocess.run([started, "run", "web", "--", "true"], check=True, capture_output=True)
    for _ in range(15):
        bare.append(program_seconds([sys.executable, "-c", "pass"]))
        said = subprocess.run(
            [started, "run", "web", "--", "sh", "-c", _TELL], check=True, capture_output=True, text=True
        ).stdout
        user, system = map(int, said.splitlines()[0].rpartition(")")[2].split()[11:13])
        before.append((user + system) / os.sysconf("SC_CLK_TCK"))
        sizes = dict(re.findall(r"^(\w+): +(\d+) kB", said, re.MULTILINE))
        private.append((int(sizes["Private_Clean"]) + int(sizes["Private_Dirty"])) / 1024)
        resident.append(int(sizes["Rss"]) / 1024)
    floor, ours = statistics.median(bare), statistics.median(before)
    report("portdash run, until its child starts, against python -c pass", ours / floor, 20, f"{ours * 1000:.0f} ms")
    own, seen = statistics.median(private), statistics.median(resident)
    told = f"{seen:.1f} MiB resident, {own:.1f} of its own"
    report("portdash run, memory beside the child, in 30 MiB", seen / 30, 1, told)


def test_a_run_sleeps_beside_its_child(started: str):
    begun = subprocess.Popen(
        [started, "run", "web", "--", sys.executable, "-m", "http.server", "{port}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert begun.stderr
        next(line for line in begun.stderr if "web is on" in line)
        time.sleep(3)  # what is done once after a start is over
        before = _wakes(begun.pid)
        time.sleep(10)
        report("portdash run, wake-ups in 10 s at rest", _wakes(begun.pid) - before, 0)
    finally:
        begun.terminate()
        begun.communicate()


def _wakes(pid: int) -> int:
    """Return how often the threads of a process have gone to sleep so far."""
    texts = (each.read_text() for each in Path(f"/proc/{pid}/task").glob("*/status"))
    return sum(int(re.findall(r"^voluntary_ctxt_switches:\s+(\d+)", text, re.MULTILINE)[0]) for text in texts)
