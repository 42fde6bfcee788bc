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
from collections.abc import Callable
from typing import NamedTuple

_KEPT = 1.0
"""Seconds that a thread stays for the next who waits: among many writers that is at once, and to start one is dear."""


class _Place(NamedTuple):
    """Which lock, and with what rights."""

    device: int
    inode: int
    access: int


_left: defaultdict[_Place, list["_Turn"]] = defaultdict(list)
_idle: list["_Waiter"] = []
_guard = threading.Lock()


def _forget() -> None:
    """Begin anew in a forked child: it has its parent's turns, without the threads that wait there."""
    global _guard  # noqa: PLW0603
    _left.clear()
    _idle.clear()
    _guard = threading.Lock()


os.register_at_fork(after_in_child=_forget)


def wait_in_turn(descriptor: int, patience: float, goes_on: Callable[[], bool]) -> bool:
    """Say whether `descriptor` got the lock within `patience` seconds, begun anew while `goes_on`. Raises OSError.

    The place in the queue is kept meanwhile: who left it and then asked for the lock through the same descriptor could
    be given it a moment before the turn that was left gives it back.
    """
    found = os.fstat(descriptor)
    access = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE
    place = _Place(found.st_dev, found.st_ino, access)
    if turn := _resumed(place):
        return turn.wait(patience, goes_on, descriptor)
    return _Turn(place, descriptor).wait(patience, goes_on)


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
        self._is_over = False
        self._over = threading.Lock()
        """Held until it is over."""
        self._over.acquire()
        self._error: OSError | None = None
        try:
            _let_wait(self)
        except RuntimeError as error:  # there is no room for one more
            os.close(self._descriptor)
            raise OSError(errno.EAGAIN, "no thread can be started to wait for the lock") from error

    def take_up(self) -> None:
        """Be wanted again. Under the guard."""
        _left[self._place].remove(self)
        if not _left[self._place]:
            del _left[self._place]

    def wait(self, patience: float, goes_on: Callable[[], bool], instead: int | None = None) -> bool:
        """Say whether the lock came within `patience` seconds, or as many more while `goes_on`. Raises OSError.

        The descriptor that the turn began with has it then, and so has `instead`, which becomes one of the same file.
        """
        try:
            came = self._over.acquire(timeout=patience)
            while not came and goes_on():
                came = self._over.acquire(timeout=patience)
        except BaseException:
            if not self._leave():
                os.close(self._descriptor)
            raise
        if not came and self._leave():
            return False
        try:
            if self._error:
                raise self._error
            if instead is not None:
                os.dup2(self._descriptor, instead, inheritable=False)
        finally:
            os.close(self._descriptor)
        return True

    def queue(self) -> None:
        """Wait for the lock, in a thread for this."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        except OSError as error:
            self._error = error
        with _guard:
            self._is_over = True
            is_left = self in _left.get(self._place, ())
            if is_left:
                self.take_up()
        if not is_left:
            self._over.release()
            return
        if self._error is None:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        os.close(self._descriptor)

    def _leave(self) -> bool:
        """Leave the turn in the queue, for whoever comes next; False when it is over already."""
        with _guard:
            if not self._is_over:
                _left[self._place].append(self)
                return True
        return False


class _Waiter:
    """A thread that queues, for one turn after another."""

    def __init__(self, turn: _Turn) -> None:
        self._turn = turn
        self._called = threading.Lock()
        """Held until there is another turn."""
        self._called.acquire()
        threading.Thread(target=self._work, name="portdash-lock", daemon=True).start()

    def call(self, turn: _Turn) -> None:
        """Queue for this one."""
        self._turn = turn
        self._called.release()

    def _work(self) -> None:
        while True:
            self._turn.queue()
            with _guard:
                _idle.append(self)
            if not self._called.acquire(timeout=_KEPT):
                with _guard:
                    if self in _idle:
                        _idle.remove(self)
                        return
                self._called.acquire()


def _let_wait(turn: _Turn) -> None:
    """Let a thread queue, one that is there if there is one. Raises RuntimeError."""
    with _guard:
        waiter = _idle.pop() if _idle else None
    if waiter is None:
        _Waiter(turn)
    else:
        waiter.call(turn)
