"""A clock that stands still until it is moved."""


class FrozenClock:
    """Tells the time it was given. `advance` moves it, for tests."""

    def __init__(self, now: float) -> None:
        self._now = now
        self._monotonic = 0.0

    def now(self) -> float:
        """Return unix time in seconds."""
        return self._now

    def monotonic(self) -> float:
        """Return the seconds it was moved by so far."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`; backwards is not possible."""
        if seconds < 0:
            raise ValueError(f"time does not run backwards: {seconds}")
        self._now += seconds
        self._monotonic += seconds
