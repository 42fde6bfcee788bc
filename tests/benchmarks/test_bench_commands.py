"""What a shell script pays for asking portdash, in a project, once installed."""

import itertools
import shutil
import sys
from pathlib import Path

import pytest
from timing import against_bare_python, program_seconds, report

pytestmark = pytest.mark.benchmark


@pytest.fixture(autouse=True)
def bytecode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Let Python keep its bytecode, as an installed package has it; a checkout may be told not to."""
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path / "bytecode"))


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Stand in a project: there the store is asked for the name of its workspace, too."""
    root = tmp_path / "shop"
    (root / ".git").mkdir(parents=True)
    monkeypatch.chdir(root)


@pytest.fixture
def portdash() -> str:
    beside = Path(sys.executable).with_name("portdash")
    return str(beside) if beside.exists() else shutil.which("portdash") or pytest.skip("portdash is not installed")


def test_get(portdash: str):
    program_seconds([portdash, "allocate", "web"])
    ratio, milliseconds = against_bare_python([portdash, "get", "web"])
    report("portdash get web, against python -c pass", ratio, 4, f"{milliseconds:.0f} ms of CPU")


def test_allocate(portdash: str):
    program_seconds([portdash, "allocate", "web"])
    ratio, milliseconds = against_bare_python([portdash, "allocate", "web"])
    report("portdash allocate web, kept, against python -c pass", ratio, 6.5, f"{milliseconds:.0f} ms of CPU")


def test_allocate_new(portdash: str):
    names = (f"svc{number}" for number in itertools.count())
    ratio, milliseconds = against_bare_python(lambda: [portdash, "allocate", next(names)])
    report("portdash allocate NAME, new, against python -c pass", ratio, 7, f"{milliseconds:.0f} ms of CPU")


def test_status(portdash: str):
    program_seconds([portdash, "allocate", "web"])
    ratio, milliseconds = against_bare_python([portdash, "status"])
    report("portdash status, one service, against python -c pass", ratio, 10, f"{milliseconds:.0f} ms of CPU")
