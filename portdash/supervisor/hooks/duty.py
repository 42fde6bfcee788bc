"""Which process runs a hook: whoever holds its lock file. The system gives it back when that process ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)


class Duties:
    """The locks that this process holds in a directory. Close it when done."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._held: dict[str, int] = {}

    def take(self, name: str) -> bool:
        """Say whether this process holds the lock of that name; take it where nobody does. Raises OSError."""
        if name in self._held:
            return True
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Never removed: a lock on a removed file is no lock.
        descriptor = os.open(self._directory / f"{name}.lock", _FLAGS, 0o600)
        try:
            _lock(descriptor)
        except OSError as error:
            os.close(descriptor)
            if isinstance(error, (BlockingIOError, PermissionError)):  # Windows calls it the latter
                return False
            raise
        self._held[name] = descriptor
        return True

    def keep(self, names: Collection[str]) -> None:
        """Give back all but those of these names."""
        for name in self._held.keys() - set(names):
            with suppress(OSError):
                os.close(self._held.pop(name))

    def close(self) -> None:
        """Give all of them back."""
        for descriptor in self._held.values():
            with suppress(OSError):
                os.close(descriptor)
        self._held.clear()


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
