"""What is being done through the dashboard at a moment: what quitting waits for, and what goes on without it."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from portdash.supervisor.cancelling import Cancel

OWN_FOR = 5.0
"""Seconds after an act during which what changes is taken for its effect."""


class UnderWay:
    """Acts that threads carry out. Safe to ask from any thread; `now` returns unix time in seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = Lock()
        self._acting = 0
        self._waiting: set[Cancel] = set()
        self._is_let_go = False
        self.over_at: float | None = None
        """Unix time at which something was last done, None where nothing was."""
        self.begun = 0
        """How many acts that quitting waits for were begun so far."""

    @property
    def is_waited_for(self) -> bool:
        """Whether there is something that must not be left half done."""
        return self._acting > 0

    @property
    def goes_on(self) -> bool:
        """Whether there is something that another process will bring to its end, whether we are there or not."""
        return bool(self._waiting)

    def explains(self, at: float) -> bool:
        """Say whether what is seen at a time (unix) may have come of what is done, or was a moment before."""
        if self.is_waited_for or self.goes_on:
            return True
        return self.over_at is not None and abs(at - self.over_at) <= OWN_FOR

    @contextmanager
    def acting(self) -> Iterator[None]:
        """Be waited for while inside."""
        with self._lock:
            self._acting += 1
            self.begun += 1
        try:
            yield
        finally:
            self.over_at = self._now()
            with self._lock:
                self._acting -= 1

    @contextmanager
    def waiting(self) -> Iterator[Cancel]:
        """Yield what is asked once nobody waits any more: what is waited for inside goes on by itself."""
        from portdash.supervisor.cancelling import Cancel  # noqa: PLC0415  the first look waits for nothing

        leave = Cancel()
        with self._lock:
            self._waiting.add(leave)
            is_let_go = self._is_let_go
        if is_let_go:
            leave.ask()
        try:
            yield leave
        finally:
            self.over_at = self._now()
            with self._lock:
                self._waiting.remove(leave)

    def let_go(self) -> None:
        """Wait for nothing that goes on by itself, from now on."""
        with self._lock:
            self._is_let_go = True
            waiting = tuple(self._waiting)
        for leave in waiting:
            leave.ask()
