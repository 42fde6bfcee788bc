"""Real servers in a project of their own; and the tests of discovery may import the servers of the tests of health."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from own_ports import own_port

import portdash
from portdash.discovery import trip

sys.path.insert(0, str(Path(__file__).parents[1] / "health"))

Serve = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def project(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git project called shop whose service `api` is asked in HTTP; it is the working directory."""
    root = home / "src" / "shop"
    (root / ".git").mkdir(parents=True)
    (root / "portdash.toml").write_text(
        "[services.api.health]\nhttp_get = '/'\ntimeout = '20s'\ninitial_delay = '1ms'\n"
    )
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def serve(project: Path) -> Iterator[Serve]:
    """Start HTTP servers: `serve(port, cwd=…)`. Each answers with its port, or 503 while `ill-PORT` is there."""
    with ExitStack() as stack:

        def start(port: int, cwd: Path = project) -> "subprocess.Popen[str]":
            script = str(Path(__file__).with_name("http_server.py"))
            arguments = [sys.executable, "-IS", script, str(port)]
            process = stack.enter_context(subprocess.Popen(arguments, cwd=cwd, stdout=subprocess.PIPE, text=True))
            stack.callback(process.kill)
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
            return process

        yield start


@pytest.fixture
def ended() -> Iterator[Callable[[int | None], None]]:
    """End processes that a test has made others start: `ended(pid)`, when it is over."""
    with ExitStack() as stack:

        def later(pid: int | None) -> None:
            assert pid is not None
            stack.callback(os.kill, pid, signal.SIGTERM)

        yield later


@pytest.fixture
def serve_api(serve: Serve) -> Callable[[], int]:
    """Give the service `api` a port, start its server there, and return the port."""

    def start() -> int:
        with closing(portdash.PortManager()) as manager:
            port = manager.allocate("api", preferred=own_port(), lease=False).port
        serve(port)
        return port

    return start


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """No connection is given up because a busy machine is late with it."""
    monkeypatch.setattr(trip, "CONNECT_LIMIT", 60.0)


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Return ports that were free a moment ago, a different one each call."""
    return own_port
