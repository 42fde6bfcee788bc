"""A lock that a forked child finds free: a thread that is not in the child may have held it."""

import os
from threading import Lock
from types import TracebackType
from weakref import WeakSet


class ForkLock:
    """For `with`, as `threading.Lock`, but free in a forked child, whoever held it in the parent; not reentrant.

    A child that was forked by the holder itself leaves the `with` as the parent does.
    """

    __slots__ = ("__weakref__", "_held", "_lock")

    def __init__(self) -> None:
        self._held = self._lock = Lock()
        _ALL.add(self)

    def __enter__(self) -> None:
        lock = self._lock
        lock.acquire()
        self._held = lock

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.release()

    def free(self) -> None:
        """Begin anew, as nobody's."""
        self._lock = Lock()


_ALL = WeakSet[ForkLock]()


def _free_all() -> None:
    for each in tuple(_ALL):
        each.free()


if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    os.register_at_fork(after_in_child=_free_all)
