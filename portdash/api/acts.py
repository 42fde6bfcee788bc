"""What requests have begun to change, each in a thread of its own that does not keep the process from ending."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from threading import Event, Lock, Thread
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

AT_ONCE = 32
"""Acts that are under way at a time; further ones wait for their turn."""
_GLANCE = 0.2
"""Seconds after which a wait for the end looks whether it is to be cut short."""


class Acts:
    """Runs what blocks, and knows what of it is not done yet."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._under_way: set[Thread] = set()
        self._places = asyncio.Semaphore(AT_ONCE)

    async def run(self, act: Callable[P, T], *asked: P.args, **said: P.kwargs) -> T:
        """Return or raise what `act` does. Who is cancelled waits no more; the act goes on."""
        async with self._places:
            return await asyncio.wrap_future(self._begin(partial(act, *asked, **said)))

    def _begin(self, act: Callable[[], T]) -> Future[T]:
        outcome: Future[T] = Future()
        outcome.set_running_or_notify_cancel()  # it cannot be taken back any more

        def work() -> None:
            try:
                outcome.set_result(act())
            except Exception as error:  # noqa: BLE001  for who waits
                outcome.set_exception(error)
            finally:
                with self._lock:
                    self._under_way.discard(thread)

        thread = Thread(target=work, name="portdash-act", daemon=True)
        with self._lock:
            self._under_way.add(thread)
        thread.start()
        return outcome

    def wait(self, seconds: float, *, hurry: Event) -> int:
        """Wait until all is done, at most so long or until somebody is in a `hurry`; return how much is not."""
        until = time.monotonic() + seconds
        while (left := self._left()) and (remaining := until - time.monotonic()) > 0 and not hurry.is_set():
            left[0].join(min(_GLANCE, remaining))
        return len(left)

    def _left(self) -> list[Thread]:
        with self._lock:
            return list(self._under_way)
