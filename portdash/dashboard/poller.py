"""The one thread that looks: each second, when asked to, and when the store has changed. It posts and touches nothing.

It cannot die: whatever a look raises is posted as text, and the next look comes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event
from typing import TYPE_CHECKING

from textual.message import Message

from portdash.dashboard.desk import Desk
from portdash.dashboard.messages import LookFailed, SnapshotTaken
from portdash.dashboard.store_watch import StoreWatch
from portdash.errors import PortdashError
from portdash.model import history
from portdash.model.snapshot import Snapshot
from portdash.text import clean

if TYPE_CHECKING:
    from portdash.dashboard.flaps import Flaps
    from portdash.dashboard.rows.facts import Facts
    from portdash.dashboard.starts import Starts

_log = logging.getLogger(__name__)

_PAUSE = 0.1
"""Seconds between the first table and what follows it."""


class Poller:
    """Looks through a desk until it is stopped. `run` belongs in a thread; the other methods may be called anywhere."""

    def __init__(self, desk: Desk, post: Callable[[Message], object], *, interval: float = 1.0) -> None:
        self._desk = desk
        self._post = post
        self._interval = interval
        self._stopped = Event()
        self._woken = Event()
        self._is_called = False
        self._store = StoreWatch(desk, self._woken.set)
        self._holds: set[str] = set()
        self._facts: Facts | None = None
        self._told_of: int | None = None
        """The revision that the events were read at; None while none were read."""
        self._watched: tuple[Starts, Flaps] | None = None
        self.with_history = False
        """Whether somebody looks at what has happened."""

    def run(self) -> None:
        """Look, post, wait, until stopped."""
        self._store.start()
        while not self._stopped.is_set():
            if not self._holds or self._is_called:
                self._is_called = False
                self._look()
            self._woken.wait(self._interval)
            self._woken.clear()

    def stop(self) -> None:
        """End `run` within a fraction of a second."""
        self._stopped.set()
        self._store.stop()
        self._woken.set()

    def look_now(self) -> None:
        """Look once without waiting, even while held."""
        self._is_called = True
        self._woken.set()

    def hold(self, why: str) -> None:
        """Stop looking until every hold is released."""
        self._holds = self._holds | {why}

    def release(self, why: str) -> None:
        """Take back a hold; the last one makes it look at once."""
        had, self._holds = bool(self._holds), self._holds - {why}
        if had and not self._holds:
            self._woken.set()

    def _look(self) -> None:
        try:
            seen = self._desk.look()
            self._tell(seen)
            self._desk.attend(seen)
        except PortdashError as error:
            self._post(LookFailed(error.message, error.hint))
        except Exception as error:  # noqa: BLE001  the dashboard outlives whatever a look runs into, and says it
            _log.exception("a look failed")
            self._post(LookFailed(clean(f"{type(error).__name__}: {error}")))

    def _tell(self, seen: Snapshot) -> None:
        from portdash.dashboard.rows.facts import digest  # noqa: PLC0415  not for the first frame

        is_first, snapshot = self._facts is None, self._marked(seen)
        self._facts = digest(
            snapshot,
            home=self._desk.home,
            keys=self._desk.keys,
            before=self._facts,
            pulses=self._desk.pulses(),
            events=self._events(snapshot),
            config_files=self._desk.config_files(snapshot),
            elsewhere=self._desk.elsewhere(),
            ends={} if is_first else self._desk.ends(snapshot),  # what is read for it is not for the first table
            to_do=self._desk.to_do(snapshot),
        )
        self._post(SnapshotTaken(self._facts))
        if is_first:
            self._stopped.wait(_PAUSE)  # what comes next loads much, and would hold up the drawing of the first table
        self._store.expect(snapshot.revision)

    def _marked(self, seen: Snapshot) -> Snapshot:
        """Return what was seen with what only who has looked before can tell of it: what is on its way, what flaps."""
        if self._watched is None:
            from portdash.dashboard.flaps import Flaps  # noqa: PLC0415  as above
            from portdash.dashboard.starts import Starts  # noqa: PLC0415  as above

            self._watched = Starts(self._desk.begun), Flaps(self._desk.is_done_to)
        starts, flaps = self._watched
        return flaps.marked(starts.marked(seen))

    def _events(self, snapshot: Snapshot) -> tuple[history.Event, ...]:
        """Return what has happened while somebody looks at it, read anew with each revision."""
        before = self._facts
        if not self.with_history:
            return before.events if before else ()
        if before is not None and self._told_of == snapshot.revision:
            return before.events
        events = self._desk.history()
        self._told_of = snapshot.revision  # what came in between is read once more
        return events
