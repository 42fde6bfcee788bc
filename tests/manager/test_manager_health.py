"""What a program hears of how its services do."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from queue import Queue

import pytest
from manager_world import SHOP, Listen

from portdash.manager.allocate import allocate
from portdash.manager.deps import Deps
from portdash.manager.facade import PortManager
from portdash.manager.wishes import Wish
from portdash.model.history import Event

SOON = 30.0
pytestmark = pytest.mark.needs_linux


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """A process that stands for a server."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


@pytest.fixture
def manager(deps: Deps) -> Iterator[PortManager]:
    manager = PortManager(deps=deps)
    yield manager
    manager.close()


def test_a_service_that_hangs_goes_on_and_ends(
    deps: Deps, manager: PortManager, listen: Listen, process: "subprocess.Popen[bytes]"
):
    allocate(deps, (Wish(name="web", preferred=(3000,)),))
    assert SHOP.root
    listen(3000, pid=process.pid, cwd=SHOP.root)
    heard: Queue[Event] = Queue()
    stop = manager.on("health", heard.put)
    process.send_signal(signal.SIGSTOP)
    hung = heard.get(timeout=SOON)
    assert (hung.kind.value, hung.service, hung.to_port, hung.workspace) == ("health", "web", 3000, "shop")
    assert hung.reason == "hung: stopped by a signal"
    process.send_signal(signal.SIGCONT)
    assert heard.get(timeout=SOON).reason == "healthy: listens"
    process.kill()
    assert heard.get(timeout=SOON).reason == "unhealthy: its process is gone"
    stop()
    assert deps.store.events(limit=100)
    assert not [event for event in deps.store.events(limit=100) if event.kind.value == "health"]


def test_whoever_listened_leaves_nothing_running(deps: Deps):
    before = set(threading.enumerate())  # an earlier test's may still be about to end
    manager = PortManager(deps=deps)
    allocate(deps, (Wish(name="web", preferred=(3000,)),))
    manager.on("health", print)
    manager.close()
    assert [each.name for each in threading.enumerate() if each not in before] == []
