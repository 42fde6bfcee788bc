"""What becomes of a request, by what was asked, what was tried and what there is."""

from collections.abc import Callable, Sequence

import pytest
from client_worlds import ONCE, SAFE, UNSAFE, attempt, instance
from hypothesis import given
from hypothesis import strategies as st

from portdash.discovery.instance import Instance
from portdash.discovery.policy import (
    NOTHING_SENT,
    Accept,
    Attempt,
    Errand,
    Field,
    GiveUp,
    Kind,
    Refresh,
    Try,
    Verdict,
    Why,
    key_of,
    next_step,
)

A, B, C = instance(8080), instance(8081), instance(8082)
ALL = Field(instances=(A, B, C))
LOOKED = Field(instances=(A, B, C), was_refreshed=True)


def first(instances: Sequence[Instance]) -> Instance:
    return instances[0]


def last(instances: Sequence[Instance]) -> Instance:
    return instances[-1]


def test_the_first_attempt_goes_to_the_one_that_is_picked():
    assert next_step(SAFE, (), ALL, first) == Try(A, is_last=False, may_suspect=True)
    assert next_step(SAFE, (), ALL, last) == Try(C, is_last=False, may_suspect=True)


@pytest.mark.parametrize("errand", [UNSAFE, ONCE])
def test_what_must_not_be_sent_twice_suspects_nobody(errand: Errand):
    assert next_step(errand, (), ALL, first) == Try(A, is_last=False, may_suspect=False)


def test_the_only_one_has_all_of_the_time_and_is_not_suspected():
    assert next_step(SAFE, (), Field(instances=(A,)), first) == Try(A, is_last=True, may_suspect=False)


@pytest.mark.parametrize("errand", [SAFE, UNSAFE, ONCE])
@pytest.mark.parametrize("kind", sorted(NOTHING_SENT))
def test_what_never_left_may_always_go_elsewhere(errand: Errand, kind: Kind):
    step = next_step(errand, [attempt(A, kind)], ALL, first)
    assert isinstance(step, Try)
    assert step.instance == B


@pytest.mark.parametrize("kind", [Kind.HUNG, Kind.CLOSED, Kind.GARBAGE])
def test_what_was_sent_goes_elsewhere_only_if_it_may_be_repeated(kind: Kind):
    assert isinstance(next_step(SAFE, [attempt(A, kind)], ALL, first), Try)
    for errand in (UNSAFE, ONCE):
        assert next_step(errand, [attempt(A, kind)], ALL, first) == GiveUp(Why.NOT_REPEATABLE)


def test_who_was_silent_for_all_of_the_time_ends_it():
    assert next_step(SAFE, [attempt(A, Kind.SILENT)], ALL, first) == GiveUp(Why.NO_TIME)


def test_an_answer_is_taken_whatever_it_says():
    assert next_step(SAFE, [attempt(A, Kind.REFUSED), attempt(B, Kind.ANSWERED, 500)], ALL, first) == Accept(1)


def test_unavailable_goes_to_one_other_and_no_further():
    once = [attempt(A, Kind.UNAVAILABLE, 503)]
    assert isinstance(next_step(SAFE, once, ALL, first), Try)
    assert next_step(SAFE, [*once, attempt(B, Kind.UNAVAILABLE, 502)], ALL, first) == Accept(1)
    assert next_step(SAFE, [*once, attempt(B, Kind.ANSWERED, 200)], ALL, first) == Accept(1)


@pytest.mark.parametrize("errand", [UNSAFE, ONCE])
def test_unavailable_is_the_answer_to_what_must_not_be_repeated(errand: Errand):
    assert next_step(errand, [attempt(A, Kind.UNAVAILABLE, 503)], ALL, first) == Accept(0)


def test_a_bad_answer_is_better_than_none():
    tried = [attempt(A, Kind.UNAVAILABLE, 503), attempt(B, Kind.REFUSED), attempt(C, Kind.HUNG)]
    assert next_step(SAFE, tried, ALL, first) == Accept(0)
    assert next_step(SAFE, tried[:1], Field(instances=(A,)), first) == Accept(0)


