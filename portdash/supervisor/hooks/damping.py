"""Telling the same thing about the same service less often. Pure: times come from the caller."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

QUIET = 10.0
"""Seconds after something was told during which the same is only remembered; twice as long while it goes on."""
LONGEST = 600.0
"""Seconds that this may come to."""


@dataclass(slots=True)
class _Kept(Generic[V]):
    """Until when the same is only remembered, and what has come since."""

    until: float
    quiet: float
    latest: V | None = None
    count: int = 0


class Damper(Generic[K, V]):
    """The first of a kind passes at once. Of those that follow too soon the latest passes later, with their number."""

    def __init__(self, quiet: float = QUIET) -> None:
        self._quiet = quiet
        self._kept: dict[K, _Kept[V]] = {}

    def admit(self, key: K, value: V, now: float) -> bool:
        """Say whether it passes; else it is kept for `due`."""
        kept = self._kept.get(key)
        if kept is None:
            self._kept[key] = _Kept(now + self._quiet, self._quiet)
            return True
        kept.latest, kept.count = value, kept.count + 1
        return False

    def due(self, now: float) -> Iterator[tuple[K, V, int]]:
        """Yield what has waited long enough: the latest of each key, and how many came before it since the last."""
        for key, kept in list(self._kept.items()):
            if now < kept.until:
                continue
            if kept.latest is None:
                del self._kept[key]
                continue
            latest, before = kept.latest, kept.count - 1
            quiet = min(2 * kept.quiet, LONGEST)
            self._kept[key] = _Kept(now + quiet, quiet)
            yield key, latest, before
