"""What a client knows of one instance: how fast it is, what is under way, whether it may be asked. Pure."""

from __future__ import annotations

import math

from portdash.discovery.breaker import FAILURES, Breaker, Circuit
from portdash.discovery.instance import Instance
from portdash.discovery.policy import Kind, Verdict
from portdash.record import record

UNTRIED = 0.010
"""Seconds that are assumed of one that was never asked; whoever takes longer than that is not kept for being known."""
MEMORY = 10.0
"""Seconds in which a slow answer is forgotten to about a third."""
PENALTY = 0.1
"""Seconds that a failure counts for at least."""
CERTAIN = frozenset((Kind.REFUSED, Kind.STOPPED, Kind.HUNG))
"""On one machine the next request would fail as well."""


@record(kw_only=True)
class Standing:
    """How one instance stands with a client, to show."""

    instance: Instance
    circuit: Circuit
    in_flight: int
    latency: float | None
    """Seconds to an answer, slow ones remembered longer; None where it was never asked."""


class Track:
    """Keeps the figures of one instance. Not thread-safe."""

    __slots__ = ("_at", "_breaks", "_latency", "breaker", "in_flight", "seen_at", "was_stopped")

    def __init__(self, instance: Instance) -> None:
        self.breaker = Breaker()
        self.in_flight = 0
        self._breaks = 0
        self.was_stopped = False
        self.seen_at = -math.inf
        """When its process was last looked at, and what was seen then."""
        answered = instance.health.latency_ms
        self._latency = None if answered is None else answered / 1000
        self._at = -math.inf

    def latency(self, now: float) -> float | None:
        """Return seconds to an answer by peak EWMA: a slow answer counts at once, and fades."""
        if self._latency is None or self._latency <= UNTRIED:
            return self._latency
        return UNTRIED + (self._latency - UNTRIED) * math.exp((self._at - now) / MEMORY)

    def begin(self, now: float) -> None:
        """Count a request that is sent."""
        self.in_flight += 1
        self.breaker.begin(now)

    def judge(self, verdict: Verdict, seconds: float, now: float) -> bool:
        """Take note of what came of it; say whether the breaker opened."""
        if verdict.kind is Kind.ABANDONED:
            self.breaker.abandon()
            return False
        if verdict.kind is Kind.ANSWERED:
            self._learn(seconds, now)
            self.breaker.succeed()
            return False
        self._learn(max(seconds, PENALTY), now)  # or one that fails fast would be the fastest
        return self.breaker.fail(now, for_certain=verdict.kind in CERTAIN)

    def done(self, now: float, *, broke: bool) -> bool:
        """Count a request as over. Answers that break off in a row open the breaker, which each had closed; say so."""
        self.in_flight -= 1
        self._breaks = self._breaks + 1 if broke else 0
        return broke and self.breaker.fail(now, for_certain=self._breaks >= FAILURES)

    def _learn(self, seconds: float, now: float) -> None:
        before = self._latency
        if before is None or seconds >= before or self._at == -math.inf:
            self._latency = seconds
        else:
            weight = math.exp((self._at - now) / MEMORY)
            self._latency = before * weight + seconds * (1 - weight)
        self._at = now
