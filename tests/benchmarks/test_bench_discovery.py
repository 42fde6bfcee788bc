"""What finding the servers in a range of ports costs, against trying every port."""

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from timing import report

from portdash.clock import SystemClock
from portdash.config.sections import DiscoveryConfig, HealthConfig
from portdash.config.services import HealthCheck, ServiceConfig
from portdash.config.settings import Config
from portdash.discovery.finding import look
from portdash.machine.local import LocalMachine
from portdash.manager.deps import Deps, Place
from portdash.model.assignment import ServiceSpec
from portdash.model.ports import PortRange
from portdash.model.workspace import Workspace
from portdash.store.memory import MemoryStore

pytestmark = pytest.mark.benchmark

FIRST, PORTS, SERVERS, MUTE = 10_000, 10_000, 50, 20
ROUNDS = 5
PATIENCE = 5.0
AT_ONCE = 500
"""Ports that the scan tries at the same time."""


@contextmanager
def crowd(count: int, mute: int = 0) -> Iterator[None]:
    """So many servers that answer and that do not, spread over the range."""
    script = str(Path(__file__).with_name("health_crowd.py"))
    arguments = [sys.executable, script, str(count), str(mute), str(FIRST), str(PORTS)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert len(process.stdout.readline().split()) == count + mute
        yield
        process.kill()


def deps(tmp_path: Path) -> Deps:
    check = HealthCheck(http_get="/health")
    config = Config(
        services=(ServiceConfig(spec=ServiceSpec(name="api"), health=check),),
        health=HealthConfig(timeout=PATIENCE),
        discovery=DiscoveryConfig(timeout=PATIENCE),
    )
    machine = LocalMachine(state_dir=tmp_path)
    place = Place(machine.host, machine.user, Workspace(name="default", root=None), "development")
    return Deps(store=MemoryStore(), machine=machine, config=config, clock=SystemClock(), place=place, actor="test")


async def found_by_us(things: Deps, *, every: bool = True) -> tuple[float, int]:
    """Return the seconds that one look took, and how many it found."""
    start = time.perf_counter()
    looked = await look(things, "api", ports=PortRange(FIRST, FIRST + PORTS - 1), every=every)
    return time.perf_counter() - start, len(looked.instances)


async def found_by_scan() -> tuple[float, int]:
    """Return the same of connecting to every port; nothing is asked there yet."""
    places = asyncio.Semaphore(AT_ONCE)

    async def is_open(port: int) -> bool:
        async with places:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return True
        return False

    start = time.perf_counter()
    found = await asyncio.gather(*map(is_open, range(FIRST, FIRST + PORTS)))
    return time.perf_counter() - start, sum(found)


def test_ten_thousand_ports(tmp_path: Path):
    things = deps(tmp_path)
    with crowd(SERVERS):
        asyncio.run(found_by_us(things))
        pairs = [(asyncio.run(found_by_us(things)), asyncio.run(found_by_scan())) for _ in range(ROUNDS)]
    assert all(ours[1] >= SERVERS for ours, _ in pairs)
    assert all(scan[1] >= SERVERS for _, scan in pairs)
    ours, scan = (min(each[0] for each in column) for column in zip(*pairs, strict=True))
    detail = f"{ours * 1e3:.1f} ms, every server asked, against {scan * 1e3:.0f} ms: {scan / ours:.0f} times as fast"
    report(f"{SERVERS} servers among {PORTS} ports against a connect scan", ours / scan, 1 / 50, detail)


def test_mute_servers_do_not_delay_the_rest(tmp_path: Path):
    things = deps(tmp_path)
    with crowd(SERVERS):
        asyncio.run(found_by_us(things))
        without = min(asyncio.run(found_by_us(things, every=False))[0] for _ in range(ROUNDS))
    with crowd(SERVERS, MUTE):
        asyncio.run(found_by_us(things))
        beside = min(asyncio.run(found_by_us(things, every=False))[0] for _ in range(ROUNDS))
    detail = f"{beside * 1e3:.0f} ms against {without * 1e3:.0f}; {MUTE} of them answer nothing for {PATIENCE:.0f} s"
    report("the best server beside mute ones, with the grace", beside / (without + 0.1), 1.5, detail)
