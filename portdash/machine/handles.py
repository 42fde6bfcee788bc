"""Holding on to a process, so that a signal reaches that one and never a later one with its pid."""

import errno
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol


class Handle(Protocol):
    """One process, whatever becomes of its pid."""

    pid: int

    def ask_to_end(self) -> None:
        """Send SIGTERM, or what the system has for it. Raises ProcessLookupError or PermissionError."""
        ...

    def resume(self) -> None:
        """Let a suspended process go on, so that it can act on what it was told. Raises as `ask_to_end` does."""
        ...

    def kill(self) -> None:
        """End the process without its consent. Raises as `ask_to_end` does."""
        ...

    def wait(self, seconds: float) -> bool:
        """Wait at most so long for the process to be over, collected by its parent or not; say whether it is."""
        ...

    def close(self) -> None:
        """Let go."""
        ...


class PidfdHandle:
    """A process held by the kernel's own handle. Raises ProcessLookupError when there is none of that pid."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._descriptor = os.pidfd_open(pid)

    def ask_to_end(self) -> None:
        """Send SIGTERM. Raises ProcessLookupError or PermissionError."""
        signal.pidfd_send_signal(self._descriptor, signal.SIGTERM)

    def resume(self) -> None:
        """Send SIGCONT. Raises ProcessLookupError or PermissionError."""
        signal.pidfd_send_signal(self._descriptor, signal.SIGCONT)

    def kill(self) -> None:
        """Send SIGKILL. Raises ProcessLookupError or PermissionError."""
        signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)

    def wait(self, seconds: float) -> bool:
        """Wait at most so long for the process to be over, collected by its parent or not; say whether it is."""
        poller = select.poll()
        poller.register(self._descriptor, select.POLLIN)
        return bool(poller.poll(max(0.0, seconds) * 1000))

    def close(self) -> None:
        """Let go."""
        os.close(self._descriptor)


class PsutilHandle:
    """A process held by pid and time of creation, which psutil compares before each signal."""

    def __init__(self, pid: int) -> None:
        import psutil  # noqa: PLC0415 (only where there is no pidfd)

        self.pid = pid
        self._errors: tuple[type[Exception], type[Exception]] = (psutil.NoSuchProcess, psutil.AccessDenied)
        try:
            self._process = psutil.Process(pid)
        except psutil.NoSuchProcess as error:
            raise ProcessLookupError(f"no process {pid}") from error

    def ask_to_end(self) -> None:
        """Send SIGTERM, on Windows end it. Raises ProcessLookupError or PermissionError."""
        self._send(self._process.terminate)

    def resume(self) -> None:
        """Let it go on. Raises ProcessLookupError or PermissionError."""
        self._send(self._process.resume)

    def kill(self) -> None:
        """Send SIGKILL. Raises ProcessLookupError or PermissionError."""
        self._send(self._process.kill)

    def _send(self, signal_it: Callable[[], None]) -> None:
        gone, denied = self._errors
        try:
            signal_it()
        except gone as error:
            raise ProcessLookupError(f"no process {self.pid}") from error
        except denied as error:
            raise PermissionError(f"process {self.pid} may not be ended") from error

    def wait(self, seconds: float) -> bool:
        """Wait at most so long for the process to be over, collected by its parent or not; say whether it is."""
        until = time.monotonic() + seconds
        while not self._has_ended():
            left = until - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(0.05, left))
        return True

    def _has_ended(self) -> bool:
        with suppress(self._errors[0]):
            return not self._process.is_running() or self._process.status() == "zombie"
        return True

    def close(self) -> None:
        """Nothing is held."""


def hold(pid: int) -> Handle:
    """Take hold of a process. Raises ProcessLookupError when there is none of that pid."""
    if sys.platform == "linux" and hasattr(os, "pidfd_open"):
        try:
            return PidfdHandle(pid)
        except OSError as error:
            if error.errno not in (errno.ENOSYS, errno.EPERM):  # an old kernel, or a sandbox that knows no pidfd
                raise
    return PsutilHandle(pid)
