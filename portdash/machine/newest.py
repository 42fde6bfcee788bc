"""Whether any process has started since the last time, without a list of all: the kernel says which pid came last."""

import os
import weakref

from portdash.machine.procfs import PROC


class NewestPid:
    """Watches the pid that the kernel gave last. Where it does not tell, every answer is that it has moved."""

    def __init__(self, *, proc: str = PROC) -> None:
        self._file: int | None = None
        self._last = b""
        try:
            self._file = os.open(f"{proc}/loadavg", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return
        self.close = weakref.finalize(self, os.close, self._file)
        """Let go; happens by itself with the last reference."""

    def moved(self) -> bool:
        """Say whether a process, or a thread, has started since this was asked last."""
        if self._file is None:
            return True
        try:
            newest = os.pread(self._file, 128, 0).rpartition(b" ")[2]
        except OSError:
            return True
        if newest == self._last and newest:
            return False
        self._last = newest
        return True
