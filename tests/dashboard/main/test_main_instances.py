"""The instances of a service in its details: state, latencies and breaker of each."""

import pytest
import scenes
from row_texts import KEYS, everything, text_of

from portdash.dashboard.rows.details import details
from portdash.dashboard.rows.facts import Facts, digest
from portdash.dashboard.rows.instance_lines import circuit_of, instances_of
from portdash.discovery.breaker import FAILURES, Circuit
from portdash.health.pulse import Pulse
from portdash.model.assignment import ServiceKey
from portdash.model.health import Health, HealthLevel, HealthState
from portdash.model.snapshot import ServiceView

HUNG = Health(state=HealthState.HUNG, level=HealthLevel.KERNEL, detail="stopped")
NAMES = ("web", "web@2", "web@10", "webhook")


def world(pulses: dict[str, Pulse] | None = None) -> Facts:
    """A service with three instances, one of them hung and one not running, beside strangers of like names."""
    services = [
        scenes.service(scenes.SHOP, "web@10", 3010),
        scenes.service(scenes.SHOP, "web@2", 3002, own=scenes.listener(3002, 52, workspace=scenes.SHOP), health=HUNG),
        scenes.service(
            scenes.SHOP, "web", 3000, own=scenes.listener(3000, 50, workspace=scenes.SHOP), health=scenes.fast(12)
        ),
        scenes.service(scenes.SHOP, "webhook", 3005),
        scenes.service(scenes.FIX, "web", 3100),
    ]
    known: dict[ServiceKey, Pulse] = {scenes.key_of(scenes.SHOP, name): each for name, each in (pulses or {}).items()}
    return digest(scenes.snapshot_of(services), home=scenes.HOME, keys=KEYS, pulses=known)


def view_of(facts: Facts, name: str) -> ServiceView:
    view = facts.snapshot.service(scenes.key_of(scenes.SHOP, name))
    assert view is not None
    return view


def told(facts: Facts, name: str, width: int = 100) -> list[str]:
    shown = everything(facts)
    row = shown.rows[shown.index["service", scenes.key_of(scenes.SHOP, name)]]
    return [text_of(line).rstrip() for line in details(row, facts, (), width)]


@pytest.mark.parametrize("name", NAMES[:3])
def test_each_instance_tells_of_all_with_state_latencies_and_breaker(name: str):
    pulses = {
        "web": Pulse("GET /", 5.0, (11.0, 13.0, 38.0, None, 12.0), scenes.NOW + 4.5),
        "web@2": Pulse("GET /", 5.0, (9.0, *[None] * FAILURES), scenes.NOW + 4.5),
    }
    lines = told(world(pulses), name)
    at = next(number for number, line in enumerate(lines) if line.startswith("INSTANCES"))
    assert lines[at].endswith("1 of 3 well")
    first, second, third = lines[at + 1 : at + 4]
    assert first.split()[:2] == ["web", "3000"]
    assert first.endswith("running 12ms, p50 13 ms, p95 38 ms, breaker closed")
    assert second.split()[:2] == ["web@2", "3002"]
    assert second.endswith("p50 9 ms, p95 9 ms, breaker open")
    assert "hung" in second
    assert third.split()[:2] == ["web@10", "3010"]
    assert "breaker" not in third


def test_a_service_with_one_instance_has_no_such_section():
    facts = world()
    assert not any(line.startswith("INSTANCES") for line in told(facts, "webhook"))
    assert [each.name for each in instances_of(view_of(facts, "web"), facts)] == ["web", "web@2", "web@10"]


@pytest.mark.parametrize(
    ("latencies", "health", "since", "circuit"),
    [
        ((), scenes.fast(1), 0.5, Circuit.CLOSED),
        ((1.0, *[None] * (FAILURES - 1)), scenes.fast(1), 0.5, Circuit.CLOSED),
        ([None] * FAILURES, scenes.fast(1), 0.5, Circuit.OPEN),
        ([None] * FAILURES, scenes.fast(1), 4.5, Circuit.HALF_OPEN),
        ((*[None] * FAILURES, 1.0), scenes.fast(1), 4.5, Circuit.CLOSED),
        ((1.0, None), HUNG, 0.5, Circuit.OPEN),
        ((1.0, None), scenes.fast(1), 0.5, Circuit.CLOSED),
    ],
)
def test_a_breaker_is_that_of_a_client_whose_requests_end_as_the_checks_do(
    latencies: tuple[float | None, ...], health: Health, since: float, circuit: Circuit
):
    view = scenes.service(scenes.SHOP, "web", 3000, health=health)
    pulse = Pulse("GET /", 5.0, tuple(latencies), scenes.NOW + 5.0 - since)
    assert circuit_of(view, pulse, scenes.NOW) is circuit


def test_the_health_of_a_service_tells_its_breaker():
    facts = world({"web": Pulse("GET /", 5.0, (11.0,), scenes.NOW + 4.5)})
    assert any(line.split()[:2] == ["breaker", "closed:"] for line in told(facts, "web"))
