"""`stop` and `restart`: who is asked, and what is said where nobody can be; what they do is the supervisor's tests'."""

from pathlib import Path

import pytest
from cli_harness import FreePort, Portdash, Server, is_harmless


@pytest.mark.parametrize("command", ["stop", "restart"])
def test_a_service_that_portdash_does_not_run_is_not_asked(
    portdash: Portdash, project: Path, free_port: FreePort, server: Server, command: str
):
    port = free_port()
    portdash("alloc", "web", "--preferred", str(port))
    idle = portdash(command, "web")
    assert (idle.code, idle.out) == (6, "")
    assert "no server of it is seen" in idle.err
    server(port, cwd=project)
    running = portdash(command, "web", "--json")
    assert running.code == 6
    assert running.document["error"]["code"] == "not_supervised"
    assert running.document["error"]["hint"] == f"`portdash free {port}` ends its server"


def test_where_nothing_is_run_that_is_said(portdash: Portdash, project: Path):
    assert portdash("stop").err == "no service of this workspace is run by portdash\n"
    assert portdash("restart", "--json").document == {"schema_version": 1, "services": []}
    assert project.is_dir()


def test_names_that_are_none(portdash: Portdash):
    unknown = portdash("stop", "web\x1b[31m")
    assert unknown.code == 3
    assert is_harmless(unknown.err)
    portdash("alloc", "web")
    assert "did you mean web?" in portdash("restart", "wbe").err


def test_in_read_only_mode_nobody_is_asked(portdash: Portdash):
    portdash("alloc", "web")
    assert portdash("--read-only", "stop", "web").code == 6
