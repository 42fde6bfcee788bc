"""Real servers, each started by `run`, seen on its port, stopped, and nothing of it left."""

import http.client
import os
import re
import shutil
import signal
import socket
from pathlib import Path

import pytest
from real_services import SERVICES, Service
from server_packages import node_modules, python_programs
from supervised import Run

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


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT], ids=["term", "int"])
@pytest.mark.parametrize("service", SERVICES, ids=lambda each: each.name)
def test_it_is_started_on_its_port_and_nothing_of_it_is_left(
    run: Run, project: Path, service: Service, stop: signal.Signals
):
    for name, text in service.files.items():
        (project / name).write_text(text)
    path = [str(python_programs()), os.environ["PATH"]]
    if service.needs_node:
        if not shutil.which("npm"):
            pytest.skip("npm is not installed")
        (project / "node_modules").symlink_to(node_modules())
    running = run("web", *service.options, "--", *service.command, PATH=os.pathsep.join(path))
    found = re.search(r"localhost:(\d+) \(pid (\d+)\)", running.until("web is on"))
    assert found
    port, pid = int(found[1]), int(found[2])
    assert answers(port)
    lease = lease_of(pid)
    assert lease is not None
    assert pid in of_the_run(lease)
    running.signal(stop)
    running.ends()
    assert of_the_run(lease) == set()
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("", port))
