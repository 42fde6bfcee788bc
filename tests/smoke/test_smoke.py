"""The few that prove an installed portdash works: run in a plain environment against the built wheel."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pexpect
import pyte
import pytest

pytestmark = pytest.mark.smoke

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def program() -> str:
    beside = Path(sys.executable).with_name("portdash")
    found = str(beside) if beside.exists() else shutil.which("portdash")
    assert found, "portdash is not installed in this environment"
    return found


@pytest.fixture
def run(program: str) -> Run:
    def run(*arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [program, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
        )
        assert done.returncode == code, done.stderr
        return done

    return run


def test_the_scripts_of_the_redis_store_are_installed():
    from portdash.store.redis.scripts import script  # noqa: PLC0415  that it can be imported is the test

    assert all(len(script(name).text) > 1000 for name in ("apply", "snapshot", "history", "heartbeat"))


def test_version_by_both_ways_in(run: Run):
    version = run("--version").stdout
    module = subprocess.run([sys.executable, "-m", "portdash", "--version"], capture_output=True, text=True, check=True)
    assert module.stdout == version
    assert re.search(r"\d+\.\d+\.\d+", version)


def test_a_port_is_allocated_found_again_and_given_back(run: Run):
    port = int(run("allocate", "web").stdout)
    assert run("get", "web").stdout == f"{port}\n"
    assert run("allocate", "web").stdout == f"{port}\n"
    document = json.loads(run("status", "--json").stdout)
    assert next(iter(document)) == "schema_version"
    assert [(each["name"], each["port"]) for each in document["services"]] == [("web", port)]
    run("release", "web")
    assert run("get", "web", code=3).stdout == ""


def test_a_starter_set_is_part_of_what_is_installed(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch):
    (home / "shop").mkdir()
    monkeypatch.chdir(home / "shop")
    assert len(run("init").stdout.splitlines()) == 9
    assert "POSTGRES_PORT" in run("export", "--format", "sh").stdout
    (home / "shop" / "compose.yaml").write_text('services: {postgres: {ports: ["${POSTGRES_PORT}:5432"]}}')
    run("compose", "check")


def test_a_listener_is_seen(run: Run):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        listeners = json.loads(run("ls", str(port), "--json").stdout)["listeners"]
        assert [(each["port"], each["pid"]) for each in listeners] == [(port, os.getpid())]
        assert run("check", str(port), code=1)
    assert run("check", str(port))


def test_without_a_terminal_it_says_what_to_do_instead(run: Run):
    done = run(code=2)
    assert "portdash status" in done.stderr
    assert done.stdout == ""


@pytest.mark.needs_linux
def test_the_dashboard_opens_in_a_terminal_and_gives_it_back(program: str):
    screen = pyte.Screen(120, 40)
    stream = pyte.ByteStream(screen)
    environ = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    del environ["COLUMNS"]  # the terminal itself says how wide it is
    child = pexpect.spawn(program, ["--demo"], dimensions=(40, 120), timeout=60, env=environ, use_poll=True)

    def wait_for(text: str) -> None:
        until = time.monotonic() + 60
        while text not in "\n".join(screen.display):
            assert time.monotonic() < until, "\n".join(screen.display)
            stream.feed(child.read_nonblocking(65536, timeout=60))

    try:
        wait_for("q Quit")
        wait_for("squatted")
        child.send("q")
        child.expect(pexpect.EOF)
        assert b"\x1b[?1049l" in child.before, "the alternate screen was not left"
        child.wait()
        assert child.exitstatus == 0
    finally:
        child.close(force=True)
