"""From single checks to a verdict."""

import os
import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portdash.health.thresholds import FLAPPING, STEADY, Rules, Standing, step
from portdash.model.health import Health, HealthLevel, HealthState

SCALE = int(os.environ.get("PORTDASH_TEST_SCALE", "1"))
GOOD = Health(state=HealthState.HEALTHY, level=HealthLevel.HTTP, latency_ms=1.0)
SLOW = Health(state=HealthState.DEGRADED, level=HealthLevel.HTTP, detail="slow")
BAD = Health(state=HealthState.UNHEALTHY, level=HealthLevel.HTTP, detail="status 503")
NOTHING = Health(detail="no such program")
USUAL = Rules()
LETTERS = {"g": GOOD, "d": SLOW, "b": BAD, "n": NOTHING}
SHORT = {HealthState.HEALTHY: "H", HealthState.DEGRADED: "D", HealthState.UNHEALTHY: "U", HealthState.STARTING: "S",
         HealthState.UNKNOWN: "?", HealthState.HUNG: "!"}  # fmt: skip


def run(checks: str, rules: Rules = USUAL, *, ages: list[float] | None = None) -> tuple[str, Standing]:
    """The verdict after each check, a letter each, and the record at the end."""
    standing, shown = Standing(), ""
    for number, letter in enumerate(checks):
        standing = step(standing, LETTERS[letter], rules, age=ages[number] if ages else None)
        shown += SHORT[standing.shown.state]
    return shown, standing


@pytest.mark.parametrize(
    ("checks", "shown"),
    [
        ("g", "H"),  # the first success counts at once
        ("bg", "?H"),
        ("bbb", "??U"),  # fall 3
        ("gbbgbbg", "HHHHHHH"),  # two failures in a row are none
        ("gbbbb", "HHHUU"),
        ("gbbbgg", "HHHUUH"),  # rise 2
        ("gbbbgbgg", "HHHUUUUH"),
        ("gddd", "HHHD"),
        ("gdbd", "HHHD"),  # three in a row that are worse, the last of them counts
        ("gdddgg", "HHHDDH"),
        ("dg", "DD"),
        ("dgg", "DDH"),
        ("n", "?"),
        ("ng", "?H"),
        ("gnnnn", "HHHHH"),  # what says nothing changes nothing
        ("gbbnb", "HHHHU"),
        ("bbbg", "??UH"),  # it was never well before
    ],
)
def test_in_a_row(checks: str, shown: str):
    assert run(checks)[0] == shown


def test_the_thresholds_are_the_services_own():
    assert run("gbgg", Rules(1, 1))[0] == "HUHH"
    assert run("gbbbb", Rules(5, 1))[0] == "HHHHH"


def test_a_start_is_given_time():
    ages = [1.0, 5.0, 20.0, 29.0, 31.0, 36.0, 41.0, 46.0]
    assert run("bbbbbbbg", ages=ages)[0] == "SSSSSSUH"
    assert run("bgbbbb", ages=ages)[0] == "SHHHUU"  # once well, it has started
    standing = run("b", ages=[1.0])[1]
    assert standing.shown.detail == "status 503"


def test_how_fast_a_check_failed_is_no_latency_of_the_server():
    failed = Health(state=HealthState.UNHEALTHY, level=HealthLevel.HTTP, latency_ms=3.0, detail="503")
    starting = step(Standing(), failed, USUAL, age=2.0).shown
    counted = step(Standing(), failed, USUAL).shown
    assert (starting.state, starting.latency_ms) == (HealthState.STARTING, None)
    assert (counted.state, counted.latency_ms) == (HealthState.UNKNOWN, None)


def test_what_is_not_yet_known_says_how_far_it_is():
    assert run("bb")[1].shown.detail == "failed 2 of 3: status 503"


def test_flapping_is_a_verdict_of_its_own():
    shown, standing = run("gb" * 20)
    assert shown == "H" * FLAPPING + "D" * (40 - FLAPPING)
    assert standing.shown.detail == "flapping 19x"
    assert run("gb" * 20 + "g" * STEADY)[0][-STEADY:] == "D" * (STEADY - 1) + "H" or standing.is_flapping
    assert run("gb" * 20 + "b" * STEADY)[1].shown == BAD
    assert run("gb" * 20 + "g" * STEADY)[1].shown == GOOD


@settings(max_examples=20 * SCALE, deadline=None)
@given(st.integers(0, 2**32))
def test_half_of_the_checks_failing_does_not_make_the_verdict_flutter(seed: int):
    chance = random.Random(seed)
    shown, _ = run("".join(chance.choice("gb") for _ in range(1000)))
    changes = sum(one != other for one, other in pairwise(shown))
    assert changes <= 20  # single checks change some 500 times
    assert shown.count("D") > 900


@given(st.text("gdbn", max_size=60), st.integers(1, 5), st.integers(1, 5))
def test_whatever_comes(checks: str, fall: int, rise: int):
    rules = Rules(fall, rise)
    standing = Standing()
    for number, letter in enumerate(checks):
        before, standing = standing, step(standing, LETTERS[letter], rules)
        tail = checks[: number + 1].replace("n", "")
        if letter == "b" and before.shown.state is HealthState.HEALTHY and not standing.is_flapping:
            is_down = standing.shown.state is not HealthState.HEALTHY
            assert not is_down or not set(tail[-fall:]) & {"g"}
        if letter == "g" and before.shown.state is HealthState.UNHEALTHY and before.was_well:
            is_up = standing.shown.state is HealthState.HEALTHY
            assert not is_up or not set(tail[-rise:]) & {"b"}
        if letter == "g" and not before.was_well:
            assert standing.shown == GOOD
        assert step(before, LETTERS[letter], rules) == standing


@given(st.text("gdb", max_size=60), st.sampled_from("gb"))
def test_what_stays_the_same_is_shown_in_the_end(checks: str, last: str):
    assert run(checks + last * 30)[1].shown == LETTERS[last]
