"""Checking many services again and again, each on its own schedule, and telling what comes of it."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from functools import partial
from threading import Event as Flag
from threading import Thread, current_thread
from typing import Generic, TypeVar

from portdash.forks import ForkLock
from portdash.health.course import Course
from portdash.health.pulse import Pulse
from portdash.health.record import Watched
from portdash.model.health import Health

_log = logging.getLogger(__name__)

K = TypeVar("K", bound=Hashable)

GAP = 0.005
"""Seconds between the first checks of services that are new at the same time."""
PATIENCE = 5.0
"""Seconds that `stop` waits for the thread."""


class Monitor(Generic[K]):
    """Asks the services that it is told to watch, until it is stopped.

    `sink` is called with every verdict, `changed` with every one that differs in state from the one before, both in the
    thread that runs the checks. It knows no store: keys are whatever the caller calls its services. `watch`,
    `verdicts`, `pulses`, `hurry` and `stop` may be called from any thread. In a forked child it is as one that never
    started.
    """

    def __init__(
        self,
        sink: Callable[[K, Health], object] | None = None,
        *,
        changed: Callable[[K, Health, Health], object] | None = None,
    ) -> None:
        self._sink = sink
        self._changed = changed
        self._lock = ForkLock()
        self._begin_afresh()

    def _begin_afresh(self) -> None:
        self._pid = os.getpid()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped: asyncio.Event | None = None
        self._thread: Thread | None = None
        self._wanted: Mapping[K, Watched] = {}
        self._services: dict[K, Course] = {}
        self._verdicts: dict[K, Health] = {}

    def start(self) -> None:
        """Run in a thread of its own, unless it runs already; once it has returned, `watch` takes effect."""
        self._leave_parent()
        if self._thread is not None or self._loop is not None:
            return
        ready = Flag()
        self._thread = Thread(target=lambda: asyncio.run(self.run(ready.set)), name="portdash-health", daemon=True)
        self._thread.start()
        ready.wait(PATIENCE)

    async def run(self, ready: Callable[[], object] | None = None) -> None:
        """Run in the loop of the caller until `stop` is called or the task is cancelled. `ready` is called first."""
        self._leave_parent()
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        try:
            self._take(self._wanted)
            if ready:
                ready()
            await self._stopped.wait()
        finally:
            self._loop = self._stopped = None
            await asyncio.gather(*(service.end() for service in self._services.values()))
            self._services.clear()
            with self._lock:
                self._verdicts.clear()

    def stop(self) -> None:
        """End all checks, and the thread where there is one."""
        if self._pid != os.getpid():
            return
        self._in_loop(self._end)
        thread, self._thread = self._thread, None
        if thread is not None and thread is not current_thread():
            thread.join(PATIENCE)

    def watch(self, services: Mapping[K, Watched]) -> None:
        """Watch these from now on, and no others; called with each new look at the machine."""
        self._leave_parent()
        self._wanted = services
        self._in_loop(lambda: self._take(services))

    def verdicts(self) -> Mapping[K, Health]:
        """Return the verdict on each service that is watched."""
        self._leave_parent()
        with self._lock:
            return dict(self._verdicts)

    def pulses(self) -> dict[K, Pulse]:
        """Return what the checks of each service have come to, without those that are not asked."""
        services = list(self._services.items()) if self._pid == os.getpid() else []
        return {key: pulse for key, service in services if (pulse := service.pulse) is not None}

    def hurry(self, key: K) -> None:
        """Check a service now rather than at its time."""
        self._in_loop(lambda: self._wake(key))

    def _end(self) -> None:
        if self._stopped is not None:
            self._stopped.set()

    def _wake(self, key: K) -> None:
        if key in self._services:
            self._services[key].wake()

    def _in_loop(self, act: Callable[[], object]) -> None:
        loop = self._loop
        if loop is not None and self._pid == os.getpid():
            with suppress(RuntimeError):  # it has ended this very moment
                loop.call_soon_threadsafe(act)

    def _leave_parent(self) -> None:
        """In a forked child, let go of what is the parent's without touching it: its thread is not here."""
        if self._pid != os.getpid():
            _INHERITED.append((self._loop, self._services))
            self._begin_afresh()

    def _take(self, wanted: Mapping[K, Watched]) -> None:
        for key in [key for key in self._services if key not in wanted]:
            self._forget(key)
        delay = 0.0
        for key, watched in wanted.items():
            service = self._services.get(key)
            if service is not None and service.fits(watched):
                service.see(watched)
            else:
                self._forget(key)
                self._services[key] = service = Course(watched, partial(self._tell, key), delay=delay)
                delay += GAP if service.prober else 0.0
            self._tell(key, is_new=False)

    def _forget(self, key: K) -> None:
        service = self._services.pop(key, None)
        if service is not None:
            service.cancel()
            with self._lock:
                self._verdicts.pop(key, None)

    def _tell(self, key: K, *, is_new: bool = True) -> None:
        """Pass a verdict on; one that is not the outcome of a check only when it differs."""
        service = self._services.get(key)
        if service is None:
            return
        verdict, before = service.record.verdict, self._verdicts.get(key, _UNSEEN)
        if not is_new and verdict == before:
            return
        with self._lock:
            self._verdicts[key] = verdict
        try:
            if self._sink:
                self._sink(key, verdict)
            if self._changed and verdict.state is not before.state:
                self._changed(key, before, verdict)
        except Exception:  # noqa: BLE001  a stranger's callback; whatever it raises is its own affair
            _log.exception("a callback for health failed")


_UNSEEN = Health()
_INHERITED: list[object] = []
"""What a forked child has of its parent's monitors: kept as it is, for to close it would be to close the parent's."""
