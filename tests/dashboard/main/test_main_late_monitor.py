"""Checks begin with the first service there is to check, and end for good."""

from portdash.dashboard.late_monitor import LateMonitor
from portdash.health.checks import Check, HttpGet
from portdash.health.record import Watched
from portdash.model.assignment import ServiceKey

KEY = ServiceKey("h", "ann", "shop", "development", "web")
WATCHED = {KEY: Watched(None, Check(probe=HttpGet(is_declared=False)))}


def test_it_begins_with_the_first_service():
    monitor = LateMonitor()
    monitor.hurry(KEY)
    monitor.watch({})
    assert (monitor._monitor, monitor.verdicts(), monitor.pulses()) == (None, {}, {})
    monitor.watch(WATCHED)
    assert monitor._monitor is not None
    begun = monitor._monitor
    monitor.watch({})
    assert monitor._monitor is begun
    monitor.stop()
    assert begun._thread is None


def test_once_stopped_it_begins_no_more():
    monitor = LateMonitor()
    monitor.stop()
    monitor.watch(WATCHED)
    assert monitor._monitor is None
