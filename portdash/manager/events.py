"""Telling interested callers what was changed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portdash.model.history import Event, EventKind

Callback = Callable[["Event"], object]


class EventStream:
    """Callers subscribe with `on`; whoever changes something publishes. Safe to use from several threads.

    Events are told one after the other, in the order in which they came in, and outside any lock: a callback may
    change something itself, and what comes of it is told after it has returned.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._callbacks: dict[EventKind, list[Callback]] = {}
        self._waiting: deque[Event] = deque()
        self._is_telling = False
        self._catch_up: Callable[[], None] | None = None

    def on(self, kind: EventKind | str, callback: Callback) -> Callable[[], None]:
        """Call `callback` with every later event of `kind`; the function returned ends that."""
        from portdash.model.history import EventKind  # noqa: PLC0415  commands subscribe to nothing

        wanted = EventKind(kind)
        with self._lock:
            self._callbacks.setdefault(wanted, []).append(callback)

        def unsubscribe() -> None:
            with self._lock:
                if callback in self._callbacks[wanted]:
                    self._callbacks[wanted].remove(callback)

        return unsubscribe

    def wants(self, *kinds: EventKind) -> bool:
        """Say whether anybody is called for one of these kinds."""
        with self._lock:
            return any(self._callbacks.get(kind) for kind in kinds)

    def follow(self, catch_up: Callable[[], None] | None) -> None:
        """From now on take events from a history that others write too: `catch_up` puts in those that are new there."""
        self._catch_up = catch_up

    def publish(self, events: Iterable[Event]) -> None:
        """Tell what this process has stored: as it stands, or, in its place among all others, from the history."""
        if self._catch_up is not None:
            self._catch_up()
        else:
            self.put(events)
        self.tell()

    def put(self, events: Iterable[Event]) -> None:
        """Let events wait for the next `tell`."""
        with self._lock:
            self._waiting.extend(events)

    def tell(self) -> None:
        """Call the subscribers of each event that waits. Where another thread is at it already, that one goes on."""
        with self._lock:
            if self._is_telling:
                return
            self._is_telling = True
        try:
            while told := self._next():
                event, callbacks = told
                for callback in callbacks:
                    _call(callback, event)
        except BaseException:  # Ctrl+C in a callback: the rest waits for the next to tell
            with self._lock:
                self._is_telling = False
            raise

    def _next(self) -> tuple[Event, tuple[Callback, ...]] | None:
        """Return the next event with who wants it; with none left, whoever puts one in has to tell it."""
        with self._lock:
            if not self._waiting:
                self._is_telling = False
                return None
            event = self._waiting.popleft()
            return event, tuple(self._callbacks.get(event.kind, ()))


def _call(callback: Callback, event: Event) -> None:
    """Call one subscriber; one that fails is logged and stops nobody else."""
    try:
        callback(event)
    except Exception:  # a stranger's callback; whatever it raises is its own affair
        import logging  # noqa: PLC0415  2 ms that no command need pay: subscribers are a library's

        logging.getLogger(__name__).exception("a callback for %r failed", event.kind.value)
