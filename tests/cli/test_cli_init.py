"""`init` and `reset`: a starter set, and the way back."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE, Popen

import pexpect
import pytest
from cli_harness import Portdash
from own_ports import own_port

from portdash.manager.backups import MOST

own_ports = pytest.mark.usefixtures("_own_ports")

VITE = """
import socket, sys
with socket.create_server(("127.0.0.1", int(sys.argv[1]))):
    print("ready", flush=True)
    sys.stdin.read()
"""
"""Listens; it is known by where it lies."""
CLASSIC = ["http-server", "postgres", "mongo", "redis", "elasticsearch", "grafana", "prometheus"]


@pytest.fixture
def _own_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep away from 4000, where a developer's own server may listen; below what the system hands out."""
    first = own_port()
    monkeypatch.setenv("PORTDASH_PORT_MIN", str(first))
    monkeypatch.setenv("PORTDASH_PORT_MAX", str(first + 1500))


def ports(portdash: Portdash) -> dict[str, int]:
    return {each["name"]: each["port"] for each in portdash("status", "--json").document["services"]}


@own_ports
def test_the_classic_set_is_declared_allocated_in_order_and_exported(portdash: Portdash, project: Path):
    result = portdash("init")
    assert result.code == 0
    heading, *rows, last = result.out.splitlines()
    assert heading.split() == ["SERVICE", "PORT", "PURPOSE"]
    assert [row.split()[0] for row in rows] == CLASSIC
    given = [int(row.split()[1]) for row in rows]
    assert given == sorted(given)
    assert "Main HTTP Server" in rows[0]
    assert last.startswith("Next Available Port: ")
    assert int(last.split()[-1]) > given[-1]
    assert f"export POSTGRES_PORT={given[1]}\n" in (project / "port_exports.sh").read_text()
    assert (project / "portdash.toml").read_text().startswith("#")
    assert portdash("config", "check").code == 0


@own_ports
def test_twice_changes_nothing(portdash: Portdash, project: Path):
    first = portdash("init").out
    before = {path: path.stat().st_mtime_ns for path in project.iterdir() if path.is_file()}
    revision = portdash("status", "--json").document["store"]["revision"]
    again = portdash("init")
    assert (again.code, again.out) == (0, first)
    assert {path: path.stat().st_mtime_ns for path in project.iterdir() if path.is_file()} == before
    assert portdash("status", "--json").document["store"]["revision"] == revision


@own_ports
def test_a_tracked_file_is_refused_before_anything_is_done_though_it_is_current(portdash: Portdash, home: Path):
    project = home / "src" / "tracked"
    project.mkdir(parents=True)
    os.chdir(project)
    subprocess.run(["git", "init", "-q"], check=True)
    assert portdash("export").code == 0
    subprocess.run(["git", "add", "-f", ".env"], check=True)
    refused = portdash("init")
    assert refused.code == 6
    assert "tracked by git" in refused.err
    assert not (project / "portdash.toml").exists()
    assert ports(portdash) == {}
    assert portdash("init", "--force").code == 0
    assert len(ports(portdash)) == len(CLASSIC)
    assert portdash("init").code == 0, "nothing has to be written"


def test_a_directory_outside_any_project_becomes_one(portdash: Portdash, home: Path, monkeypatch: pytest.MonkeyPatch):
    place = home / "new"
    place.mkdir()
    monkeypatch.chdir(place)
    assert portdash("init", "--preset", "fullstack").code == 0
    document = portdash("status", "--json").document
    assert document["workspace"] == "new"
    found = ports(portdash)
    assert found["websocket"] == found["server"]


@pytest.mark.skipif(sys.platform != "linux", reason="what a process was started with is read from /proc")
def test_the_vite_that_runs_is_the_client_of_the_full_stack(portdash: Portdash, project: Path):
    vite = project / "node_modules" / ".bin" / "vite"
    vite.parent.mkdir(parents=True)
    port = own_port()
    vite.write_text(VITE)
    with Popen([sys.executable, "node_modules/.bin/vite", str(port)], cwd=project, stdin=PIPE, stdout=PIPE) as server:
        assert server.stdout
        assert server.stdout.readline() == b"ready\n"
        assert portdash("init", "--preset", "fullstack").code == 0
        server.kill()
    services = portdash("status", "--json").document["services"]
    assert [(each["port"], each["source"]) for each in services if each["name"] == "client"] == [(port, "detected")]


def test_home_is_no_project(portdash: Portdash, home: Path):
    result = portdash("init")
    assert (result.code, result.out) == (6, "")
    assert not (home / "portdash.toml").exists()


def test_what_is_declared_gets_its_ports_and_the_file_stays(portdash: Portdash, project: Path):
    text = "# mine\n[services.shop]\npurpose = 'Mine'\n[services.lmstudio]\nurl = 'http://localhost:1234'\n"
    (project / "portdash.toml").write_text(text)
    assert portdash("init").code == 0
    assert list(ports(portdash)) == ["shop"]
    result = portdash("init", "--preset", "gateway", "--json")
    assert result.code == 0
    assert list(result.document) == ["schema_version", "assignments", "next_available", "files"]
    assert len(result.document["assignments"]) == 7
    assert "portdash.toml stays as it is" in result.err
    assert "legacy-typescript" in result.err
    assert (project / "portdash.toml").read_text() == text
    bridge = next(each for each in result.document["assignments"] if each["name"] == "rust-vision-bridge")
    assert (bridge["type"], bridge["preferred"]) == ("bridge", [8084])


