"""When an instance is asked no more, and when again; how much may be repeated."""

from hypothesis import given
from hypothesis import strategies as st

from portdash.discovery.breaker import FAILURES, LONGEST_PAUSE, RATE, SHARE, Breaker, Circuit, RetryBudget


def test_it_opens_after_failures_in_a_row():
    breaker = Breaker()
    for _ in range(FAILURES - 1):
        assert not breaker.fail(0.0)
    breaker.succeed()
    for _ in range(FAILURES - 1):
        assert not breaker.fail(0.0)
    assert breaker.circuit(0.0) is Circuit.CLOSED
    assert breaker.fail(0.0)
    assert breaker.circuit(0.0) is Circuit.OPEN
    assert not breaker.allows(0.9)


def test_one_failure_that_is_certain_opens_it():
    breaker = Breaker()
    assert breaker.fail(0.0, for_certain=True)
    assert not breaker.allows(0.0)


def test_after_a_second_it_lets_one_trial_through():
    breaker = Breaker()
    breaker.fail(0.0, for_certain=True)
    assert breaker.circuit(1.0) is Circuit.HALF_OPEN
    assert breaker.allows(1.0)
    breaker.begin(1.0)
    assert not breaker.allows(1.0)
    breaker.succeed()
    assert breaker.circuit(1.0) is Circuit.CLOSED


def test_a_trial_that_fails_doubles_the_pause_up_to_a_limit():
    breaker, now, pauses = Breaker(), 0.0, []
    breaker.fail(now, for_certain=True)
    for _ in range(8):
        start = now
        while not breaker.allows(now):
            now += 0.5
        pauses.append(now - start)
        breaker.begin(now)
        breaker.fail(now)
    assert pauses == [1, 2, 4, 8, 16, LONGEST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE]


def test_late_failures_of_what_was_sent_before_do_not_hold_it_open():
    breaker = Breaker()
    breaker.fail(0.0, for_certain=True)
    assert not breaker.fail(0.9, for_certain=True)
    assert breaker.allows(1.0)


def test_a_trial_that_came_to_no_end_leaves_room_for_another():
    breaker = Breaker()
    breaker.fail(0.0, for_certain=True)
    breaker.begin(1.0)
    breaker.abandon()
    assert breaker.allows(1.0)


@given(st.lists(st.sampled_from(["fail", "certain", "succeed", "begin", "abandon", "wait"])))
def test_it_never_stays_shut(events: list[str]):
    breaker, now = Breaker(), 0.0
    for event in events:
        match event:
            case "wait":
                now += 0.7
            case "begin":
                breaker.begin(now)
            case "fail" | "certain":
                breaker.fail(now, for_certain=event == "certain")
            case _:
                getattr(breaker, event)()
    breaker.abandon()
    assert breaker.allows(now + LONGEST_PAUSE)


def test_the_budget_allows_a_reserve_then_a_share_and_a_rate():
    budget = RetryBudget(0.0)
    spent = 0
    while budget.has_room(0.0):
        budget.spend()
        spent += 1
    assert spent == RetryBudget.LARGEST
    for _ in range(round(3 / SHARE)):
        budget.earn()
    assert budget.has_room(0.0)
    for _ in range(3):
        budget.spend()
    assert not budget.has_room(0.05)
    assert budget.has_room(0.05 + 1.1 / RATE)


def test_what_is_unused_does_not_add_up_for_ever():
    budget = RetryBudget(0.0)
    for _ in range(10_000):
        budget.earn()
    budget.has_room(1e9)
    for _ in range(round(RetryBudget.LARGEST)):
        budget.spend()
    assert not budget.has_room(1e9)
