"""The thread through which a program hears what other processes do, and which conflicts come and go."""

from __future__ import annotations

import logging
from collections.abc import Callable
from os import getpid
from threading import Event as Flag
from threading import Lock, Thread, current_thread
from typing import TYPE_CHECKING

from portdash.errors import StoreError
from portdash.manager.deps import Current, Deps
from portdash.manager.history_tail import HistoryTail
from portdash.manager.troubles import Troubles
from portdash.model.history import EventKind
from portdash.text import clean

if TYPE_CHECKING:
    from portdash.manager.vigil import Vigil

_log = logging.getLogger(__name__)

LOOK = 1.0
"""Seconds between two looks at the machine, where conflicts are asked for; the store is watched without a pause."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds to wait when the store or the machine cannot be read; twice as long each time."""
PATIENCE = 5.0
"""Seconds that `stop` waits for the thread."""


class Watcher:
    """Feeds the events of the store into the stream of `deps`, each once, in order, our own among them.

    It starts with the first `start` and writes nothing. Trouble is logged once and tried again, less and less often.
    A thread does not live on in a forked child: that needs a manager of its own. `current` is by what the machine is
    looked at where the configuration may be another by then.
    """

    def __init__(self, deps: Deps, *, look: float = LOOK, current: Current | None = None) -> None:
        self._deps = deps
        self._current = current or (lambda: deps)
        self._look = look
        self._pid = getpid()
        self._lock = Lock()
        self._tail = HistoryTail(deps.store)
        self._troubles: Troubles | None = None
        self._vigil: Vigil | None = None
        self._thread: Thread | None = None
        self._stopped = Flag()
        self._said = ""
        """The trouble that was logged last, empty when all is well."""

    def start(self, *, conflicts: bool = False, health: bool = False) -> None:
        """See to it that events come in: from now on those of the store, with `conflicts` those of the machine too.

        With `health` services are asked how they are.

        Once it has returned nothing is missed, unless the store cannot be read: then from when it can.
        """
        with self._lock:
            if self._stopped.is_set():
                raise StoreError("the manager is closed", hint="make a new PortManager")
            if self._thread is None:
                self._attempt(self._tail.skip)
            if conflicts and self._troubles is None:
                self._troubles = Troubles(self._deps.actor)
                self._attempt(self._take_stock)
            if health and self._vigil is None:
                from portdash.manager.vigil import Vigil  # noqa: PLC0415  it loads asyncio

                self._vigil = Vigil(self._deps)
            if self._thread is None:
                self._deps.events.follow(self.catch_up)
                self._thread = Thread(target=self._run, name="portdash-events", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End the thread; one that waits for the store ends when that is closed."""
        self._stopped.set()

    def join(self) -> None:
        """Wait until the thread has ended; it may be the caller."""
        thread = self._thread
        if thread is not None and thread is not current_thread():
            thread.join(PATIENCE)

    def catch_up(self) -> None:
        """Put what is new in the history into the stream; trouble with that is left to the thread."""
        if self._pid != getpid():
            return  # a thread that is not here may hold the lock
        with self._lock:
            self._attempt(self._read)

    def _run(self) -> None:
        revision, pause = -1, FIRST_PAUSE
        while not self._stopped.is_set():
            try:
                revision = self._turn(revision)
            except Exception as error:  # noqa: BLE001  the thread must outlive whatever it runs into, and says it
                self._complain(error)
                self._stopped.wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                self._said, pause = "", FIRST_PAUSE
        if self._vigil is not None:
            self._vigil.stop()

    def _turn(self, revision: int) -> int:
        """Wait for a change or a while, tell what is new, and return the revision that the store has."""
        found = self._deps.store.watch(revision, self._look)
        if self._stopped.is_set():
            return found
        if found != revision:
            with self._lock:
                self._read()
            self._deps.events.tell()
        if self._looks():
            deps = self._current()
            snapshot = deps.observer.snapshot()
            with self._lock:
                self._read()  # a conflict that the history says is settled must not be seen to be gone before
                if self._troubles is not None:
                    self._deps.events.put(self._troubles.see(snapshot))
                vigil = self._vigil
            if vigil is not None:
                vigil.see(snapshot, deps.config)
            self._deps.events.tell()
        return found

    def _looks(self) -> bool:
        """Say whether the machine is to be looked at; it is not once the last who listened for that has left."""
        with self._lock:
            if self._troubles is not None and not self._deps.events.wants(EventKind.CONFLICT, EventKind.RESOLVED):
                self._troubles = None
            vigil = self._vigil
            if vigil is not None and not self._deps.events.wants(EventKind.HEALTH):
                vigil.stop()
                self._vigil = None
            return self._troubles is not None or self._vigil is not None

    def _read(self) -> None:
        events, missed = self._tail.read()
        if missed:
            _log.warning("%d events were missed: the history does not reach back far enough", missed)
        self._deps.events.put(self._troubles.sift(events) if self._troubles else events)

    def _take_stock(self) -> None:
        assert self._troubles is not None
        self._troubles.begin(self._current().observer.snapshot())

    def _attempt(self, act: Callable[[], None]) -> None:
        """Do something that may be done later as well."""
        try:
            act()
        except Exception as error:  # noqa: BLE001  the thread does it again
            self._complain(error)

    def _complain(self, error: Exception) -> None:
        """Log a trouble when it begins; not when it is that the store is closed with us."""
        text = f"{type(error).__name__}: {clean(str(error))}"
        if text != self._said and not self._stopped.is_set():
            self._said = text
            _log.warning("events cannot be followed for now, and it will be tried again: %s", text)
