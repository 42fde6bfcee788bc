"""Which processes have ended: one question for all of them, a microsecond, where the kernel has pidfds."""

from __future__ import annotations

import os
import select
import weakref

_SHARE_OF_FILES = 2
"""One in so many of the files we may have open is used for this."""
_MOST = 4096


class Lifetimes:
    """Watches processes, each by a file of its own (pidfd), and no more than our limit of open files leaves room for.

    For one thread at a time. A child that was forked must make its own.
    """

    def __init__(self, *, most: int | None = None) -> None:
        self._most = room() if most is None else most
        self._poll = select.epoll() if self._most else None
        self._files: dict[int, int] = {}
        """By pid."""
        self._pids: dict[int, int] = {}
        """By file."""
        self.close = weakref.finalize(self, _close, self._poll, self._pids)
        """Let go of all; happens by itself with the last reference."""

    def __contains__(self, pid: object) -> bool:
        return pid in self._files

    def watch(self, pid: int) -> bool:
        """Start watching whoever has this pid now; say whether that can be done.

        Who that is must be proved after this, not before: pids are used again.
        """
        if pid in self._files:
            return True
        if self._poll is None or len(self._files) >= self._most:
            return False
        try:
            file = os.pidfd_open(pid)
        except OSError:  # gone, not ours to watch, or no such thing in this kernel
            return False
        try:
            self._poll.register(file, select.EPOLLIN)
        except OSError:
            os.close(file)
            return False
        self._files[pid], self._pids[file] = file, pid
        return True

    def forget(self, pid: int) -> None:
        """Stop watching a process."""
        file = self._files.pop(pid, None)
        if file is not None:
            del self._pids[file]
            if self._poll is not None:
                self._poll.unregister(file)  # closing is not enough while a forked child has it, too
            os.close(file)

    def ended(self) -> list[int]:
        """Return the processes that have ended since the last call, and stop watching them."""
        if self._poll is None:
            return []
        pids = [self._pids[file] for file, _event in self._poll.poll(0) if file in self._pids]
        for pid in pids:
            self.forget(pid)
        return pids


def _close(poll: select.epoll | None, files: dict[int, int]) -> None:
    if poll is not None:
        poll.close()
    while files:
        os.close(files.popitem()[0])


def room() -> int:
    """Return how many processes we may watch: none where there are no pidfds, else what our limit of files allows."""
    if not hasattr(os, "pidfd_open") or not hasattr(select, "epoll"):
        return 0
    import resource  # noqa: PLC0415 (not on Windows)

    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST if soft == resource.RLIM_INFINITY else min(_MOST, soft // _SHARE_OF_FILES)
