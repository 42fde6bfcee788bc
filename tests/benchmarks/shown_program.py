"""A program in a terminal of 160 by 45: what it has spent when it shows something, and while it goes on."""

import ctypes
import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Condition, Event, Thread
from typing import NamedTuple

import pexpect


class Spent(NamedTuple):
    """What came of waiting for something to be shown."""

    cpu: float
    """Seconds of processor time since the program was started."""
    at: float
    """Monotonic time at which it was seen."""


class Shown:
    """A program that is read as it writes."""

    def __init__(self, arguments: Sequence[str], environ: Mapping[str, str], cwd: Path) -> None:
        program, *rest = arguments
        env = {"TERM": "xterm-256color", "LANG": "C.UTF-8", "PATH": os.environ["PATH"], **environ}
        self._child = pexpect.spawn(program, rest, dimensions=(45, 160), timeout=60, env=env, cwd=cwd, use_poll=True)
        self._child.delaybeforesend = None  # a key is sent when it is pressed
        self._news, self._text = Condition(), b""
        self._spent: list[tuple[int, Spent]] = []
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                data = self._child.read_nonblocking(65536, timeout=1)
            except pexpect.TIMEOUT:
                continue
            except (pexpect.EOF, OSError, ValueError):  # it ended, or its terminal was closed
                return
            with self._news:
                self._text += data
                self._spent.append((len(self._text), Spent(self.cpu(), time.monotonic())))
                self._news.notify_all()

    def until(self, text: str, *, since: int = 0) -> Spent:
        """Wait for a text, in what was written after the first `since` bytes; return what was spent by then."""
        wanted = text.encode()
        with self._news:
            assert self._news.wait_for(lambda: wanted in self._text[since:], 60), f"never shown: {text}"
            end = self._text.index(wanted, since) + len(wanted)
            return next(spent for length, spent in self._spent if length >= end)

    @property
    def written(self) -> int:
        """Bytes that it has written so far."""
        with self._news:
            return len(self._text)

    def text(self, since: int) -> bytes:
        """Return what it has written after the first `since` bytes."""
        with self._news:
            return self._text[since:]

    def send(self, keys: str) -> None:
        """Press keys."""
        self._child.send(keys)

    def cpu(self) -> float:
        """Return the seconds of processor time of all its threads, those that have ended too, to the nanosecond."""
        clock = ctypes.c_int()
        if ctypes.CDLL(None).clock_getcpuclockid(self._child.pid, ctypes.byref(clock)):
            return 0.0  # it has ended
        try:
            return time.clock_gettime(clock.value)
        except OSError:  # as above
            return 0.0

    def cpu_during(self, seconds: float) -> float:
        """Return the processor time of the next so many seconds."""
        before = self.cpu()
        Event().wait(seconds)
        return self.cpu() - before

    def resident(self) -> float:
        """Return the resident memory in MiB."""
        lines = Path(f"/proc/{self._child.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024

    def end(self) -> None:
        """End it at once."""
        self._child.kill(signal.SIGKILL)
        self._reader.join(10)
        self._child.close(force=True)


@contextmanager
def shown(arguments: Sequence[str], home: Path, **environ: str) -> Iterator[Shown]:
    """Run a program with a home directory of its own while inside."""
    program = Shown(arguments, {"HOME": str(home), **environ}, home)
    try:
        yield program
    finally:
        program.end()
