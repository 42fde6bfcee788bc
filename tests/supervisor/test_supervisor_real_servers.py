"""Real servers, each started by `run`, seen on its port, moved, stopped, and nothing of it left."""

import http.client
import os
import re
import shutil
import signal
import socket
from pathlib import Path

import pytest
from own_ports import own_port
from real_services import SERVICES, Service
from server_packages import node_modules, python_programs
from supervised import Run, Running
from test_supervisor_run import Command, on

from portdash.model.marks import LEASE

pytestmark = [pytest.mark.servers, pytest.mark.needs_linux]


def lease_of(pid: str | int) -> bytes | None:
    """Return the mark of a living process."""
    try:
        environ = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return None
    found = re.search(rb"(?:^|\0)" + LEASE.encode() + rb"=([0-9a-f]+)", environ)
    return found and found[1]


def of_the_run(lease: bytes) -> set[int]:
    """Return all living processes of a run, wherever they went."""
    return {int(each) for each in os.listdir("/proc") if each.isdigit() and lease_of(each) == lease}  # noqa: PTH208


def answers(port: int) -> bool:
    """Say whether HTTP is spoken on a port, on whichever address of loopback."""
    for address in ("127.0.0.1", "::1"):
        connection = http.client.HTTPConnection(address, port, timeout=30)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status in (200, 404)
        except OSError:
            continue
        finally:
            connection.close()
    return False


def is_free(port: int) -> bool:
    """Say whether a server could have a port."""
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            free.bind(("", port))
        except OSError:
            return False
        return True


def started(run: Run, project: Path, service: Service) -> tuple[Running, int, int]:
    """Run a real server as the service `web`; return its port and the pid of its first process, too."""
    for name, text in service.files.items():
        (project / name).write_text(text)
    path = [str(python_programs()), os.environ["PATH"]]
    if service.needs_node:
        if not shutil.which("npm"):
            pytest.skip("npm is not installed")
        (project / "node_modules").symlink_to(node_modules())
    running = run("web", *service.options, "--", *service.command, PATH=os.pathsep.join(path))
    return running, *on(running.until("web is on"))


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT], ids=["term", "int"])
@pytest.mark.parametrize("service", SERVICES, ids=lambda each: each.name)
def test_it_is_started_on_its_port_and_nothing_of_it_is_left(
    run: Run, project: Path, service: Service, stop: signal.Signals
):
    running, port, pid = started(run, project, service)
    assert answers(port)
    lease = lease_of(pid)
    assert lease is not None
    assert pid in of_the_run(lease)
    running.signal(stop)
    running.ends()
    assert of_the_run(lease) == set()
    assert is_free(port)


@pytest.mark.parametrize("service", SERVICES, ids=lambda each: each.name)
def test_it_makes_room_for_who_claims_its_port_aggressively(
    run: Run, command: Command, project: Path, service: Service
):
    running, port, pid = started(run, project, service)
    lease = lease_of(pid)
    assert lease is not None
    before = of_the_run(lease)
    claim = command("allocate", "other", "--preferred", str(port), "--strategy", "aggressive", cwd=project)
    assert (claim.returncode, claim.stdout) == (0, f"{port}\n"), claim.stderr
    to, moved = on(running.until_again("web is on"))
    assert to == int(command("get", "web", cwd=project).stdout)
    assert to != port
    assert answers(to)
    assert is_free(port)
    assert moved in of_the_run(lease)
    assert not before & of_the_run(lease)
    running.signal()
    running.ends()
    assert of_the_run(lease) == set()
    assert is_free(to)


def test_one_whose_command_names_its_port_stays_where_it_is_and_that_is_said(run: Run, command: Command, project: Path):
    port = own_port()
    fixed = Service(
        name="fixed", command=("python", "-m", "http.server", str(port)), options=("--preferred", str(port))
    )
    running, _, pid = started(run, project, fixed)
    claim = command("allocate", "other", "--preferred", str(port), "--strategy", "aggressive", cwd=project)
    assert claim.returncode == 6
    assert re.search(rf"web listens on {port}, expected \d+", claim.stderr), claim.stderr
    assert command("get", "web", cwd=project).stdout == f"{port}\n"
    assert command("get", "other", cwd=project).returncode == 3
    assert answers(port)
    lease = lease_of(on(running.until_again("web is on"))[1])
    assert lease is not None
    assert lease_of(pid) is None
    running.signal()
    running.ends()
    assert of_the_run(lease) == set()
    assert is_free(port)
