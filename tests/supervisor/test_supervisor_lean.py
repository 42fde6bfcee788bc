"""What a `run` that waits beside its child has loaded."""

import os
import subprocess
import sys
from pathlib import Path

_USES = """
import sys
from portdash.supervisor.lean import load_asyncio
load_asyncio()
import asyncio
print("ssl" in sys.modules, asyncio.run(asyncio.sleep(0, "runs")))
import ssl
print(ssl.create_default_context().check_hostname)
"""


def test_asyncio_runs_without_tls_and_who_needs_it_still_has_it():
    done = subprocess.run([sys.executable, "-c", _USES], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "runs", "True"]


def test_a_run_loads_no_tls(home: Path, project: Path):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "portdash", "run", "web", "--", sys.executable, "-c", "pass"],
        cwd=project, env={**os.environ, "HOME": str(home)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert {"asyncio", "portdash.supervisor.supervise"} <= loaded
    assert "_ssl" not in loaded  # `ssl` was looked for, and not to be had
