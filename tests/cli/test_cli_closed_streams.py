"""A caller may close the standard streams: then a file of ours must not come to stand in their place."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cli_harness import Portdash, Result

pytestmark = pytest.mark.needs_linux


def run(home: Path, closed: str, *arguments: str) -> Result:
    """Run portdash from a shell that closes streams, such as `>&-`."""
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" -m portdash "$@" {closed}', sys.executable, *arguments],
        cwd=home,
        env={**os.environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)


def test_nothing_is_given_out_that_nobody_can_read(portdash: Portdash, home: Path):
    result = run(home, ">&-", "allocate", "web")
    assert result.code == 2
    assert result.err == ("portdash: error: standard output is closed (send it to /dev/null if nobody wants it)\n")
    assert portdash("get", "web").code == 3


def test_without_a_standard_input_there_is_nobody_to_ask(portdash: Portdash, home: Path):
    portdash("allocate", "web")
    result = run(home, "<&-", "reset")
    assert result.code == 6
    assert "there is no terminal to ask at" in result.err
    assert portdash("get", "web").code == 0


def test_without_a_standard_error_the_exit_code_still_tells(portdash: Portdash, home: Path):
    port = portdash("allocate", "web").out
    assert run(home, "2>&-", "get", "web") == Result(0, port, "")
    assert run(home, "2>&-", "get", "nobody").code == 3
    assert run(home, "<&- >&- 2>&-", "get", "web").code == 2
