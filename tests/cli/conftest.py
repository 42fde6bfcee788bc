"""Running portdash as a person would, in this process or in one of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from cli_harness import FreePort, Portdash, Result, Server
from own_ports import own_port

from portdash.cli.guard import run


@pytest.fixture
def portdash(capsys: pytest.CaptureFixture[str]) -> Portdash:
    """Run a command in this process; there is no terminal."""

    def call(*arguments: str) -> Result:
        capsys.readouterr()
        code = run(list(arguments))
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return call


@pytest.fixture
def program(home: Path) -> Portdash:
    """Run a command as a process of its own, without a terminal."""

    def call(*arguments: str, cwd: Path = home, **environ: str) -> Result:
        done = subprocess.run(
            [sys.executable, "-m", "portdash", *arguments],
            cwd=cwd,
            env={**os.environ, **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture
def project(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty git project called shop, which is the working directory."""
    root = home / "src" / "shop"
    (root / ".git").mkdir(parents=True)
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def free_port() -> FreePort:
    """Return ports that were free a moment ago, below the range for outgoing connections, a different one each call."""
    return own_port


SERVER = """
import socket, sys
sock = socket.socket()
sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
sock.bind(("127.0.0.1", int(sys.argv[1])))
sock.listen()
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def server(home: Path) -> Iterator[Server]:
    """Start processes that listen on 127.0.0.1, in a directory of choice; they end with the test."""
    with ExitStack() as stack:

        def start(port: int, *arguments: str, cwd: Path = home) -> "subprocess.Popen[str]":
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", SERVER, str(port), *arguments],
                    cwd=cwd,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            stack.callback(process.kill)
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
            return process

        yield start
