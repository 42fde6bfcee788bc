"""What it costs to put a snapshot together, and to find the cheapest plan in a crowd."""

import statistics

import pytest
from timing import cpu_seconds, report
from worlds import MINIMAL, NOWHERE, World, ask, key, listener

from portdash.model.assignment import Match
from portdash.model.plan import Plan
from portdash.model.policy import Policy, PortLimits
from portdash.model.ports import PortRange
from portdash.model.snapshot import Snapshot
from portdash.model.workspace import Workspace
from portdash.planning.allocation import plan_allocate
from portdash.planning.resolution import plan_resolve

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


FIRST, SERVICES, PORTS = 10_000, 1_000, 10_000


def packed(*, free_every: int | None = None) -> World:
    """A thousand services ten ports apart, strangers between them, each service content with a hundred ports.

    Without `free_every` one service alone can go anywhere.
    """
    world = World(policy=Policy(), limits=PortLimits())
    end = FIRST + PORTS - 1
    for number in range(SERVICES):
        port = FIRST + 10 * number
        last = end + 5 if number == SERVICES - 1 and free_every is None else min(end, port + 50)
        world.has(f"s{number}", port, preferred=(port,), range=PortRange(max(FIRST, port - 50), last))
    for port in range(FIRST, end + 1):
        if (port - FIRST) % 10 and (free_every is None or port % free_every):
            world.listens(port, pid=100_000 + port, cwd="/else")
    return world


def claim(snapshot: Snapshot) -> Plan:
    everywhere = ask("new", range=PortRange(FIRST, FIRST + PORTS - 1))
    return plan_allocate(snapshot, [everywhere], strategy=MINIMAL, actor="test")


def resolve_all(snapshot: Snapshot) -> Plan:
    return plan_resolve(snapshot, None, strategy=MINIMAL, actor="test")


def test_the_one_way_out_among_a_thousand_services_and_ten_thousand_ports():
    world = packed()
    snapshot = world.snapshot()
    plan = claim(snapshot)
    assert (plan.cost.moved, plan.optimal) == (1, True)
    assert plan.steps[0].key == key(f"s{SERVICES - 1}")
    pairs = [(cpu_seconds(lambda: claim(snapshot)), cpu_seconds(world.snapshot)) for _ in range(ROUNDS)]
    most, least = (statistics.median(column) for column in zip(*pairs, strict=True))
    report("a claim that one service in a thousand can serve, against a snapshot", most / least, 8, in_ms(most))


def test_fifty_conflicts_at_once():
    for free_every, limit in ((7, 30), (211, 200)):  # a free port next door, and hardly any
        world = packed(free_every=free_every)
        for number in range(0, SERVICES, 20):
            world.listens(FIRST + 10 * number, pid=7, cwd="/else")
        snapshot = world.snapshot()
        plan = resolve_all(snapshot)
        assert plan.optimal or free_every == 211
        pairs = [(cpu_seconds(lambda snapshot=snapshot: resolve_all(snapshot)), cpu_seconds(world.snapshot))]
        most, least = pairs[0]
        what = f"50 conflicts settled in one plan, {plan.cost.moved} moves, against a snapshot"
        report(what, most / least, limit, in_ms(most))


def in_ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms of CPU"
