"""Which processes have started since the last time, without a list of all: the kernel says which pid came last."""

import os
import weakref

from portdash.machine.procfs import PROC, read

_FEW = 64
"""To look at so many pids one by one costs less than a list of all."""


class NewestPid:
    """Watches the pid that the kernel gave last."""

    def __init__(self, *, proc: str = PROC) -> None:
        self._proc = proc
        self._file: int | None = None
        self._last = 0
        try:
            self._file = os.open(f"{proc}/loadavg", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return
        self.close = weakref.finalize(self, os.close, self._file)
        """Let go; happens by itself with the last reference."""

    def started(self) -> list[int] | None:
        """Return the processes that started since this was asked last, the youngest first.

        None where only a list of all can tell: the first time, after very many, or where the kernel does not say.
        """
        last, self._last = self._last, self._read()
        if self._last == last != 0:
            return []
        if last == 0 or not 0 < self._last - last <= _FEW:
            return None
        return [pid for pid in range(self._last, last, -1) if is_process(pid, proc=self._proc)]

    def _read(self) -> int:
        """Return the pid, 0 where it is not told."""
        if self._file is None:
            return 0
        try:
            return int(os.pread(self._file, 128, 0).rpartition(b" ")[2])
        except (OSError, ValueError):
            return 0


def is_process(pid: int, *, proc: str = PROC) -> bool:
    """Say whether a pid is that of a process, and not of a thread: those have pids, too, and are not listed."""
    status = read(f"{proc}/{pid}/status") or b""
    return b"\nTgid:\t%d\n" % pid in status
