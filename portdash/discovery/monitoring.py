"""Watching the instances of a service: who asks is told when one goes down, and when it is back."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Iterable
from functools import partial
from threading import Thread, current_thread
from typing import TYPE_CHECKING, TypeVar

from portdash.discovery.checking import check_kind
from portdash.discovery.exits import Exits
from portdash.discovery.finding import LOG
from portdash.discovery.news import Change, News
from portdash.discovery.seconds import seconds_of
from portdash.errors import PortdashError
from portdash.forks import ForkLock
from portdash.manager.given import check_callback, no_use
from portdash.text import clean

if TYPE_CHECKING:
    from portdash.discovery.source import Source

Callback = Callable[[int, bool], object]
C = TypeVar("C", bound=Callback)

GLANCE = 1.0
"""Seconds between two glances at what is known: where no file tells of an end, it shows so much later."""
SOON = 0.5
"""Seconds after which somebody who went down is looked for; twice as long each time, up to the interval."""
PATIENCE = 5.0
"""Seconds that `stop` waits for the thread."""


class HealthWatch:
    """Looks at a source every `interval` seconds, at once when a process ends, and calls back with port and health.

    Callbacks run in the watch's thread, or, for a watch that was started with a loop, in that; what they raise is
    logged. The log says when an instance goes down and when it is back. In a forked child it does not run: start
    another. It neither opens nor closes the source.
    """

    def __init__(self, source: Source, *, interval: float | str = 30.0, logger: logging.Logger | None = None) -> None:
        if source is None:
            no_use("source", source, "a source of instances", hint='source=portdash.source_for("api")')
        check_kind("source", source)
        check_kind("logger", logger)
        self._source = source
        self._interval = seconds_of("interval", interval)
        self._log = logger or LOG
        self._callbacks: list[Callback] = []
        self._lock = ForkLock()
        self._exits: Exits | None = None
        """Those of the thread that is to run; one that has others has been stopped."""
        self._thread: Thread | None = None
        self._pid = os.getpid()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._said = ""
        """The trouble that was logged last, empty when all is well."""

    def on_health_change(self, callback: C) -> C:
        """Call `callback(port, healthy)` from now on; also a decorator."""
        check_callback(callback)
        self._callbacks.append(callback)
        return callback

    def start(self, loop: asyncio.AbstractEventLoop | None = None, *, interval: float | str | None = None) -> None:
        """Begin, in a thread of its own, unless it has begun; callbacks are called in `loop`, where there is one.

        An `interval` or `loop` that is said here counts from now on, also where it has begun. Raises UsageError for an
        interval that is none.
        """
        if interval is not None:
            self._interval = seconds_of("interval", interval)
        with self._lock:
            if self._thread is not None and self._pid == os.getpid():
                self._loop = loop or self._loop
                return
            self._pid, self._loop = os.getpid(), loop
            self._exits = exits = Exits()
            self._thread = Thread(target=self._run, args=(exits,), name="portdash-instances", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End; no callback is called from the thread after it has returned."""
        with self._lock:
            thread, self._thread = self._thread, None
            exits, self._exits = self._exits, None
            if thread is None or exits is None or self._pid != os.getpid():
                return
            exits.wake()
        if thread is not current_thread():
            thread.join(PATIENCE)

    def _run(self, exits: Exits) -> None:
        news, looked, pause = News(), float("-inf"), SOON
        try:
            while self._exits is exits:
                again = time.monotonic() >= looked + self._pause(news, pause)
                changes = self._look(exits, news, again=again)
                if again or changes:
                    pause = SOON if changes else 2 * pause
                    looked = time.monotonic()
                exits.sleep(min(GLANCE, looked + self._pause(news, pause) - time.monotonic()))
        finally:
            exits.close()

    def _pause(self, news: News, pause: float) -> float:
        """Return the seconds from one look to the next; the interval may be another by now."""
        return self._interval if news.all_well else min(pause, self._interval)

    def _look(self, exits: Exits, news: News, *, again: bool) -> list[Change]:
        """Look at what is known, and `again` at what there is; tell what changed, and return it."""
        changes = []
        try:
            changes += self._tell(exits, news.see(self._source.current())) if not again else []
            if again or changes:
                found = self._source.refresh()
                exits.watch(found)
                changes += self._tell(exits, news.see(found))
            self._said = ""
        except Exception as error:  # noqa: BLE001  the thread must outlive whatever it runs into, and says it
            text = error.message if isinstance(error, PortdashError) else f"{type(error).__name__}: {error}"
            if text != self._said:
                self._log.warning("instances cannot be looked for now, and it will be tried again: %s", clean(text))
            self._said = text
        return changes

    def _tell(self, exits: Exits, changes: Iterable[Change]) -> list[Change]:
        told = []
        for change in changes:
            if self._exits is not exits:
                break  # it was stopped while it looked
            if change.healthy:
                self._log.info("Instance %d recovered", change.port)
            else:
                self._log.warning("Instance %d unhealthy, initiating failover", change.port)
            told.append(change)
            for callback in tuple(self._callbacks):
                self._call(partial(callback, change.port, change.healthy))
        return told

    def _call(self, callback: Callable[[], object]) -> None:
        loop = self._loop
        if loop is None:
            self._guarded(callback)
        elif not loop.is_closed():
            loop.call_soon_threadsafe(self._guarded, callback)

    def _guarded(self, callback: Callable[[], object]) -> None:
        try:
            callback()
        except Exception:  # noqa: BLE001  a stranger's callback; whatever it raises is its own affair
            self._log.exception("a callback for health failed")
