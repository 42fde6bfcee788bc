"""Waiting in the kernel's queue for a lock, with a limit that flock does not have. Where there is flock.

Whoever tries again and again instead is overtaken by everybody. So a thread waits, on a copy of the descriptor that it
can be left with. A turn that nobody waits for any more is resumed by the next who wants that lock: a dashboard beside a
writer that was stopped looks every second, and must not leave a thread behind each time.
"""

import errno
import fcntl
import os
import threading
from collections import defaultdict
from typing import NamedTuple


class _Place(NamedTuple):
    """Which lock, and with what rights."""

    device: int
    inode: int
    access: int


_left: defaultdict[_Place, list["_Turn"]] = defaultdict(list)
_guard = threading.Lock()


def _forget() -> None:
    """Begin anew in a forked child: it has its parent's turns, without the threads that wait there."""
    global _guard  # noqa: PLW0603
    _left.clear()
    _guard = threading.Lock()


os.register_at_fork(after_in_child=_forget)


def wait_in_turn(descriptor: int, patience: float) -> bool:
    """Say whether `descriptor` got the lock within `patience` seconds. Raises OSError."""
    found = os.fstat(descriptor)
    access = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE
    place = _Place(found.st_dev, found.st_ino, access)
    turn = _resumed(place) or _Turn(place, descriptor)
    return turn.wait(descriptor, patience)


def _resumed(place: _Place) -> "_Turn | None":
    """Return a turn that was left and still stands in the queue; it has to be waited for."""
    with _guard:
        turn = next(iter(_left.get(place, ())), None)
        if turn is not None:
            turn.take_up()
        return turn


class _Turn:
    """One place in the queue. What it is granted while nobody waits for it, it gives back."""

    def __init__(self, place: _Place, descriptor: int) -> None:
        self._place = place
        self._descriptor = os.dup(descriptor)
        self._over = threading.Event()
        self._error: OSError | None = None
        try:
            threading.Thread(target=self._queue, name="portdash-lock", daemon=True).start()
        except RuntimeError as error:  # there is no room for one more
            os.close(self._descriptor)
            raise OSError(errno.EAGAIN, "no thread can be started to wait for the lock") from error

    def take_up(self) -> None:
        """Be wanted again. Under the guard."""
        _left[self._place].remove(self)
        if not _left[self._place]:
            del _left[self._place]

    def wait(self, descriptor: int, patience: float) -> bool:
        """Say whether the lock came within `patience` seconds; `descriptor` has it then. Raises OSError."""
        try:
            self._over.wait(patience)
        except BaseException:
            if not self._leave():
                os.close(self._descriptor)
            raise
        if self._leave():
            return False
        try:
            if self._error:
                raise self._error
            os.dup2(self._descriptor, descriptor, inheritable=False)
        finally:
            os.close(self._descriptor)
        return True

    def _leave(self) -> bool:
        """Leave the turn in the queue, for whoever comes next; False when it is over already."""
        with _guard:
            if not self._over.is_set():
                _left[self._place].append(self)
                return True
        return False

    def _queue(self) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        except OSError as error:
            self._error = error
        with _guard:
            self._over.set()
            if self not in _left.get(self._place, ()):
                return
            self.take_up()
        if self._error is None:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        os.close(self._descriptor)
