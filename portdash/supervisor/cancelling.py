"""Calling off what is under way in another thread."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock


class Cancel:
    """Asked once, it stays asked. Safe to ask from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._end: Callable[[], None] | None = None
        self._is_asked = False

    @property
    def is_asked(self) -> bool:
        """Whether it was asked for."""
        return self._is_asked

    def ask(self) -> None:
        """Have what is under way end, now or as soon as it has begun."""
        with self._lock:
            is_first, self._is_asked = not self._is_asked, True
            if is_first and self._end is not None:
                self._end()

    @contextmanager
    def ending_by(self, end: Callable[[], None]) -> Iterator[None]:
        """Call `end`, once, if it is asked for while inside or was before."""
        with self._lock:
            self._end = end
            if self._is_asked:
                end()
        try:
            yield
        finally:
            with self._lock:
                self._end = None
