"""Telling interested callers what was changed."""

from collections.abc import Callable, Iterable
from threading import Lock

from portdash.model.storage import Event, EventKind

Callback = Callable[[Event], object]


class EventStream:
    """Callers subscribe with `on`; whoever changes something publishes. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._callbacks: dict[EventKind, list[Callback]] = {}

    def on(self, kind: EventKind | str, callback: Callback) -> Callable[[], None]:
        """Call `callback` with every later event of `kind`; the function returned ends that."""
        wanted = EventKind(kind)
        with self._lock:
            self._callbacks.setdefault(wanted, []).append(callback)

        def unsubscribe() -> None:
            with self._lock:
                if callback in self._callbacks[wanted]:
                    self._callbacks[wanted].remove(callback)

        return unsubscribe

    def publish(self, events: Iterable[Event]) -> None:
        """Call the subscribers of each event, outside any lock. One that fails is logged and stops nobody else."""
        for event in events:
            with self._lock:
                callbacks = tuple(self._callbacks.get(event.kind, ()))
            for callback in callbacks:
                try:
                    callback(event)
                except Exception:  # a stranger's callback; whatever it raises is its own affair
                    import logging  # noqa: PLC0415  2 ms that no command need pay: subscribers are a library's

                    logging.getLogger(__name__).exception("a callback for %r failed", event.kind.value)
