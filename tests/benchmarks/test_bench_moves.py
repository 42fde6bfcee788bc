"""How long a service is away while it is moved, beyond what its own end and start take."""

import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest
from own_ports import own_base
from timing import report

from portdash.config.settings import Flags
from portdash.manager.opening import open_deps
from portdash.manager.requests import ask
from portdash.model.requests import RequestKind

pytestmark = [pytest.mark.benchmark, pytest.mark.needs_linux]

SERVER = Path(__file__).parents[1] / "supervisor" / "supervised_server.py"
ROUNDS = 15


def test_a_move(home: Path):
    root = home / "shop"
    (root / ".git").mkdir(parents=True)
    (home / ".config/portdash").mkdir(parents=True)
    (home / ".config/portdash/config.toml").write_text(f"base_port = {own_base()}\n")
    log = home / "err"
    with log.open("wb") as err:
        run = subprocess.Popen(
            [sys.executable, "-m", "portdash", "run", "web", "--", sys.executable, str(SERVER)],
            cwd=root, env={**os.environ, "HOME": str(home)}, stdin=subprocess.DEVNULL, stdout=err, stderr=err,
        )  # fmt: skip
    deps = open_deps(flags=Flags(), cwd=root, environ={"HOME": str(home)}, home=home, actor="test")
    try:
        port = int(said(log, run, r"localhost:(\d+) \(pid"))
        took = []
        for number in range(ROUNDS):
            begun = time.perf_counter()
            reply = ask(deps, deps.place.key("web"), RequestKind.MOVE, port=port + 1 + number)
            assert reply.ok, reply.answer
            took.append(time.perf_counter() - begun)
    finally:
        deps.close()
        run.terminate()
        run.wait(30)
    start = statistics.median(bare_start(port + 1 + ROUNDS) for _ in range(ROUNDS))
    median = statistics.median(took)
    report("a move, asked to answered, against the bare start of its server", median / start, 20, f"{median:.2f} s")


def bare_start(port: int) -> float:
    """Return how long the server takes to say that it listens, by itself."""
    begun = time.perf_counter()
    environ = {**os.environ, "PORT": str(port)}
    with subprocess.Popen([sys.executable, str(SERVER)], env=environ, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        server.stdout.readline()
        took = time.perf_counter() - begun
        server.kill()
    return took


def said(log: Path, run: subprocess.Popen[bytes], pattern: str) -> str:
    """Wait until something was said, and return what the pattern's group found."""
    end = time.monotonic() + 30
    while time.monotonic() < end and run.poll() is None:
        if found := re.search(pattern, log.read_text()):
            return found[1]
        time.sleep(0.02)
    raise AssertionError(log.read_text())
