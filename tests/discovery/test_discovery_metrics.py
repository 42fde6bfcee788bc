"""Figures of a client: counted once, whoever writes."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from portdash.discovery.instance import Instance
from portdash.discovery.metrics import BUCKETS, KEPT, Metrics, percentile, recorder_for
from portdash.model.health import Health

ONE, OTHER = (Instance(service="api", url=f"http://localhost:{port}", port=port, health=Health()) for port in (1, 2))


def test_what_was_told_is_what_is_read():
    metrics = Metrics()
    metrics.found(0)
    metrics.found(2)
    metrics.attempt(ONE, 9.0, False)
    metrics.failover(ONE, OTHER)
    for seconds in (0.010, 0.020, 0.030):
        metrics.attempt(OTHER, seconds, True)
    figures = metrics.figures()
    assert (figures.instances_found, figures.looks, figures.misses) == (2, 2, 1)
    assert (figures.requests, figures.failures, figures.failover_count) == (4, 1, 1)
    assert figures.avg_response_time == metrics.avg_response_time == timedelta(milliseconds=20)
    assert (figures.p50, figures.p99) == (0.020, 0.030)
    assert figures.availability == 0.75
    assert sorted(figures.outcomes) == [(1, False, 1), (2, True, 3)]
    assert dict(zip(BUCKETS, figures.buckets, strict=False))[0.025] == 1
    assert sum(figures.buckets) == 3
    assert (metrics.instances_found, metrics.failover_count) == (2, 1)


def test_nothing_told_is_no_figure():
    figures = Metrics().figures()
    assert (figures.p50, figures.availability, figures.avg_response_time) == (None, None, timedelta(0))


def test_no_write_is_lost_among_threads_and_no_more_is_kept_than_is_of_use():
    metrics = Metrics()

    def write(_: int) -> None:
        for _ in range(200):
            metrics.attempt(ONE, 6.0, True)
            metrics.failover(ONE, OTHER)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(write, range(16)))
    figures = metrics.figures()
    assert (figures.requests, figures.failover_count, figures.buckets[-1]) == (3200, 3200, 3200)
    assert len(metrics._recent) == KEPT


@pytest.mark.needs_linux
def test_a_forked_child_is_not_held_up_by_a_lock_of_its_parent():
    metrics = Metrics()
    with metrics._lock:
        child = os.fork()
        if not child:
            metrics.attempt(ONE, 1.0, True)
            os._exit(metrics.figures().requests)
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 1


@pytest.mark.parametrize(("share", "expected"), [(0.5, 6.0), (0.95, 10.0), (0.99, 10.0), (0.0, 1.0)])
def test_percentiles(share: float, expected: float):
    assert percentile([float(each) for each in range(1, 11)], share) == expected


def test_a_client_writes_to_what_it_was_given():
    class Parts:
        def __init__(self) -> None:
            self.parts: dict[str, Metrics] = {}

        def of(self, service: str) -> Metrics:
            return self.parts.setdefault(service, Metrics())

    own, parts = Metrics(), Parts()
    assert recorder_for(own, "api") is own
    assert recorder_for(parts, "api") is parts.parts["api"]
    assert isinstance(recorder_for(None, "api"), Metrics)
