"""Which instance is the best."""

import itertools

import pytest

from portdash.discovery.instance import Instance, Nearness, ranked
from portdash.model.health import Health, HealthState


def instance(state: str, latency: float | None = None, nearness: Nearness = Nearness.OWN, port: int = 4000) -> Instance:
    health = Health(state=HealthState(state), latency_ms=latency)
    return Instance(service="web", url=f"http://localhost:{port}", port=port, health=health, nearness=nearness)


BEST_FIRST = (
    instance("healthy", 1.0, port=4009),
    instance("healthy", 2.0),
    instance("healthy", port=4001),
    instance("healthy", 0.1, Nearness.LOOSE),
    instance("healthy", 0.1, Nearness.OTHER_PROJECT),
    instance("degraded", 0.5),
    instance("starting"),
    instance("unknown", 0.1),
    instance("unhealthy", 9.0),
    instance("unhealthy"),
    instance("hung"),
)


@pytest.mark.parametrize("size", [2, 3])
def test_the_order_is_one_whatever_comes_first(size: int):
    assert ranked(reversed(BEST_FIRST)) == BEST_FIRST
    for chosen in itertools.permutations(BEST_FIRST, size):
        assert ranked(chosen) == tuple(sorted(chosen, key=BEST_FIRST.index))


def test_none_is_none():
    assert ranked(()) == ()


def test_only_what_does_its_work_does_well():
    assert [each.is_well for each in BEST_FIRST] == [True] * 6 + [False] * 5
