"""How often a child may be started again. Pure."""

from typing import NamedTuple

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
"""Seconds before the first further start; twice as long before each next one, up to the longest."""
STARTS, WINDOW = 5, 300.0
"""So many further starts within so many seconds at most: what fails faster needs a person."""


class Budget(NamedTuple):
    """The further starts of one child so far, by the monotonic time of each, oldest first."""

    starts: tuple[float, ...] = ()

    def wait(self, now: float) -> float | None:
        """Return the seconds to wait before the next start, None when there were too many."""
        recent = len(self._recent(now))
        return None if recent >= STARTS else min(FIRST_WAIT * 2**recent, LONGEST_WAIT)

    def spent(self, now: float) -> "Budget":
        """Return what is left after one more start."""
        return Budget((*self._recent(now), now))

    def _recent(self, now: float) -> tuple[float, ...]:
        return tuple(start for start in self.starts if now - start < WINDOW)
