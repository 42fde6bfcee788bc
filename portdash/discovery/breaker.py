"""A circuit breaker for one instance, and the budget of repeats for all. Both are told the time. Pure."""

from __future__ import annotations

from enum import StrEnum

FAILURES = 5
"""So many in a row open it."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds that it stays open; twice as long after each trial that fails."""


class Circuit(StrEnum):
    """What a breaker lets through."""

    CLOSED = "closed"
    """Everything."""
    OPEN = "open"
    """Nothing."""
    HALF_OPEN = "half_open"
    """One trial, which decides."""


class Breaker:
    """Counts failures in a row and holds requests off an instance that had too many. Not thread-safe."""

    __slots__ = ("_failures", "_is_on_trial", "_opened_until", "_pause")

    def __init__(self) -> None:
        self._close()

    def _close(self) -> None:
        self._failures = 0
        self._opened_until: float | None = None
        self._pause = FIRST_PAUSE
        self._is_on_trial = False

    def circuit(self, now: float) -> Circuit:
        """Return its state."""
        if self._opened_until is None:
            return Circuit.CLOSED
        return Circuit.HALF_OPEN if now >= self._opened_until else Circuit.OPEN

    def allows(self, now: float) -> bool:
        """Whether a request may go through now."""
        circuit = self.circuit(now)
        return circuit is Circuit.CLOSED or (circuit is Circuit.HALF_OPEN and not self._is_on_trial)

    def begin(self, now: float) -> None:
        """Count a request that goes through."""
        self._is_on_trial = self._is_on_trial or self.circuit(now) is Circuit.HALF_OPEN

    def succeed(self) -> None:
        """Close it: the instance does its work."""
        self._close()

    def fail(self, now: float, *, for_certain: bool = False) -> bool:
        """Count a failure, which opens it at once where it is certain that the next would fail; say whether it opened.

        One that is open stays so as long as it was to.
        """
        self._failures += 1
        circuit = self.circuit(now)
        if circuit is Circuit.HALF_OPEN:
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
        elif circuit is Circuit.OPEN or not (for_certain or self._failures >= FAILURES):
            return False
        self._opened_until = now + self._pause
        self._is_on_trial = False
        return True

    def abandon(self) -> None:
        """Forget a request that came to no end: nothing is known of the instance."""
        self._is_on_trial = False


SHARE, RATE, SPAN = 0.2, 10.0, 10.0
"""Repeats for each request, and for each second; what is unused is kept for so many seconds."""


class RetryBudget:
    """How many requests may be repeated: a fifth of all, and ten a second for those with few. Not thread-safe.

    It keeps servers that are overloaded from being asked even more, because they answer late.
    """

    __slots__ = ("_filled_at", "_tokens")
    LARGEST = RATE * SPAN

    def __init__(self, now: float) -> None:
        self._tokens = self.LARGEST
        self._filled_at = now

    def earn(self) -> None:
        """Count a request."""
        self._tokens = min(self._tokens + SHARE, self.LARGEST)

    def has_room(self, now: float) -> bool:
        """Whether one more may be repeated."""
        self._tokens = min(self._tokens + (now - self._filled_at) * RATE, self.LARGEST)
        self._filled_at = now
        return self._tokens >= 1.0

    def spend(self) -> None:
        """Count a repeat."""
        self._tokens -= 1.0
