"""How often a child is started again."""

from hypothesis import given
from hypothesis import strategies as st

from portdash.supervisor.budget import STARTS, WINDOW, Budget


def test_each_start_waits_twice_as_long_until_there_were_too_many():
    budget, waits = Budget(), []
    for turn in range(STARTS):
        waits.append(budget.wait(float(turn)))
        budget = budget.spent(float(turn))
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0]
    assert budget.wait(10.0) is None


def test_what_is_long_past_counts_no_more():
    budget = Budget()
    for turn in range(STARTS):
        budget = budget.spent(float(turn))
    assert budget.wait(WINDOW + STARTS) == 1.0


@given(st.lists(st.floats(0, 2000), max_size=60))
def test_there_are_never_more_starts_in_a_window_than_allowed(moments: list[float]):
    budget, started = Budget(), []
    for now in sorted(moments):
        if budget.wait(now) is not None:
            budget = budget.spent(now)
            started.append(now)
    for moment in started:
        assert sum(0 <= moment - each < WINDOW for each in started) <= STARTS
