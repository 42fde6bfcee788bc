"""What `run` costs: the time before its child starts, and the memory beside it."""

import os
import re
import shutil
import statistics
import subprocess
import sys
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
