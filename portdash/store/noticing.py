"""Waiting for a change of the store's file: asleep until the kernel tells of one, else by looks at its entry."""

from __future__ import annotations

import contextlib
import functools
import os
import select
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from portdash.store.closing import Closing
from portdash.store.resting import Entry, rest, settled

if TYPE_CHECKING:
    import ctypes

_CHANGES = 0x2 | 0x4 | 0x80 | 0x100 | 0x200
"""A file of the directory was written, had its attributes changed, was put there, made or deleted: inotify(7)."""
_ALL = 0x2000 | 0x4000 | 0x8000
"""Words were lost, or the directory itself has gone: anything may have changed."""
_HEAD = struct.Struct("iIII")
_CHUNK = 65536


class Changes(Protocol):
    """Knows whether a file may have changed."""

    def note(self) -> None:
        """Take the file as it is now for known; what is read after this is at least as new."""
        ...

    def wait(self, seconds: float) -> bool:
        """Wait until it may have changed since, at most `seconds`; say whether the store was closed."""
        ...


class _Looks:
    """Looks at the file's entry, twenty times a second."""

    def __init__(self, path: Path, closed: Closing) -> None:
        self._path = path
        self._closed = closed
        self._file: Entry | None = None

    def note(self) -> None:
        self._file = settled(self._path)

    def wait(self, seconds: float) -> bool:
        return rest(self._closed.wait, self._path, self._file, seconds)


class _Words:
    """Hears from the kernel what happens in the file's directory."""

    def __init__(self, descriptor: int, name: bytes, closed: Closing) -> None:
        self._descriptor = descriptor
        self._name = name
        self._closed = closed

    def note(self) -> None:
        """Nothing: each word since the last one is kept, and is heard at once when waiting."""

    def wait(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        with self._closed.readable() as end:
            poll = select.poll()
            for each in (end, self._descriptor):
                poll.register(each, select.POLLIN)
            while (remaining := until - time.monotonic()) > 0:
                ready = {descriptor for descriptor, _ in poll.poll(remaining * 1000)}
                if end in ready:
                    return True
                if ready and self._is_meant():
                    return False
        return False

    def _is_meant(self) -> bool:
        """Take what there is to hear; say whether it is about our file: there are others in its directory."""
        data = os.read(self._descriptor, _CHUNK)
        at, found = 0, False
        while at < len(data):
            _, mask, _, length = _HEAD.unpack_from(data, at)
            at += _HEAD.size
            found = found or bool(mask & _ALL) or data[at : at + length].rstrip(b"\0") == self._name
            at += length
        return found


@contextlib.contextmanager
def changes_of(path: Path, closed: Closing) -> Iterator[Changes]:
    """Know of the changes of a file while inside; `closed` ends every wait."""
    real = Path(os.path.realpath(path))
    descriptor = _told_of(real.parent)
    if descriptor is None:
        yield _Looks(path, closed)
        return
    try:
        yield _Words(descriptor, os.fsencode(real.name), closed)
    finally:
        os.close(descriptor)


@functools.cache
def _libc() -> ctypes.CDLL:
    """Return the C library. Each one that is opened makes classes that only the collector of cycles takes away."""
    import ctypes  # noqa: PLC0415  5 ms, only for who waits

    return ctypes.CDLL(None)


def _told_of(directory: Path) -> int | None:
    """Return what can be read when something changes in a directory, None where nothing tells."""
    if sys.platform != "linux":
        return None
    libc = _libc()
    descriptor: int = libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
    if descriptor < 0:  # as many as this user may have
        return None
    if libc.inotify_add_watch(descriptor, os.fsencode(directory), _CHANGES) < 0:  # no such directory yet
        os.close(descriptor)
        return None
    return descriptor
