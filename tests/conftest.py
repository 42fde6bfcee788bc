"""What every test gets: an empty home of its own, and none of the developer's settings."""

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import docker_engine as engines
import pytest
import redis_server as servers
from hypothesis import HealthCheck, settings
from redis_server import RedisServer

settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")  # how long an example takes says more of the machine than of us
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # we were begun in the background of a script
    signal.signal(signal.SIGINT, signal.default_int_handler)
_KEPT_OUT = ("PORTDASH_", "XDG_", "TEXTUAL_", "NO_COLOR", "FORCE_COLOR", "TMUX", "SSH_", "ENV", "PORT", "DOCKER_")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home directory; configuration, state and runtime files of the test's own; a working directory in it."""
    for name in list(os.environ):
        if name.startswith(_KEPT_OUT) or name.endswith("_PORT"):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(home)
    return home


@pytest.fixture(scope="session")
def _shared_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis")).start()
    yield server
    server.kill()


@pytest.fixture
def redis_server(_shared_redis: RedisServer) -> RedisServer:
    """A server with nothing in it, which other tests use as well: neither to be ended nor stopped."""
    return _shared_redis.clear()


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A server that this test may do everything to."""
    server = RedisServer(tmp_path / "redis").start()
    yield server
    server.kill()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, with the reason, what this machine lacks."""
    missing = {
        "needs_linux": "this uses what only Linux has" if sys.platform != "linux" else "",
        "needs_tmux": "tmux is not installed" if shutil.which("tmux") is None else "",
        "needs_redis": servers.missing(),
        "needs_docker": engines.missing(),
    }
    for item in items:
        for marker, reason in missing.items():
            if reason and item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))
        for marker in item.iter_markers("needs_program"):
            if shutil.which(marker.args[0]) is None:
                item.add_marker(pytest.mark.skip(reason=f"{marker.args[0]} is not installed"))
