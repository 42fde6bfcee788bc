"""Events as they happen, to any number of streams, each with a queue of its own that cannot grow without end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

import msgspec

from portdash.errors import PortdashError
from portdash.manager.deps import Current, Deps
from portdash.manager.watcher import Watcher
from portdash.model.history import Event, EventKind
from portdash.report.history import event_json
from portdash.store.schema import EVENTS_KEPT

_log = logging.getLogger(__name__)

HEARTBEAT = 15.0
"""Seconds of silence after which a stream says that it is still there."""
MOST_WAITING = 256
"""Events that wait for one reader; one that falls further behind is cut off, and finds them again by its last id."""
MOST_STREAMS = 64
RETRY = 2000
"""Milliseconds after which a reader whose stream has ended comes back."""
_LOOKED_FOR = (EventKind.CONFLICT, EventKind.RESOLVED, EventKind.HEALTH)
"""What is found by looking at the machine, and not while nobody wants it."""


class Told(NamedTuple):
    """One event as it goes over the wire."""

    sequence: int
    """0 for one that is not in history."""
    text: bytes


Queue = asyncio.Queue[Told | None]
"""None ends the stream."""


class Streams:
    """Hands each event to every stream. Encodes it once. What is found by looking is judged by `current`."""

    def __init__(self, deps: Deps, *, current: Current | None = None) -> None:
        self._deps = deps
        self._current = current
        self._watcher: Watcher | None = None
        self._queues: set[Queue] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stops: list[Callable[[], None]] = []
        self._looking: list[Callable[[], None]] = []
        self.is_closing = False

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._queues)

    def start(self) -> None:
        """Follow the store from now on, in the running loop."""
        self._loop, self.is_closing = asyncio.get_running_loop(), False
        kinds = (kind for kind in EventKind if kind not in _LOOKED_FOR)
        self._stops = [self._deps.events.on(kind, self._take) for kind in kinds]
        self._watcher = Watcher(self._deps, current=self._current)
        self._watcher.start()

    def close(self) -> None:
        """End every stream."""
        self.is_closing = True
        for queue in self._queues:
            _end(queue)

    def stop(self) -> None:
        """End every stream and follow nothing any more."""
        self.close()
        for stop in (*self._stops, *self._looking):
            stop()
        self._looking = []
        if self._watcher is not None:
            self._watcher.stop()

    async def read(self, last: int | None) -> AsyncIterator[bytes]:
        """Yield what a reader gets; `last` is the id of the last event it had, None for one that is new."""
        async with self._joined() as queue:
            yield f"retry: {RETRY}\n: portdash events\n\n".encode()
            reached = 0
            if last is not None:
                for told in await asyncio.to_thread(self._since, last):
                    reached = told.sequence
                    yield told.text
            while True:
                try:
                    async with asyncio.timeout(HEARTBEAT):
                        following = await queue.get()
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                if following is None:
                    return
                if not 0 < following.sequence <= reached:
                    yield following.text

    @asynccontextmanager
    async def _joined(self) -> AsyncIterator[Queue]:
        queue: Queue = asyncio.Queue(MOST_WAITING)
        self._queues.add(queue)
        try:
            if self.is_closing or self.count > MOST_STREAMS:  # many may be let in before the first of them is counted
                _end(queue)
            else:
                await self._look()
            yield queue
        finally:
            self._queues.discard(queue)
            if not self._queues:
                self._look_no_more()

    async def _look(self) -> None:
        """Look for conflicts, and ask services how they do, while anybody reads."""
        if not self._looking:
            self._looking = [self._deps.events.on(kind, self._take) for kind in _LOOKED_FOR]
        if self._watcher is not None:
            await asyncio.to_thread(self._watcher.start, conflicts=True, health=True)

    def _look_no_more(self) -> None:
        for stop in self._looking:
            stop()
        self._looking = []

    def _since(self, last: int) -> list[Told]:
        """Return the events of history after one, oldest first, and before them how many are not kept any more."""
        try:
            found = self._deps.store.events(limit=EVENTS_KEPT)
        except PortdashError as error:
            _log.warning("the history cannot be read: %s", error.message)
            return []
        later = [event for event in reversed(found) if event.sequence > last]
        missed = later[0].sequence - last - 1 if later and len(found) == EVENTS_KEPT else 0
        told = [Told(event.sequence, encoded(event)) for event in later]
        if missed > 0:
            body = msgspec.json.encode({"events": missed})
            told.insert(0, Told(last, b"event: missed\ndata: " + body + b"\n\n"))
        return told

    def _take(self, event: Event) -> None:
        """Take an event from whatever thread tells it."""
        loop = self._loop
        if loop is not None and self._queues and not self.is_closing:
            told = Told(event.sequence, encoded(event))
            with suppress(RuntimeError):  # the loop has ended this very moment
                loop.call_soon_threadsafe(self._hand_out, told)

    def _hand_out(self, told: Told) -> None:
        for queue in self._queues:
            try:
                queue.put_nowait(told)
            except asyncio.QueueFull:
                _end(queue)


def encoded(event: Event) -> bytes:
    """Return one event as a server-sent one; what is not in history has no id to come back to."""
    identity = f"id: {event.sequence}\n" if event.sequence else ""
    return f"{identity}event: {event.kind.value}\ndata: ".encode() + msgspec.json.encode(event_json(event)) + b"\n\n"


def _end(queue: Queue) -> None:
    """End a stream, whatever still waits for its reader."""
    while queue.full():
        queue.get_nowait()
    queue.put_nowait(None)
