"""What goes wrong while a service is started, and what is left of it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from supervised import LIMIT, Run

pytestmark = pytest.mark.needs_linux

SERVER = (sys.executable, str(Path(__file__).with_name("supervised_server.py")))
Command = Callable[..., subprocess.CompletedProcess[str]]


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def ports(command: Command, project: Path) -> dict[str, int | None]:
    services = json.loads(command("status", "--json", cwd=project).stdout)["services"]
    return {each["name"]: each["port"] for each in services}


def logged(home: Path) -> Path:
    return home / ".local/state/portdash/logs/shop/development/web.log"


def test_the_port_of_its_debugger_is_not_the_services_own(run: Run, home: Path):
    line = "echo 'Starting inspector on 127.0.0.1:9229 failed: address already in use' >&2; exit 12"
    running = run("web", "--", "sh", "-c", line)
    assert running.ends() == 12
    assert logged(home).read_text().count("inspector") == 1


@pytest.mark.faults
def test_what_cannot_bind_for_another_reason_is_tried_once_more_and_keeps_its_port(
    run: Run, command: Command, project: Path, home: Path
):
    port = int(command("allocate", "web", cwd=project).stdout)
    running = run("web", "--", "sh", "-c", "echo 'OSError: [Errno 98] Address already in use' >&2; exit 1")
    assert running.ends() == 1
    assert running.err.count("started again without that") == 1
    assert "the next port is tried" not in running.err
    assert ports(command, project) == {"web": port}
    assert not logged(home).with_suffix(".nohold").exists()


def test_what_could_never_be_started_has_no_port_afterwards_unless_it_had_one(
    run: Run, command: Command, project: Path
):
    script = project / "serve"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    running = run("web", "--", "./serve")
    assert running.ends() == 126
    assert "serve cannot be started" in running.err
    assert ports(command, project) == {}
    port = int(command("allocate", "web", cwd=project).stdout)
    assert run("web", "--", "./serve").ends() == 126
    assert ports(command, project) == {"web": port}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_before_it_listens_ends_what_was_to_run_in_the_background(
    launch: Run, home: Path, number: signal.Signals
):
    running = launch("run", "-d", "web", "--", *SERVER, "mute", str(home))
    until(lambda: logged(home).exists() and "mute" in logged(home).read_text())
    running.signal(number)
    assert running.ends() == 128 + number
    assert not any(os.fsencode(home) in line for line in command_lines())


def command_lines() -> list[bytes]:
    """Return those of all processes, of other tests as well."""
    found = []
    for each in Path("/proc").iterdir():
        if each.name.isdigit():
            try:
                found.append((each / "cmdline").read_bytes())
            except OSError:
                continue
    return found


@pytest.mark.faults
def test_what_a_child_leaves_behind_is_collected_while_it_runs(run: Run, tmp_path: Path):
    pids = tmp_path / "pids"
    script = f"for each in 1 2 3; do (setsid sh -c 'echo $$ >> {pids}; exec true' &); done; exec sleep 600"
    running = run("web", "--", "sh", "-c", script)
    until(lambda: pids.exists() and len(pids.read_text().split()) == 3)
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids.read_text().split()))
    assert running.process.poll() is None
    os.kill(running.process.pid, signal.SIGTERM)
    assert running.ends() == 128 + signal.SIGTERM


def test_one_that_forks_into_the_background_leaves_nobody_on_its_port(run: Run, home: Path):
    running = run("web", "--", *SERVER, "twice", str(home))
    running.until("had left its port to another process of its own")
    assert running.ends() == 0
    assert not any(os.fsencode(home) in line for line in command_lines())


@pytest.mark.faults
def test_what_it_started_beside_its_server_is_named_and_left_alone(run: Run, tmp_path: Path):
    pid = tmp_path / "pid"
    script = f"(setsid sh -c 'echo $$ > {pid}; exec sleep 60' &); until [ -s {pid} ]; do :; done; exit 4"
    running = run("web", "--", "sh", "-c", script)
    assert running.ends() == 4
    assert f"left running, though web started it: sleep {pid.read_text().strip()}" in running.err
    os.kill(int(pid.read_text()), signal.SIGKILL)
