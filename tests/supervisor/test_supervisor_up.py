"""`portdash up` and `run --replicas`, with real processes on real sockets."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from supervised import Declare, Run, Running

pytestmark = pytest.mark.needs_linux

SERVER = [sys.executable, str(Path(__file__).with_name("supervised_server.py"))]
Command = Callable[..., subprocess.CompletedProcess[str]]


def service(name: str, *lines: str, words: tuple[str, ...] = ()) -> str:
    return "\n".join((f"[services.{name}]", f"command = {json.dumps([*SERVER, *words])}", *lines, ""))


def port_of(running: Running, name: str) -> int:
    found = re.search(r"localhost:(\d+)", running.until(f"{name} is on"))
    assert found
    return int(found[1])


def is_served(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=30):
        return True
    return False


def runs_left(root: Path) -> list[str]:
    """Return the command lines of what runs in the project."""
    found = []
    for each in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if each.name.isdigit() and (each / "cwd").readlink() == root:
                found.append((each / "cmdline").read_text())
    return found


def test_each_is_started_behind_what_it_depends_on_and_ended_before_it(launch: Run, declare: Declare, project: Path):
    declare(
        service("web", 'depends_on = ["api"]')
        + service("api", 'depends_on = ["db"]')
        + service("db", "health = { tcp = true }")
    )
    up = launch("up")
    ports = [port_of(up, name) for name in ("web", "api", "db")]
    assert all(map(is_served, ports))
    told = up.err
    assert told.index("db is on") < told.index("api is on") < told.index("web is on")
    assert re.search(r"^db  \| serving", up.out, re.MULTILINE)
    assert "\x1b" not in up.out + told
    up.signal(signal.SIGINT)
    assert up.ends() == 128 + signal.SIGINT
    ended = up.err[len(told) :]
    assert ended.index("web | KeyboardInterrupt") < ended.index("api | Keyb") < ended.index("db  | Keyb")
    assert not runs_left(project)


@pytest.mark.faults
def test_where_one_does_not_start_all_are_ended(launch: Run, declare: Declare, project: Path):
    declare(
        service("web", 'depends_on = ["api"]')
        + '[services.api]\ncommand = ["sh", "-c", "exit 3"]\ndepends_on = ["db"]\n'
        + service("db")
    )
    up = launch("up", "web")
    assert up.ends() == 1
    (line,) = (line for line in up.err.splitlines() if "error" in line)
    assert line == "portdash: error: api did not start: it ended with status 3; all are ended"
    assert "web |" not in up.out
    assert not runs_left(project)


def test_in_the_background_one_that_does_not_start_is_said_once(launch: Run, declare: Declare):
    declare('[services.api]\ncommand = ["sh", "-c", "exit 3"]\n')
    running = launch("up", "-d")
    assert running.ends() == 1
    assert running.err == "portdash: error: api did not start: it ended with status 3\n"


def test_in_the_background_they_run_on_and_are_left_alone_the_next_time(
    command: Command, declare: Declare, project: Path
):
    declare(service("web", 'depends_on = ["api"]', "replicas = 2") + service("api"))
    done = command("up", "-d", cwd=project)
    assert done.returncode == 0, done.stderr
    ports = dict(line.split() for line in done.stdout.splitlines())
    assert list(ports) == ["api", "web", "web@2"]
    assert all(is_served(int(port)) for port in ports.values())
    again = command("up", "-d", cwd=project)
    assert (again.returncode, again.stdout) == (0, "")
    assert again.stderr.count("it is left alone") == 3
    for each in json.loads(command("status", "--json", cwd=project).stdout)["services"]:
        (listener,) = each["listeners"]
        os.kill(listener["pid"], signal.SIGTERM)
    while runs_left(project):
        assert command("get", "web", cwd=project).returncode == 0


@pytest.mark.faults
def test_two_ctrl_c_end_what_does_not_listen_to_one(launch: Run, declare: Declare, project: Path):
    declare('[services.web]\ncommand = ["sh", "-c", "trap : INT TERM; echo deaf; while :; do sleep 1; done"]\n')
    up = launch("up")
    up.until("web | deaf")
    up.signal(signal.SIGINT)
    up.until("all are ended")
    up.signal(signal.SIGINT)
    assert up.ends() == 128 + signal.SIGINT
    assert not runs_left(project)


def test_nothing_of_a_strangers_file_is_started(command: Command, project: Path):
    (project / "portdash.toml").write_text(service("web"))
    done = command("up", cwd=project)
    assert done.returncode == 2
    assert "portdash trust" in done.stderr
    assert json.loads(command("status", "--json", cwd=project).stdout)["services"][0]["port"] is None


def test_what_cannot_be_brought_up_is_said_in_a_line(command: Command, declare: Declare, project: Path):
    declare("[services.db]\n" + service("web"))
    for arguments, code, words in (
        (("wbe",), 3, "did you mean web?"),
        (("db",), 2, "db has no command"),
        (("elsewhere/web",), 2, "another workspace"),
    ):
        done = command("up", *arguments, cwd=project)
        assert done.returncode == code
        assert words in done.stderr.splitlines()[-1]
    declare("[services.db]\n")
    assert "no service has a command" in command("up", cwd=project).stderr


@pytest.mark.faults
def test_several_instances_are_started_together_and_end_together(launch: Run, project: Path):
    running = launch("run", "web", "--replicas", "3", "--", *SERVER)
    ports = [port_of(running, name) for name in ("web", "web@2", "web@3")]
    assert len(set(ports)) == 3
    assert all(map(is_served, ports))
    running.signal()
    assert running.ends() == 128 + signal.SIGTERM
    assert not runs_left(project)


def test_instances_of_what_is_no_command_take_no_port(command: Command, project: Path):
    done = command("run", "web", "--replicas", "2", "--", "no-such-command", cwd=project)
    assert done.returncode == 127
    assert command("run", "web@2", "--replicas", "2", "--", "true", cwd=project).returncode == 2
    assert json.loads(command("status", "--json", cwd=project).stdout)["services"] == []
