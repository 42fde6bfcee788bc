"""What a monitor knows of one service. No I/O, no clock, no loop."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from portdash.health.checks import Check
from portdash.health.endpoint import Endpoint
from portdash.health.kernel import Liveness, Look, is_final, kernel_verdict, passive_verdict
from portdash.health.thresholds import Standing, step
from portdash.model.health import Health, HealthState

KEPT = 60
"""Checks whose latency is remembered."""
LONGEST_PAUSE = 60.0
"""Seconds between two checks of what has failed for long, unless its own interval is longer."""


class Watched(NamedTuple):
    """One service as it was last seen."""

    endpoint: Endpoint | None
    """Where it is asked; None where there is nothing to connect to."""
    check: Check
    look: Look = Look()
    pid: int | None = None
    """The process whose end is its end; None when it may not be read."""
    ticks: int = 0
    """When that process started, in kernel ticks."""


class Record:
    """The verdicts on one service, and what they rest on."""

    def __init__(self, watched: Watched) -> None:
        self.watched = watched
        self.passive = passive_verdict(watched.look)
        self.standing = Standing()
        self.latencies: deque[float | None] = deque(maxlen=KEPT)

    def see(self, watched: Watched) -> None:
        """Take in a new look. Another process on the same port starts with a clean record."""
        before = self.watched.look
        self.watched = watched
        self.passive = passive_verdict(watched.look, before)
        if watched.look.identity != before.identity:
            self.standing = Standing()

    def end(self) -> None:
        """Take in that its process has ended."""
        self.watched = self.watched._replace(look=self.watched.look._replace(liveness=Liveness.GONE))
        self.passive = kernel_verdict(self.watched.look)

    def note(self, found: Health) -> None:
        """Take in the outcome of a check."""
        bad = found.state.is_ill
        self.latencies.append(None if bad else found.latency_ms)
        self.standing = step(self.standing, found, self.watched.check.rules, age=self.watched.look.age)

    @property
    def verdict(self) -> Health:
        """What is shown: what needs no packet where that is bad news or all there is, else what the checks say."""
        if self.watched.check.probe is None or self.passive.state is not HealthState.HEALTHY:
            return self._passive_with_reason()
        shown = self.standing.shown
        is_unseen = not self.standing.checks and shown.state is HealthState.UNKNOWN and not shown.detail
        return self.passive if is_unseen else shown

    @property
    def may_ask(self) -> bool:
        """Whether a check could say more than is known."""
        return self.watched.check.probe is not None and self.watched.endpoint is not None and not is_final(self.passive)

    @property
    def pause(self) -> float:
        """Seconds until the next check: longer and longer for what keeps failing."""
        check = self.watched.check
        rounds = self.standing.failed // check.rules.failure_threshold - 1
        if rounds <= 0:
            return check.interval
        return min(check.interval * 2.0 ** min(rounds, 10), max(check.interval, LONGEST_PAUSE))

    def _passive_with_reason(self) -> Health:
        reason = self.watched.check.reason
        if not reason or self.passive.state is not HealthState.HEALTHY or self.passive.detail != "listens":
            return self.passive
        return Health(state=self.passive.state, level=self.passive.level, detail=reason)
