"""Writing down that the requests of a client go from one instance of its service to another again and again.

One such failover is what a client is for, and stands in its log and its figures. Several within a minute are news: they
become one line of history, which hooks, event streams and the dashboard read. It is written in a thread of its own, so
that no request waits for the store, and none fails with it.
"""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable
from contextlib import closing
from threading import Lock, Thread
from typing import TYPE_CHECKING

from portdash.errors import PortdashError
from portdash.manager.requests import put
from portdash.model.history import Event, EventKind
from portdash.model.names import split_qualified
from portdash.model.storage import RecordEvent
from portdash.record import record
from portdash.text import clean

if TYPE_CHECKING:
    from portdash.discovery.instance import Instance
    from portdash.manager.deps import Deps

_log = logging.getLogger(__name__)

REPEATED = 3
"""Failovers within the window that are told."""
WINDOW = 60.0
"""Seconds; after a line was written the next one comes so much later at the earliest."""
APART = 1.0
"""Seconds within which failovers from the same instance are one: many requests may meet the same failure."""


@record(kw_only=True)
class Failover:
    """One that is told, for all of its window."""

    from_port: int | None
    """None where the URL of the instance is fixed."""
    to_port: int | None
    why: str
    count: int
    """How many there were since the last that was told, within the window."""


class Failovers:
    """Counts, and has `write` called in another thread when there are too many. Safe to use from several threads.

    Times are monotonic seconds. A forked child counts anew.
    """

    def __init__(self, write: Callable[[Failover], None]) -> None:
        self._write = write
        self._begin()

    def _begin(self) -> None:
        self._pid, self._lock = os.getpid(), Lock()
        self._seen: deque[tuple[float, str]] = deque(maxlen=100)
        self._told = float("-inf")

    def note(self, left: Instance, taken: Instance, why: str, now: float) -> None:
        """Take note that a request went on from one instance to another. Neither waits nor raises."""
        if self._pid != os.getpid():
            self._begin()
        with self._lock:
            while self._seen and now - self._seen[0][0] >= WINDOW:
                self._seen.popleft()
            if any(url == left.url and now - at < APART for at, url in self._seen):
                return
            self._seen.append((now, left.url))
            if len(self._seen) < REPEATED or now - self._told < WINDOW:
                return
            self._told, count = now, len(self._seen)
            self._seen.clear()
        told = Failover(from_port=left.port, to_port=taken.port, why=why, count=count)
        try:
            Thread(target=self._tell, args=(told,), name="portdash-failover", daemon=True).start()
        except RuntimeError as error:  # there can be no more threads, or the interpreter ends
            _log.debug("a failover is not written down: %s", error)

    def _tell(self, told: Failover) -> None:
        try:
            self._write(told)
        except PortdashError as error:
            _log.info("a failover is not written down: %s", clean(error.message))
        except Exception as error:  # noqa: BLE001  whatever it is, requests go on; and it is said
            _log.warning("a failover is not written down: %s", clean(f"{type(error).__name__}: {error}"))


def writer(name: str, open_deps: Callable[[], Deps], *, workspace: str | None = None) -> Callable[[Failover], None]:
    """Return what writes a failover of a service into the store that `open_deps` opens; in read-only mode it does not.

    What it returns raises PortdashError where the store cannot be opened or written.
    """
    where, bare = split_qualified(name)

    def write(told: Failover) -> None:
        with closing(open_deps()) as deps:
            if not deps.config.read_only:
                place = workspace or where or deps.place.workspace.name
                put(deps, f"failover of {bare}", (RecordEvent(_line(deps, bare, place, told)),))

    return write


def _line(deps: Deps, service: str, workspace: str, told: Failover) -> Event:
    return Event(
        kind=EventKind.FAILOVER,
        at=deps.clock.now(),
        workspace=workspace,
        service=service,
        actor=deps.actor,
        reason=f"{told.count} times within {WINDOW:g} s, the last: {told.why}",
        from_port=told.from_port,
        to_port=told.to_port,
        host=deps.place.host,
    )