@own_ports
def test_a_set_that_finds_no_ports_leaves_nothing_behind(portdash: Portdash, project: Path):
    assert portdash("init", "--preset", "typescript").code == 4  # its ranges lie outside those of this test
    assert not (project / "portdash.toml").exists()  # all or nothing
    assert ports(portdash) == {}


def test_a_file_that_does_not_count_is_not_overwritten(portdash: Portdash, project: Path):
    (project / "portdash.toml").write_text("base_port = 4000\n")
    (project / "portdash.toml").chmod(0o666)
    result = portdash("init")
    assert result.code == 6
    assert "is there already" in result.err
    assert (project / "portdash.toml").read_text() == "base_port = 4000\n"


def test_nothing_is_done_where_a_file_could_not_be_written(portdash: Portdash, project: Path):
    (project / ".env").mkdir()
    result = portdash("init")
    assert result.code == 6
    assert ".env is not a file" in result.err
    assert not (project / "portdash.toml").exists()
    assert ports(portdash) == {}


def test_read_only(portdash: Portdash, project: Path):
    assert portdash("--read-only", "init").code == 6
    assert list(project.iterdir()) == [project / ".git"]
    portdash("allocate", "web")
    assert portdash("--read-only", "reset", "--yes").code == 6
    assert list(ports(portdash)) == ["web"]


@own_ports
def test_reset_gives_back_this_workspace_and_keeps_a_backup(
    portdash: Portdash, project: Path, home: Path, monkeypatch: pytest.MonkeyPatch
):
    portdash("init")
    before = ports(portdash)
    monkeypatch.chdir(home)
    portdash("allocate", "elsewhere")
    monkeypatch.chdir(project)
    refused = portdash("reset")
    assert (refused.code, refused.out) == (6, "")
    assert "--yes" in refused.err
    assert "7 ports of shop (development) will be given back" in refused.err
    assert not (home / ".local/state/portdash/backups").exists()
    result = portdash("reset", "--yes", "--json")
    assert result.code == 0
    assert result.document["applied"] is True
    backup = Path(result.document["backup"])
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    kept = json.loads(backup.read_text())
    assert kept["ports"] == before
    assert [each["spec"]["name"] for each in kept["services"]] == CLASSIC
    assert ".env" in result.err
    assert all(port is None for port in ports(portdash).values())
    assert len(portdash("status", "--all", "--json").document["services"]) == 8
    assert portdash("undo", "--yes").code == 0
    assert ports(portdash) == before


@own_ports
@pytest.mark.usefixtures("project")
def test_reset_and_init_again(portdash: Portdash):
    first = portdash("init").out
    assert portdash("reset", "--yes").code == 0
    assert portdash("init").out == first


@pytest.mark.usefixtures("project")
def test_reset_of_nothing(portdash: Portdash):
    result = portdash("reset")
    assert (result.code, result.out) == (0, "")
    assert portdash("reset", "--json").document["applied"] is False


@pytest.mark.usefixtures("project")
def test_without_a_backup_nothing_is_given_back(portdash: Portdash, home: Path):
    portdash("allocate", "web")
    (home / ".local/state/portdash/backups").write_text("in the way")
    result = portdash("reset", "--yes")
    assert result.code == 5
    assert list(ports(portdash)) == ["web"]
    assert ports(portdash)["web"]


@pytest.mark.needs_linux
@pytest.mark.parametrize(("answer", "left"), [("n", True), ("", True), ("y", False)])
@pytest.mark.usefixtures("project")
def test_reset_asks_and_no_is_the_default(portdash: Portdash, answer: str, left: bool):
    portdash("allocate", "web")
    child = pexpect.spawn(sys.executable, ["-m", "portdash", "reset"], encoding="utf-8", timeout=60, use_poll=True)
    child.expect("1 port of shop")
    child.expect(r"\[y/N\]")
    child.sendline(answer)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == (1 if left else 0)
    assert bool(ports(portdash)) is left


@own_ports
@pytest.mark.usefixtures("project")
def test_a_backup_can_be_imported(portdash: Portdash):
    portdash("init")
    before = ports(portdash)
    backup = portdash("reset", "--yes", "--json").document["backup"]
    assert not any(ports(portdash).values())
    assert portdash("store", "import", backup, "--yes").code == 0
    assert ports(portdash) == before


@pytest.mark.usefixtures("project")
def test_not_more_than_twenty_backups_are_kept(portdash: Portdash, home: Path):
    for _ in range(MOST + 2):
        portdash("allocate", "web")
        portdash("reset", "--yes")
    assert len(list((home / ".local" / "state" / "portdash" / "backups").iterdir())) == MOST
