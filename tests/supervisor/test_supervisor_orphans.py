"""What is left when a portdash that supervises is killed, and its end."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from supervised import Run

from portdash.errors import Refused
from portdash.machine.local import LocalMachine
from portdash.machine.orphans import orphans
from portdash.model.marks import LEASE
from portdash.model.orphan import Orphan

pytestmark = pytest.mark.needs_linux

SERVER = (sys.executable, str(Path(__file__).with_name("supervised_server.py")))
Command = Callable[..., subprocess.CompletedProcess[str]]
TOKEN = "0123456789abcdef" * 2


@pytest.mark.faults
def test_what_a_killed_run_leaves_is_listed_and_ended_after_a_yes(run: Run, command: Command, project: Path):
    living = run("api", "--", *SERVER)
    running = run("web", "--", "sh", "-c", f"setsid {' '.join(SERVER)} mute & exec {' '.join(SERVER)}")
    found = re.search(r"localhost:(\d+) \(pid (\d+)\)", running.until("web is on"))
    assert found
    port, pid = int(found[1]), int(found[2])
    living.until("api is on")
    running.signal(signal.SIGKILL)
    running.ends()
    listed = command("prune", "--dry-run", "--json", cwd=project)
    (orphan,) = json.loads(listed.stdout)["orphans"]
    assert (orphan["service"], orphan["workspace"], orphan["ports"]) == ("web", "shop", [port])
    assert orphan["processes"][0]["pid"] == pid
    assert len(orphan["processes"]) == 2
    assert command("prune", cwd=project).returncode == 6  # nobody there to ask
    done = command("prune", "--yes", cwd=project)
    assert done.returncode == 0, done.stderr
    assert "ended after" in done.stdout
    assert command("check", str(port), cwd=project).returncode == 0
    assert command("prune", "--dry-run", cwd=project).stdout == ""
    assert living.process.poll() is None


@pytest.fixture
def orphan(tmp_path: Path) -> Iterator[Orphan]:
    """A process of our own with the mark of a run."""
    with subprocess.Popen(
        [sys.executable, "-c", "print('up', flush=True); input()"],
        env={**os.environ, LEASE: TOKEN}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout
        process.stdout.readline()
        (found,) = LocalMachine(tmp_path).orphans({TOKEN})
        assert [each.pid for each in found.processes] == [process.pid]
        yield found
        with suppress(ProcessLookupError):
            process.kill()


def test_only_the_runs_that_are_known_to_have_ended_count(orphan: Orphan, tmp_path: Path):
    assert orphan.service == "a service"
    assert LocalMachine(tmp_path).orphans({"f" * 32, TOKEN[:-1]}) == ()


def test_another_process_than_was_shown_is_not_ended(orphan: Orphan, tmp_path: Path):
    machine = LocalMachine(tmp_path)
    (shown,) = orphan.processes
    other = replace(orphan, processes=(replace(shown, ticks=shown.ticks + 1),))
    for wrong in (other, replace(orphan, token="f" * 32)):
        with pytest.raises(Refused, match="any more"):
            machine.end_orphan(wrong, grace=5)
    assert machine.process(shown.pid)
    assert "ended after" in machine.end_orphan(orphan, grace=5)


def test_we_never_count_ourselves(tmp_path: Path):
    around = replace(LocalMachine(tmp_path)._surroundings(), variables=lambda *_: {LEASE: TOKEN})
    assert orphans(around, {TOKEN}) == ()
