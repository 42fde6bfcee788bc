"""Checks begin with the first service there is to check, are shared by all who take part, and end with the last."""

from portdash.health.checks import Check, HttpGet
from portdash.health.record import Watched
from portdash.health.rounds import Rounds
from portdash.model.assignment import ServiceKey

KEY = ServiceKey("h", "ann", "shop", "development", "web")
OTHER = ServiceKey("h", "ann", "shop", "development", "api")
WATCHED = {KEY: Watched(None, Check(probe=HttpGet(is_declared=False)))}
OTHERS = {OTHER: Watched(None, Check(probe=HttpGet(is_declared=False)))}


def test_they_begin_with_the_first_service():
    rounds = Rounds()
    mine = rounds.join()
    mine.hurry(KEY)
    mine.watch({})
    assert (rounds._monitor, mine.verdicts(), mine.pulses()) == (None, {}, {})
    mine.watch(WATCHED)
    begun = rounds._monitor
    assert begun is not None
    mine.watch({})
    assert rounds._monitor is begun
    mine.leave()
    assert begun._thread is None


def test_who_has_left_begins_nothing():
    rounds = Rounds()
    mine = rounds.join()
    mine.leave()
    mine.watch(WATCHED)
    assert rounds._monitor is None


def test_one_monitor_watches_for_all_until_the_last_has_left():
    rounds = Rounds()
    mine, yours = rounds.join(), rounds.join()
    mine.watch(WATCHED)
    yours.watch(OTHERS)
    begun = rounds._monitor
    assert begun is not None
    assert set(begun._wanted) == {KEY, OTHER}
    mine.leave()
    assert rounds._monitor is begun
    assert set(begun._wanted) == {OTHER}
    yours.leave()
    assert begun._thread is None
