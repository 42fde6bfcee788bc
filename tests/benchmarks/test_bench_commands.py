"""What a shell script pays for asking portdash."""

import shutil
import sys
from pathlib import Path

import pytest
from timing import bare_python, command, median_ratio, report

pytestmark = pytest.mark.benchmark


@pytest.fixture
def portdash() -> str:
    beside = Path(sys.executable).with_name("portdash")
    return str(beside) if beside.exists() else shutil.which("portdash") or pytest.skip("portdash is not installed")


def test_get(portdash: str):
    command([portdash, "allocate", "web"])()
    ratio, milliseconds = median_ratio(command([portdash, "get", "web"]), bare_python())
    report("portdash get web, against python -c pass", ratio, 6, f"{milliseconds:.0f} ms")


def test_allocate(portdash: str):
    command([portdash, "allocate", "web"])()
    ratio, milliseconds = median_ratio(command([portdash, "allocate", "web"]), bare_python())
    report("portdash allocate web, kept, against python -c pass", ratio, 20, f"{milliseconds:.0f} ms")
