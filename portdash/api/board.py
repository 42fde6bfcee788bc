"""The last look at everything, shared by all requests: the machine is looked at once a second, whoever asks."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Hashable
from hashlib import sha256
from threading import Lock
from typing import NamedTuple

import msgspec

from portdash.health.looks import passive_verdicts
from portdash.manager.deps import Deps
from portdash.manager.reloading import reloading_of
from portdash.model.snapshot import Snapshot
from portdash.planning.judging import with_health
from portdash.report.serialise import Json

_log = logging.getLogger("portdash.api")

FRESH = 1.0
"""Seconds for which a look counts, as long as the store has not changed."""


class Document(NamedTuple):
    """What one route answers with, until the next look."""

    body: bytes
    etag: str
    """Begins with the store's revision. Equal exactly when the body is."""
    revision: int
    stale_since: float | None = None
    """Unix time in seconds of the last contact with a store that is out of reach; None for one that is not."""


class View:
    """One look, with the documents made from it. Each is made once, by whoever asks first."""

    def __init__(self, snapshot: Snapshot, taken: float) -> None:
        self.snapshot = snapshot
        self.taken = taken
        """By the monotonic clock."""
        self._documents: dict[Hashable, Document] = {}

    @property
    def revision(self) -> int:
        """The store's revision at that moment."""
        return self.snapshot.revision

    def document(self, key: Hashable, make: Callable[[Snapshot], Json]) -> Document:
        """Return the document called `key`; `make` makes it."""
        found = self._documents.get(key)
        if found is None:
            body = msgspec.json.encode(make(self.snapshot))
            etag = f'"{self.revision}-{sha256(body).hexdigest()[:12]}"'
            found = self._documents[key] = Document(body, etag, self.revision, self.snapshot.stale_since)
        return found


class Board:
    """Looks when somebody asks and the last look is old. Any thread may ask; one looks at a time."""

    def __init__(self, deps: Deps, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._deps = deps
        self._reloading = reloading_of(deps)
        self._clock = clock
        self._lock = Lock()
        self._view: View | None = None
        self._revision = -1
        """Of the store, as far as anybody knows."""

    def note(self, revision: int) -> None:
        """Take note that the store has this revision: looks of another one are old."""
        self._revision = revision

    def fresh(self) -> View | None:
        """Return the last look, None if it is old."""
        view = self._view
        if view is None or view.revision != self._revision or self._clock() - view.taken >= FRESH:
            return None
        return view

    async def view(self) -> View:
        """Return a look that is not old. Raises StoreError, or PortdashError where the sockets cannot be read."""
        view = self.fresh()
        return view if view is not None else await asyncio.to_thread(self.look)

    def look(self, *, anew: bool = False) -> View:
        """As `view`, for a thread; `anew` looks however young the last look is."""
        asked = self._clock()
        with self._lock:
            view = self.fresh()
            if view is not None and (not anew or view.taken >= asked):
                return view
            taken = self._clock()
            snapshot = self._renewed().observer.snapshot()
            self._view = View(with_health(snapshot, passive_verdicts(snapshot)), taken)
            self._revision = snapshot.revision
            return self._view

    def deps(self) -> Deps:
        """Return what the manager works with, by the configuration as its files are now; for a thread."""
        with self._lock:
            return self._renewed()

    def _renewed(self) -> Deps:
        """Read the configuration anew where a file of it has changed; what makes no sense is said, and not used."""
        if self._reloading is not None:
            said = self._reloading.error
            self._deps = self._reloading.renewed(self._deps)
            if self._reloading.error not in ("", said):
                _log.warning("the configuration stays as it was: %s", self._reloading.error)
        return self._deps
