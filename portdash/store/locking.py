"""The lock beside the store's file: one writer at a time, first come first served, and nobody waits for ever.

SQLite's own lock would do for safety, but its waiters poll and starve: the last of 32 writers waited 1.5 s, here 70 ms.
The file is never removed: a lock on a removed file is no lock.
"""

import contextlib
import errno
import os
import stat as modes
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from portdash.errors import StoreUnavailable
from portdash.store import trouble
from portdash.text import clean

_FLAGS = (
    os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
)

MOST_WAITS = 12
"""How often the patience is begun anew: two minutes of a store's, in which a crowd of a thousand is over."""

_READ_FLAGS = _FLAGS & ~(os.O_RDWR | os.O_CREAT) | os.O_RDONLY


@contextlib.contextmanager
def lock_file(path: str, *, patience: float, store: str) -> Iterator[int]:
    """Hold the lock file at `path` and yield its descriptor; `store` is what errors name.

    A crowd of processes is waited for as long as it gets on: it is one that holds for long who is too much. Raises
    StoreBusy when `store` has not changed in `patience` seconds, StoreReadOnly or StoreUnavailable when the file cannot
    be opened.
    """
    try:
        descriptor = os.open(path, _FLAGS, 0o600)
    except OSError as error:
        raise trouble.from_os(error, path, writing=True) from error
    try:
        if not _is_ordinary(descriptor):
            raise StoreUnavailable(f"{clean(path)} is in the way: it is not an ordinary file", hint="move it away")
        try:
            locked = _queue(descriptor, patience, store)
        except OSError as error:
            raise trouble.from_os(error, path, writing=True) from error
        if not locked:
            raise trouble.busy(store, patience)
        try:
            yield descriptor
        finally:
            _release(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def turn(path: str, *, patience: float, store: str) -> Iterator[None]:
    """Wait for a reader's turn among the writers, who leave no gap for one that only tries again and again.

    Where there is no lock file, or it may not be opened, there is no queue and nothing is waited for. Nothing is made.
    Raises StoreBusy when `store` has not changed in `patience` seconds, StoreUnavailable when the file system has no
    locks.
    """
    try:
        descriptor = os.open(path, _READ_FLAGS)
    except OSError:
        yield
        return
    try:
        try:
            came = not _is_ordinary(descriptor) or _queue(descriptor, patience, store)
        except OSError as error:
            raise trouble.from_os(error, path, writing=False) from error
        if not came:
            raise trouble.busy(store, patience)
        try:
            yield
        finally:
            _release(descriptor)
    finally:
        os.close(descriptor)


def _queue(descriptor: int, patience: float, store: str) -> bool:
    """Take the lock, waiting for it while those before us get on; say whether it came."""
    stamp, waits = _stamp(store), 1

    def goes_on() -> bool:
        nonlocal stamp, waits
        before, stamp, waits = stamp, _stamp(store), waits + 1
        return stamp != before and waits <= MOST_WAITS

    return _take(descriptor, patience, goes_on)


def _stamp(store: str) -> tuple[int, int] | None:
    """Return what is another after every change of a store's file; None while there is none."""
    try:
        found = Path(store).stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def _is_ordinary(descriptor: int) -> bool:
    """Say whether an open file is an ordinary one."""
    return modes.S_ISREG(os.fstat(descriptor).st_mode)


if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30
    """Byte that is locked: far behind the seal, because a locked byte cannot be read by others."""

    def _take(descriptor: int, patience: float, goes_on: Callable[[], bool]) -> bool:
        """Try again and again: Windows has no lock that waits with a limit."""
        deadline = time.monotonic() + patience
        while True:
            os.lseek(descriptor, _FAR, os.SEEK_SET)
            try:
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            except OSError as error:
                if error.errno not in (errno.EACCES, errno.EDEADLK):
                    raise
            else:
                return True
            if time.monotonic() > deadline:
                if patience <= 0 or not goes_on():
                    return False
                deadline = time.monotonic() + patience
            time.sleep(0.005)

    def _release(descriptor: int) -> None:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _take(descriptor: int, patience: float, goes_on: Callable[[], bool]) -> bool:
        """Take the lock, or queue for it."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if patience <= 0:  # who queued would get the lock after it gave up, and others find it taken meanwhile
                return False
            from portdash.store.turns import wait_in_turn  # noqa: PLC0415  mostly nobody is before us

            return wait_in_turn(descriptor, patience, goes_on)
        return True

    def _release(descriptor: int) -> None:
        """Unlock by name: a child that was forked meanwhile shares the descriptor, so closing it would not."""
        fcntl.flock(descriptor, fcntl.LOCK_UN)
