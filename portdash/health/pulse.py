"""What the checks of one service have come to so far, for who shows more of it than the verdict."""

from typing import NamedTuple


class Pulse(NamedTuple):
    """One moment of the checks of a service that is asked."""

    asked: str
    """What is done, in few words: `GET /health`, `redis`."""
    interval: float
    """Seconds from one check to the next while all is well."""
    latencies: tuple[float | None, ...] = ()
    """Milliseconds of the last checks, the latest last; None for one that failed."""
    due: float | None = None
    """Unix time of the next check; None while one is under way, and before the first is planned."""
