"""A store that cannot be used, a home that cannot be written, a disk that is full: said in one line, nothing lost."""

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from cli_harness import Portdash

pytestmark = pytest.mark.usefixtures("project")

COMMANDS = [["status"], ["ls"], ["get", "web"], ["allocate", "api"], ["release", "web"], ["conflicts"], ["undo"]]


def database(home: Path) -> Path:
    (found,) = home.rglob("portdash.db")
    return found


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_damaged_store_is_not_read_as_empty(portdash: Portdash, home: Path, command: list[str]):
    portdash("allocate", "web")
    path = database(home)
    path.write_bytes(b"this is no database" * 500)
    before = path.read_bytes()
    result = portdash(*command)
    assert result.code == 5
    assert result.out == ""
    assert result.err.count("\n") == 1
    assert path.read_bytes() == before
    assert portdash(*command, "--json").document["error"]["code"].startswith("store")


def test_a_truncated_store_is_not_read_as_empty(portdash: Portdash, home: Path):
    portdash("allocate", "web")
    path = database(home)
    path.write_bytes(path.read_bytes()[:5000])
    for command in COMMANDS:
        assert portdash(*command).code == 5, command


def test_a_newer_store_is_read_and_not_written(portdash: Portdash, home: Path):
    port = portdash("allocate", "web").out
    path = database(home)
    with sqlite3.connect(path) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        connection.execute(f"PRAGMA user_version = {version + 1}")
    connection.close()
    assert portdash("allocate", "api").code == 5
    assert portdash("release", "web").code == 5
    read = portdash("get", "web")
    assert (read.code, read.out) in ((0, port), (5, ""))


def test_a_store_of_a_kind_there_is_not(portdash: Portdash):
    for url in ("postgres://localhost/x", "sqlite:relative.db", "nonsense"):
        result = portdash("--store", url, "status")
        assert result.code == 2
        assert result.err.count("\n") == 1


def test_a_password_in_the_stores_url_is_not_repeated(portdash: Portdash):
    result = portdash("--store", "redis://user:hunter2@127.0.0.1:1/0", "status")
    assert result.code in (2, 5)
    assert "hunter2" not in result.out + result.err


def as_nobody(*arguments: str, home: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run portdash as a user whom permissions bind, root or not."""
    drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    return subprocess.run(
        [*drop, sys.executable, "-m", "portdash", *arguments],
        cwd="/",
        env={**os.environ, "HOME": str(home), **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.needs_linux
def test_a_home_that_cannot_be_written():
    if os.geteuid() == 0 and (shutil.which("setpriv") is None or not _nobody_can_run()):
        pytest.skip("needs setpriv, and an interpreter that another user may run")
    home = Path("/proc/sys")  # nobody can write there, whatever the bits say
    read = as_nobody("status", home=home)
    assert read.returncode == 0
    written = as_nobody("allocate", "web", home=home)
    assert written.returncode == 5
    assert written.stdout == ""
    assert written.stderr.count("\n") == 1


def _nobody_can_run() -> bool:
    return as_nobody("--version", home=Path("/")).returncode == 0


@pytest.mark.faults
@pytest.mark.needs_linux
def test_a_disk_that_is_full(portdash: Portdash, home: Path, tmp_path: Path):
    portdash("--version")
    small = tmp_path / "small"
    small.mkdir()
    script = (
        f"mount -t tmpfs -o size=200k none {small} && mkdir -p {small}/state && export XDG_STATE_HOME={small}/state && "
        f"'{sys.executable}' -m portdash allocate web && "
        f"(cat /dev/zero > {small}/filler; true) 2>/dev/null; "
        f"for n in $(seq 1 40); do '{sys.executable}' -m portdash allocate s$n || exit $?; done"
    )
    probe = subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("this system does not let us mount a file system of our own")
    done = subprocess.run(["unshare", "-rm", "sh", "-c", script], capture_output=True, text=True, check=False, cwd=home)
    assert done.returncode == 5, done.stderr
    assert done.stderr.count("\n") == 1
    assert "portdash: error: " in done.stderr
