"""A `portdash run` of a test, and what it said."""

import contextlib
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from portdash.manager.deps import Deps
from portdash.manager.supervising import stop

LIMIT = 60.0
"""Seconds that anything may take on a busy machine."""


class Running:
    """A `portdash run` that was started, and what it said so far."""

    def __init__(self, process: subprocess.Popen[bytes], directory: Path) -> None:
        self.process = process
        self._directory = directory

    @property
    def out(self) -> str:
        """What the child printed."""
        return (self._directory / "out").read_text("utf-8", "replace")

    @property
    def err(self) -> str:
        """What portdash said, and the child's errors."""
        return (self._directory / "err").read_text("utf-8", "replace")

    def until(self, words: str) -> str:
        """Wait until something was said on either stream, and return its line."""
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            for line in (*self.out.splitlines(keepends=True), *self.err.splitlines(keepends=True)):
                if words in line and line.endswith("\n"):  # the end of a line may come on its own
                    return line.rstrip()
            if self.process.poll() is not None and words not in self.out + self.err:
                break
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.02)
        raise AssertionError(f"{words!r} was not said; out: {self.out!r}, err: {self.err!r}")

    def until_again(self, words: str) -> str:
        """Wait until portdash has said something at least twice, and return the latest line."""
        end = time.monotonic() + LIMIT
        while time.monotonic() < end and self.process.poll() is None:
            found = [line for line in self.err.splitlines(keepends=True) if words in line and line.endswith("\n")]
            if len(found) > 1:
                return found[-1].rstrip()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.02)
        raise AssertionError(f"{words!r} was not said again; out: {self.out!r}, err: {self.err!r}")

    def ends(self) -> int:
        """Wait for the end and return the exit code."""
        return self.process.wait(LIMIT)

    def signal(self, number: int = signal.SIGTERM) -> None:
        """Send a signal to portdash itself."""
        self.process.send_signal(number)


Run = Callable[..., Running]

Declare = Callable[[str], None]
"""Writes the project's file, and trusts it."""
Open = Callable[..., Deps]
"""Opens the project as a face would that runs in it."""


def stop_all(deps: Deps) -> None:
    """Stop all that is run, and see it gone."""
    if deps.config.read_only:
        return
    snapshot = deps.observer.snapshot()
    supervisors = [psutil.Process(each.pid) for each in snapshot.leases.values()]
    stop(deps, snapshot, tuple(snapshot.leases))
    psutil.wait_procs(supervisors, LIMIT)
