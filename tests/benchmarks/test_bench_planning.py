"""What it costs to put a snapshot together: no more than in proportion to what is known and what listens."""

import statistics

import pytest
from timing import cpu_seconds, report
from worlds import NOWHERE, World, listener

from portdash.model.assignment import Match
from portdash.model.policy import PortLimits
from portdash.model.workspace import Workspace

pytestmark = pytest.mark.benchmark

WORKSPACES = 40
ROUNDS = 15


def crowded(services: int, listeners: int) -> World:
    """A world in which a fifth of the listeners are on services' ports, and half of the services have a rule."""
    spaces = tuple(Workspace(name=f"w{n}", root=f"/home/me/src/w{n}", repository=f"w{n}") for n in range(WORKSPACES))
    world = World(workspaces=(*spaces, NOWHERE), here="w0", limits=PortLimits())
    for number in range(services):
        place = f"w{number % WORKSPACES}"
        rule = Match(process="node", directory=f"/home/me/src/{place}/s{number}") if number % 2 else None
        world.has(f"s{number}", 10_000 + number, place, match=rule, type="web", preferred=(10_000 + number,))
    for number in range(listeners):
        cwd = f"/home/me/src/w{number % WORKSPACES}/s{number}/deep/er"
        world.listeners.append(listener(10_000 - services // 2 + number, pid=100_000 + number, cwd=cwd))
    return world


def test_assembling_a_snapshot():
    small, big = crowded(100, 500), crowded(1_000, 5_000)
    assert len(big.snapshot().services) == 1_000
    pairs = [(cpu_seconds(small.snapshot), cpu_seconds(big.snapshot)) for _ in range(ROUNDS)]
    least, most = (statistics.median(column) for column in zip(*pairs, strict=True))
    detail = f"{most * 1000:.0f} ms of CPU for 1,000 services and 5,000 listeners"
    report("a snapshot of ten times as much, against one tenth", most / least, 20, detail)
