"""Reading a small file of /proc/PID again and again, through files that stay open: one system call instead of four."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterable

from portdash.forks import ForkLock
from portdash.machine.procfs import PROC

_SIZE = 2048
"""Bytes: more than any of these files has."""
_SHARE_OF_FILES = 8
"""One in so many of the files we may have open is used for this."""
_MOST = 1024
FEW = 32
"""So many may be of processes that have ended, and as many more as there are living ones."""


class OpenStats:
    """Keeps the file of each process that is asked for often open, and no more than leave room for other files.

    May be asked from several threads. An open file is of one process for ever: who gets its pid later has another.
    """

    def __init__(self, *, proc: str = PROC, name: str = "stat", most: int | None = None) -> None:
        self._proc = proc
        self._name = name
        self._most = _room() if most is None else most
        self._lock = ForkLock()
        self._files: dict[int, int] = {}
        """By pid."""
        self._enough = FEW
        """With so many it is time to see who has ended: of one whom nobody asks for any more it does not show."""
        self._asked: set[int] = set()
        """Who was asked for since room was made last."""
        self.close = weakref.finalize(self, _close, self._files)
        """Let go of all; happens by itself with the last reference."""

    def read(self, pid: int, *, keep: bool = False) -> bytes | None:
        """Return the line of a process, None when there is no such process; with `keep` it will be asked for again."""
        with self._lock:
            return self._read(pid, keep=keep)

    def read_all(self, pids: Iterable[int]) -> dict[int, bytes | None]:
        """Return the line of each of many processes that will be asked for again, as `read` does."""
        found: dict[int, bytes | None] = {}
        pread, files = os.pread, self._files
        with self._lock:
            for pid in pids:  # hundreds each second
                try:
                    found[pid] = pread(files[pid], _SIZE, 0) or self._read(pid, keep=True)
                except (KeyError, OSError):
                    found[pid] = self._read(pid, keep=True)
            self._asked.update(found)
        return found

    def _read(self, pid: int, *, keep: bool) -> bytes | None:
        file = self._files.get(pid)
        if file is not None:
            self._asked.add(pid)
            if data := _line(file):
                return data
            os.close(self._files.pop(pid))  # another may have its pid by now
        return self._open(pid, keep=keep)

    def let_go(self) -> None:
        """Keep none open any more, until one is asked for with `keep` again."""
        with self._lock:
            _close(self._files)
            self._asked.clear()

    def _open(self, pid: int, *, keep: bool) -> bytes | None:
        try:
            file = os.open(f"{self._proc}/{pid}/{self._name}", os.O_RDONLY)
        except OSError:
            return None
        data = _line(file)
        if data and keep and self._has_room():
            self._files[pid] = file
            self._asked.add(pid)
        else:
            os.close(file)
        return data or None

    def _has_room(self) -> bool:
        """Say whether one more may stay open, after letting go of those that nobody has asked for lately."""
        if len(self._files) >= self._enough:
            for pid in [pid for pid, file in self._files.items() if not _line(file)]:
                os.close(self._files.pop(pid))
            self._enough = 2 * len(self._files) + FEW
        if len(self._files) >= self._most:
            for pid in self._files.keys() - self._asked:
                os.close(self._files.pop(pid))
            self._asked.clear()
        return len(self._files) < self._most


def _line(file: int) -> bytes:
    """Return what a file says now, nothing when its process is gone."""
    try:
        return os.pread(file, _SIZE, 0)
    except OSError:
        return b""


def _close(files: dict[int, int]) -> None:
    while files:
        os.close(files.popitem()[1])


def _room() -> int:
    """Return how many files may stay open."""
    import resource  # noqa: PLC0415 (not on Windows, which has no /proc either)

    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST if soft == resource.RLIM_INFINITY else min(_MOST, soft // _SHARE_OF_FILES)
