import subprocess
import sys
from pathlib import Path

import pytest

import portdash

TESTS = """
import os

def test_the_environment():
    found = {name: os.environ.get(name) for name in ("HTTP_SERVER_PORT", "REDIS_PORT", "API_TARGET")}
    print("found", found)
"""


def run(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", *arguments, "test_it.py"]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)


@pytest.fixture
def project(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    where = home / "shop"
    where.mkdir()
    (where / "portdash.toml").write_text("")
    (where / "test_it.py").write_text(TESTS)
    monkeypatch.chdir(where)
    return where


def test_tests_find_the_ports_in_their_environment(project: Path, monkeypatch: pytest.MonkeyPatch):
    port = portdash.assign_port("http-server")
    portdash.assign_port("redis")
    monkeypatch.setenv("REDIS_PORT", "1")
    done = run(project, "-p", "portdash")
    assert done.returncode == 0, done.stdout + done.stderr
    assert str({"HTTP_SERVER_PORT": str(port), "REDIS_PORT": "1", "API_TARGET": None}) in done.stdout
    assert "'HTTP_SERVER_PORT': None" in run(project).stdout


def test_a_conftest_may_name_it_and_an_older_export_counts_for_nothing(project: Path, monkeypatch: pytest.MonkeyPatch):
    port = portdash.allocate("redis").port
    (project / "conftest.py").write_text("pytest_plugins = ['portdash']")
    monkeypatch.setenv("REDIS_PORT", "1")
    monkeypatch.setenv("PORTDASH_EXPORTED", "REDIS_PORT=1")
    assert f"'REDIS_PORT': '{port}'" in run(project).stdout


def test_what_is_wrong_with_the_store_is_one_line(project: Path, monkeypatch: pytest.MonkeyPatch):
    (project / "broken.db").write_bytes(b"nothing of a store" * 100)
    monkeypatch.setenv("PORTDASH_STORE", f"sqlite:///{project / 'broken.db'}")
    done = run(project, "-p", "portdash")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "ERROR: portdash: the store" in done.stderr
    assert "Traceback" not in done.stderr
