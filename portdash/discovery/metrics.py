"""What a client's requests and looks have come to, in figures. Plain, and safe to write to from several threads."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, deque
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from portdash.forks import ForkLock
from portdash.record import record

if TYPE_CHECKING:
    from portdash.discovery.instance import Instance

KEPT = 2048
"""Attempts whose time is remembered for the percentiles; counts and sums are of all."""
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Upper bounds, in seconds, between which attempts that went well are counted."""


class Recorder(Protocol):
    """Who is told what a client does. Called in the request path, from any thread: neither waits nor raises."""

    def found(self, count: int, /) -> None:
        """Take note of a look that found so many instances."""
        ...

    def attempt(self, instance: Instance, seconds: float, ok: bool, /) -> None:
        """Take note of one attempt at one instance, and whether it was answered as it should be."""
        ...

    def failover(self, left: Instance, taken: Instance, /) -> None:
        """Take note that a request went on from one instance to another."""
        ...


class Part(Protocol):
    """What several services are told to, each to a part of its own."""

    def of(self, service: str) -> Recorder:
        """Return the part of one service, the same at each call."""
        ...


@record(kw_only=True)
class Figures:
    """The figures at one moment. Times are of attempts that went well."""

    instances_found: int
    """By the last look."""
    looks: int
    misses: int
    """Looks that found none."""
    requests: int
    """Attempts, each instance that was tried counted."""
    failures: int
    failover_count: int
    total_seconds: float
    p50: float | None
    """Seconds; None where nothing went well yet."""
    p95: float | None
    p99: float | None
    buckets: tuple[int, ...]
    """Attempts within each of `BUCKETS`, and last those beyond."""
    outcomes: tuple[tuple[int | None, bool, int], ...]
    """How often attempts at each port went well, and did not."""

    @property
    def avg_response_time(self) -> timedelta:
        """The mean; zero where nothing went well yet."""
        well = self.requests - self.failures
        return timedelta(seconds=self.total_seconds / well if well else 0.0)

    @property
    def availability(self) -> float | None:
        """Share of attempts that went well; None where there were none."""
        return (self.requests - self.failures) / self.requests if self.requests else None


class Metrics:
    """Implements `Recorder`, and is read at any time: `metrics.failover_count`, or all at once with `figures()`."""

    def __init__(self) -> None:
        self._lock = ForkLock()
        self._instances = self._looks = self._misses = self._failovers = 0
        self._seconds = 0.0
        self._recent: deque[float] = deque(maxlen=KEPT)
        self._buckets = [0] * (len(BUCKETS) + 1)
        self._outcomes: Counter[tuple[int | None, bool]] = Counter()

    def found(self, count: int, /) -> None:
        """Take note of a look that found so many instances."""
        with self._lock:
            self._instances = count
            self._looks += 1
            self._misses += not count

    def attempt(self, instance: Instance, seconds: float, ok: bool, /) -> None:
        """Take note of one attempt at one instance, and whether it was answered as it should be."""
        with self._lock:
            self._outcomes[instance.port, ok] += 1
            if ok:
                self._seconds += seconds
                self._recent.append(seconds)
                self._buckets[bisect_left(BUCKETS, seconds)] += 1

    def failover(self, left: Instance, taken: Instance, /) -> None:  # noqa: ARG002  which ones is for others to keep
        """Take note that a request went on from one instance to another."""
        with self._lock:
            self._failovers += 1

    def figures(self) -> Figures:
        """Return all figures, as they are at one moment."""
        with self._lock:
            recent, outcomes = sorted(self._recent), dict(self._outcomes)
            return Figures(
                instances_found=self._instances,
                looks=self._looks,
                misses=self._misses,
                requests=sum(outcomes.values()),
                failures=sum(count for (_, ok), count in outcomes.items() if not ok),
                failover_count=self._failovers,
                total_seconds=self._seconds,
                p50=percentile(recent, 0.50),
                p95=percentile(recent, 0.95),
                p99=percentile(recent, 0.99),
                buckets=tuple(self._buckets),
                outcomes=tuple((port, ok, count) for (port, ok), count in outcomes.items()),
            )

    @property
    def instances_found(self) -> int:
        """How many instances the last look found."""
        return self._instances

    @property
    def failover_count(self) -> int:
        """How often a request went on to another instance."""
        return self._failovers

    @property
    def avg_response_time(self) -> timedelta:
        """Mean time of the attempts that went well."""
        return self.figures().avg_response_time


def recorder_for(metrics: Recorder | Part | None, service: str) -> Recorder:
    """Return what the client of a service writes to: what it was given, of that its part, or figures of its own."""
    if metrics is None:
        return Metrics()
    return metrics.of(service) if hasattr(metrics, "of") else metrics


def percentile(ordered: list[float], share: float) -> float | None:
    """Return the value below or at which `share` of the ascending values lie; None where there are none."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None
