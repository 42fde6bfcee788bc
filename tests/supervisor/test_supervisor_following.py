"""Following a log for somebody who has read enough."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from supervised import LIMIT

pytestmark = pytest.mark.needs_linux


@pytest.mark.parametrize("names", [("web",), ("web", "api")])
def test_a_reader_that_has_seen_enough_ends_it_though_nothing_more_is_printed(
    command: Callable[..., subprocess.CompletedProcess[str]], project: Path, home: Path, names: tuple[str, ...]
):
    for name in names:
        assert command("run", name, "--", "echo", "hello", cwd=project).returncode == 0
    with subprocess.Popen(
        [sys.executable, "-m", "portdash", "logs", "-f", *names],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "HOME": str(home)},
    ) as following:
        assert following.stdout
        assert following.stderr
        try:
            for _ in names:
                assert following.stdout.readline().endswith(b"hello\n")
            following.stdout.close()
            assert following.wait(LIMIT) == 0
            assert following.stderr.read() == b""
        finally:
            following.kill()
