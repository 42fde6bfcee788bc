"""No port is lost between its choice and the server's own bind, however few there are for all."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.needs_linux, pytest.mark.faults]

WORKER = Path(__file__).with_name("narrow_range.py")
SCALE = int(os.environ.get("PORTDASH_TEST_SCALE", "1"))


def lost(starts: int, how: str) -> int:
    command = ["unshare", "-rn", sys.executable, str(WORKER), str(starts), how]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_a_port_that_is_kept_is_never_lost_and_one_that_is_not_is():
    if not shutil.which("unshare") or subprocess.run(["unshare", "-rn", "true"], check=False).returncode:
        pytest.skip("no network namespace can be made")
    starts = 50 * SCALE
    assert lost(starts, "held") == 0
    assert any(lost(starts, "bare") for _ in range(10)), "a few of each hundred are lost where nobody keeps the port"
