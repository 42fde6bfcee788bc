"""Which instance is next, by each policy."""

from collections import Counter
from random import Random

import pytest
from client_worlds import instance
from hypothesis import given
from hypothesis import strategies as st

from portdash.discovery.picking import POLICIES, REMEMBERED, Option, RoundRobin, Weighted, policy_named
from portdash.errors import UsageError
from portdash.model.health import HealthState

A, B, C = (Option(instance(port), latency=0.001) for port in (8080, 8081, 8082))


def picks(name: str, options: list[Option], count: int) -> list[int | None]:
    policy = policy_named(name, Random(7))
    return [policy.pick(options).instance.port for _ in range(count)]


def option(port: int, latency: float, in_flight: int = 0, state: HealthState = HealthState.HEALTHY) -> Option:
    return Option(instance(port, state), latency=latency, in_flight=in_flight)


options = st.lists(
    st.builds(
        option,
        st.integers(1, 9),
        st.floats(0, 10),
        st.integers(0, 99),
        st.sampled_from(HealthState),
    ),
    min_size=1,
    unique_by=lambda each: each.instance.port,
)


@given(st.sampled_from(sorted(POLICIES)), st.lists(options, min_size=1), st.integers())
def test_each_policy_picks_one_of_what_it_is_given_whatever_it_was_given_before(
    name: str, worlds: list[list[Option]], seed: int
):
    policy = policy_named(name, Random(seed))
    for there in worlds:
        assert policy.pick(there) in there


def test_a_name_that_is_none_is_said_with_those_that_are():
    with pytest.raises(UsageError) as raised:
        policy_named("best\x1b[2J", Random(1))
    assert "\x1b" not in raised.value.message
    assert "healthiest, p2c" in raised.value.hint


def test_round_robin_goes_round_and_who_is_new_is_next():
    policy = RoundRobin()
    assert [policy.pick([A, B]).instance.port for _ in range(3)] == [8080, 8081, 8080]
    assert [policy.pick([A, B, C]).instance.port for _ in range(4)] == [8082, 8081, 8080, 8082]


def test_weighted_mixes_evenly():
    weighted = [Option(each.instance, weight=weight) for each, weight in ((A, 5), (B, 1), (C, 1))]
    assert picks("weighted", weighted, 7) == [8080, 8080, 8081, 8080, 8082, 8080, 8080]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_weighted_gives_each_its_share_in_every_round(weights: list[int]):
    weighted = [Option(instance(port), weight=weight) for port, weight in enumerate(weights, 1)]
    policy = Weighted()
    for _ in range(2):
        seen = Counter(policy.pick(weighted).instance.port for _ in range(sum(weights)))
        assert seen == dict(enumerate(weights, 1))


def test_least_connections_takes_the_idle_one_and_turns_among_equals():
    busy = option(8080, 0.001, in_flight=2)
    assert picks("least_conn", [busy, B, C], 4) == [8081, 8082, 8081, 8082]


def test_first_is_the_first():
    assert picks("first", [B, A], 3) == [8081] * 3


def test_the_healthiest_comes_before_the_fastest():
    ill = option(8080, 0.0001, state=HealthState.DEGRADED)
    assert picks("healthiest", [ill, B], 2) == [8081, 8081]


def test_the_healthiest_is_kept_until_another_is_a_fifth_better():
    policy = policy_named("healthiest", Random(1))
    assert policy.pick([option(1, 0.010), option(2, 0.011)]).instance.port == 1
    assert policy.pick([option(1, 0.010), option(2, 0.0081)]).instance.port == 1
    assert policy.pick([option(1, 0.010), option(2, 0.0079)]).instance.port == 2
    assert policy.pick([option(1, 0.0079), option(2, 0.0081)]).instance.port == 2
    assert policy.pick([option(1, 0.0079), option(2, 0.0081, state=HealthState.HUNG)]).instance.port == 1


def test_what_is_in_flight_counts_as_load():
    policy = policy_named("healthiest", Random(1))
    assert policy.pick([option(1, 0.010), option(2, 0.015)]).instance.port == 1
    assert policy.pick([option(1, 0.010, in_flight=1), option(2, 0.015)]).instance.port == 2


def test_the_better_of_two_nearly_forgets_a_slow_one():
    seen = Counter(picks("p2c", [option(1, 0.001), option(2, 0.001), option(3, 0.010)], 300))
    assert seen[3] == 0
    assert min(seen[1], seen[2]) > 50
    assert picks("p2c", [option(1, 0.002), option(2, 0.001)], 3) == [2, 2, 2]


def test_chance_can_be_repeated():
    many = [option(port, 0.001) for port in range(1, 20)]
    assert picks("p2c", many, 20) == picks("p2c", many, 20)


@pytest.mark.parametrize("policy", [RoundRobin(), Weighted()])
def test_those_that_are_gone_are_forgotten(policy: RoundRobin | Weighted):
    for port in range(1, 1000):
        policy.pick([Option(instance(port)), A])
    remembered = policy._last if isinstance(policy, RoundRobin) else policy._credit
    assert len(remembered) <= REMEMBERED + 3
