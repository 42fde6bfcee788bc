"""The events of a store since the last look, each once and in order, whichever process caused it."""

from portdash.model.history import Event
from portdash.model.storage import Store
from portdash.store.schema import EVENTS_KEPT

FIRST_READ = 64
"""Events asked for at first; four times as many until they reach back far enough."""


class HistoryTail:
    """Reads a store's events from where it stands on. For one thread at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._last: int | None = None
        """Sequence of the latest event that was read; None before the first look."""

    def skip(self) -> None:
        """Go to the end: only what happens from now on is read. Raises StoreError."""
        self._last = max((event.sequence for event in self._store.events(limit=1)), default=0)

    def read(self) -> tuple[tuple[Event, ...], int]:
        """Return what has happened since the last look, oldest first, and how much of it is not kept any more.

        The first look, and one at a store that was replaced by an older one, go to the end. Raises StoreError.
        """
        if self._last is None:
            self.skip()
            return (), 0
        found = self._reach_back(self._last)
        latest = found[0].sequence if found else 0
        if latest < self._last:
            self._last = latest
            return (), 0
        fresh = tuple(event for event in reversed(found) if event.sequence > self._last)
        missed = fresh[0].sequence - self._last - 1 if fresh else 0
        self._last = latest
        return fresh, missed

    def _reach_back(self, last: int) -> tuple[Event, ...]:
        limit = FIRST_READ
        while True:
            found = self._store.events(limit=limit)
            if len(found) < limit or found[-1].sequence <= last + 1 or limit >= EVENTS_KEPT:
                return found
            limit *= 4