def test_where_all_have_failed_somebody_looks_once():
    tried = [attempt(each, Kind.REFUSED) for each in (A, B, C)]
    assert isinstance(next_step(SAFE, tried, ALL, first), Refresh)
    assert next_step(SAFE, tried, LOOKED, first) == GiveUp(Why.NONE_LEFT)
    assert isinstance(next_step(SAFE, (), Field(instances=()), first), Refresh)
    assert next_step(SAFE, (), Field(instances=(), was_refreshed=True), first) == GiveUp(Why.NONE_LEFT)


def test_a_server_that_was_started_again_is_another_one():
    again = instance(8080, pid=4711)
    step = next_step(SAFE, [attempt(A, Kind.REFUSED)], Field(instances=(again,), was_refreshed=True), first)
    assert step == Try(again, is_last=True, may_suspect=False)


def test_who_is_shut_is_asked_only_when_all_are():
    assert next_step(SAFE, (), Field(instances=(A, B), shut={key_of(A)}), first).instance == B  # type: ignore[union-attr]
    every = {key_of(A), key_of(B)}
    assert next_step(SAFE, (), Field(instances=(A, B), shut=every), first).instance == A  # type: ignore[union-attr]


def test_the_budget_stops_repeats_and_not_what_never_left():
    poor = Field(instances=(A, B, C), may_repeat=False)
    assert next_step(SAFE, [attempt(A, Kind.CLOSED)], poor, first) == GiveUp(Why.NO_BUDGET)
    assert next_step(SAFE, [attempt(A, Kind.UNAVAILABLE, 503)], poor, first) == Accept(0)
    assert isinstance(next_step(SAFE, [attempt(A, Kind.REFUSED)], poor, first), Try)


errands = st.builds(Errand, is_repeatable=st.booleans(), is_replayable=st.booleans())
kinds = st.sampled_from([each for each in Kind if each is not Kind.ABANDONED])


@given(errands, st.lists(st.integers(1, 6), unique=True), st.sets(st.integers(1, 6)), st.lists(kinds), st.booleans())
def test_every_course_ends_tries_each_once_and_repeats_nothing_it_must_not(
    errand: Errand, ports: list[int], shut: set[int], outcomes: list[Kind], may_repeat: bool
):
    there = tuple(instance(port) for port in ports)
    shut_keys = {key_of(instance(port)) for port in shut}
    tried: list[Attempt] = []
    looked = False
    outcome = iter(outcomes)
    for _ in range(len(ports) + 3):
        field = Field(instances=there, shut=shut_keys, was_refreshed=looked, may_repeat=may_repeat)
        step = next_step(errand, tried, field, first)
        if isinstance(step, Refresh):
            assert not looked
            looked = True
        elif isinstance(step, Try):
            tried.append(Attempt(step.instance, Verdict(next(outcome, Kind.ANSWERED))))
        else:
            break
    else:
        raise AssertionError("it does not end")
    assert len({key_of(each.instance) for each in tried}) == len(tried)
    sent = [each.verdict.kind for each in tried if each.verdict.kind not in NOTHING_SENT]
    if not (errand.is_repeatable and errand.is_replayable) or not may_repeat:
        assert len(sent) <= 1
    assert sum(kind is Kind.UNAVAILABLE for kind in sent) <= 2
    if isinstance(step, Accept):
        assert tried[step.attempt].verdict.kind in (Kind.ANSWERED, Kind.UNAVAILABLE)
    else:
        assert not any(kind in (Kind.ANSWERED, Kind.UNAVAILABLE) for kind in sent)


@given(st.lists(st.integers(1, 6), unique=True, min_size=1), st.sets(st.integers(1, 6)))
def test_it_never_picks_among_those_that_are_shut_beside_others(ports: list[int], shut: set[int]):
    offered: list[Instance] = []

    def note(pick: Callable[[Sequence[Instance]], Instance]) -> Callable[[Sequence[Instance]], Instance]:
        def noted(instances: Sequence[Instance]) -> Instance:
            offered.extend(instances)
            return pick(instances)

        return noted

    field = Field(instances=tuple(map(instance, ports)), shut={key_of(instance(port)) for port in shut})
    next_step(SAFE, (), field, note(first))
    open_ = set(ports) - shut
    assert {each.port for each in offered} == (open_ or set(ports))
