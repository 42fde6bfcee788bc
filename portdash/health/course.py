"""The checks of one service, one after the other, with pauses between them."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import time
from collections.abc import Callable
from contextlib import suppress

from portdash.health.liveness import open_exit
from portdash.health.probing import Prober, prober_for
from portdash.health.pulse import Pulse
from portdash.health.record import Record, Watched
from portdash.model.health import Health, HealthLevel, HealthState

_log = logging.getLogger(__name__)

JITTER = 0.1
"""Share of an interval by which a pause is longer or shorter, so that checks do not fall into step."""


class Course:
    """One service in the monitor's loop: one task, so that its checks never overlap."""

    def __init__(self, watched: Watched, tell: Callable[[], object], *, delay: float) -> None:
        self.record = Record(watched)
        self.prober: Prober | None = None
        self.due: float | None = None
        """Unix time of the next check, None while one is under way."""
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._exit: int | None = None
        self._is_asking = False
        if watched.check.probe is not None and watched.endpoint is not None:
            self.prober = prober_for(watched.check.probe, watched.endpoint)
            self._task = self._loop.create_task(self._keep_asking(self.prober, delay))
        self._watch_exit()

    @property
    def pulse(self) -> Pulse | None:
        """What its checks have come to; None for one that is not asked."""
        check = self.record.watched.check
        if check.probe is None or self.prober is None:
            return None
        due = self.due if self.record.may_ask else None
        return Pulse(check.probe.name, check.interval, tuple(self.record.latencies.copy()), due)

    def fits(self, watched: Watched) -> bool:
        """Whether it is the same service, asked in the same way."""
        old = self.record.watched
        return (old.endpoint, old.check.probe) == (watched.endpoint, watched.check.probe)

    def see(self, watched: Watched) -> None:
        """Take in a new look."""
        record = self.record
        before, could_ask = record.watched, record.may_ask
        record.see(watched)
        is_other = before.look.identity != watched.look.identity
        if (before.pid, before.ticks) != (watched.pid, watched.ticks):
            self._watch_exit()
        if self.prober is None:
            return
        if is_other:
            self.prober.close()
        elif watched.look.queue and self.prober.holds and not self._is_asking:
            self.prober.let_go()  # others wait: it may be for us
        if is_other or (record.may_ask and not could_ask):
            self.wake()

    def wake(self) -> None:
        """End the pause before the next check."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def cancel(self) -> None:
        """Stop without waiting for it."""
        self._close_exit()
        if self._task:
            self._task.cancel()
        if self.prober:
            self.prober.close()

    async def end(self) -> None:
        """Stop, and wait for it."""
        self.cancel()
        if self._task:
            with suppress(asyncio.CancelledError):
                await self._task

    async def _keep_asking(self, prober: Prober, delay: float) -> None:
        await self._pause(delay)
        while True:
            record = self.record
            if record.may_ask:
                await self._ask(prober)
            await self._pause(record.pause * random.uniform(1 - JITTER, 1 + JITTER))  # noqa: S311  no secret

    async def _ask(self, prober: Prober) -> None:
        self._is_asking = True
        identity = self.record.watched.look.identity
        try:
            found = await prober.ask(self.record.watched.check.timeout)
        except Exception as error:  # noqa: BLE001  a fault of ours must not end the checks
            _log.exception("a check failed")
            found = Health(state=HealthState.UNKNOWN, level=HealthLevel.NONE, detail=type(error).__name__)
        finally:
            self._is_asking = False
        if self.record.watched.look.identity == identity:  # else it says something of a process that has ended
            self.record.note(found)
            self._tell()

    async def _pause(self, seconds: float) -> None:
        self._waiting = self._loop.create_future()
        self.due = time.time() + seconds
        handle = self._loop.call_later(seconds, self.wake)
        try:
            await self._waiting
        finally:
            self.due = None
            handle.cancel()

    def _watch_exit(self) -> None:
        self._close_exit()
        watched = self.record.watched
        if watched.pid is not None and watched.ticks:
            self._exit = open_exit(watched.pid, watched.ticks)
        if self._exit is not None:
            self._loop.add_reader(self._exit, self._has_ended)

    def _has_ended(self) -> None:
        self._close_exit()
        self.record.end()
        if self.prober:
            self.prober.close()
        self._tell()

    def _close_exit(self) -> None:
        if self._exit is not None:
            self._loop.remove_reader(self._exit)
            os.close(self._exit)
            self._exit = None
