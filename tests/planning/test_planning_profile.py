"""The built-in ranges, and a gateway's known services placed in them."""

import pytest
from worlds import MINIMAL, World, ask, key

from portdash.config.ranges import DEFAULT_RANGES
from portdash.model.assignment import Assignment, Source
from portdash.model.plan import Plan
from portdash.model.policy import Policy, PortLimits, TypeRange
from portdash.model.ports import PortRange
from portdash.planning.allocation import plan_allocate
from portdash.planning.requests import Placement
from portdash.planning.rules import priority_of

POLICY = Policy(ranges=DEFAULT_RANGES)
PLAIN = PortLimits()


def plan(*batch: Placement, world: World | None = None) -> Plan:
    world = world or World(policy=POLICY, limits=PLAIN)
    return plan_allocate(world.snapshot(), batch, strategy=MINIMAL, actor="test")


def placed(made: Plan, name: str) -> Assignment:
    return next(step.after for step in made.steps if step.key == key(name) and step.after)


@pytest.mark.parametrize(
    ("kind", "first", "priority"),
    [
        ("database", 5000, 1),
        ("cache", 6001, 1),
        ("monitoring", 7000, 1),
        ("gateway", 8000, 2),
        ("microservice", 8100, 2),
        ("ml", 8300, 2),
        ("bridge", 8500, 2),
        ("development", 9000, 3),
        ("testing", 9500, 3),
        ("dynamic", 10000, 4),
    ],
)
def test_each_type_begins_in_its_own_range(kind: str, first: int, priority: int):
    """6000 is no cache's either: X11 has it, and is let listen here."""
    world = World(policy=POLICY, limits=PLAIN).listens(6000)
    asked = ask("svc", type=kind)
    assert placed(plan(asked, world=world), "svc").port == first
    assert priority_of(asked.spec, POLICY) == priority


KNOWN = (
    ("legacy-typescript", "legacy", 9999),
    ("go-api-gateway", "gateway", 8081),
    ("python-vision", "ml", 8000),
    ("rust-vision-bridge", "bridge", 8084),
    ("rust-llm-router", "microservice", 8082),
    ("hrm-mlx-service", "ml", 8085),
    ("emotion", "ml", 8088),
    ("rust-ai-core", "microservice", 8009),
)


def test_preferred_ports_outside_the_range_of_their_type_are_honoured_and_said():
    made = plan(*(ask(name, type=kind, preferred=(port,)) for name, kind, port in KNOWN))
    assert {placed(made, name).port for name, _, _ in KNOWN} == {port for _, _, port in KNOWN}
    assert all(placed(made, name).source is Source.PREFERRED for name, _, _ in KNOWN)
    assert "hrm-mlx-service prefers 8085, which lies outside the range of type ml (8300-8499)" in made.notices
    assert not any(notice.startswith("go-api-gateway") for notice in made.notices)
    assert any(notice.startswith("legacy-typescript: no range is set aside") for notice in made.notices)


def test_a_taken_preferred_port_falls_back_to_the_range_of_the_type():
    world = World(policy=POLICY, limits=PLAIN).listens(8088)
    row = placed(plan(ask("emotion", type="ml", preferred=(8088,)), world=world), "emotion")
    assert (row.port, row.source, row.attempts) == (8300, Source.FALLBACK, 2)


def test_a_full_range_overflows_into_the_pool():
    narrow = (TypeRange("ml", PortRange(8300, 8301), "ml", 2), TypeRange("pool", PortRange(10000, 10009), "dynamic", 4))
    world = World(policy=Policy(ranges=narrow), limits=PLAIN)
    made = plan(*(ask(f"s{number}", type="ml") for number in range(3)), world=world)
    assert [placed(made, f"s{number}").port for number in range(3)] == [8300, 8301, 10000]
