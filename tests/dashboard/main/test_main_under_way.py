"""What is done through the dashboard at a moment: what is waited for, what goes on by itself, what it explains."""

import pytest

from portdash.dashboard.under_way import OWN_FOR, UnderWay


def test_what_must_not_be_left_half_done_is_counted_and_waited_for():
    under_way = UnderWay(lambda: 100.0)
    assert (under_way.is_waited_for, under_way.begun) == (False, 0)
    with under_way.acting():
        with pytest.raises(KeyError), under_way.acting():
            raise KeyError
        under_way.let_go()
        assert (under_way.is_waited_for, under_way.goes_on, under_way.begun) == (True, False, 2)
    assert not under_way.is_waited_for


def test_what_goes_on_by_itself_is_let_go_whether_it_was_begun_by_then_or_not():
    under_way = UnderWay(lambda: 100.0)
    with under_way.waiting() as first, under_way.waiting() as second:
        assert (under_way.is_waited_for, under_way.goes_on, under_way.begun) == (False, True, 0)
        assert (first.is_asked, second.is_asked) == (False, False)
        under_way.let_go()
        assert (first.is_asked, second.is_asked) == (True, True)
    assert not under_way.goes_on
    with under_way.waiting() as late:
        assert late.is_asked


@pytest.mark.parametrize("kind", ["acting", "waiting"])
def test_what_is_seen_during_an_act_and_a_moment_after_may_have_come_of_it(kind: str):
    under_way = UnderWay(lambda: 100.0)
    assert not under_way.explains(100.0)
    with getattr(under_way, kind)():
        assert under_way.explains(1.0)
    assert under_way.explains(100.0 + OWN_FOR)
    assert not under_way.explains(100.1 + OWN_FOR)
    assert not under_way.explains(1.0)
