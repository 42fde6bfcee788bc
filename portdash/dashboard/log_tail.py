"""Following what a service prints: the latest lines of its log, read a little further at each look."""

import logging
from collections import deque
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

from portdash.dashboard.rows.asked import Log
from portdash.supervisor.log_lines import LogReader, shown
from portdash.text import clean

_log = logging.getLogger(__name__)

MOST_LINES = 500
"""Lines that are kept."""
FIRST_BYTES = 128 * 1024
"""Bytes of the end of a log that are read at first."""
PAUSE = 0.25
"""Seconds between two looks; one that finds nothing costs a few system calls."""


class LogTail:
    """The latest lines of one log, and the one that is not finished. Not for several threads; closed when done."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: deque[str] = deque(maxlen=MOST_LINES)
        self._reader: LogReader | None = None
        self._unfinished = b""

    def look(self) -> tuple[str, ...] | None:
        """Return the lines when there are others than at the last look, else None.

        Raises FileNotFoundError where there is no log, and OSError.
        """
        if self._reader is None:
            self._reader = LogReader(self.path, MOST_LINES, within=FIRST_BYTES)
        before = self._unfinished
        found, self._unfinished = self._reader.read(), self._reader.unfinished
        if not found and self._unfinished == before:
            return None
        self._lines.extend(shown(line, colours=False) for line in found)
        unfinished = (shown(self._unfinished, colours=False),) if self._unfinished else ()
        return (*self._lines, *unfinished)[-MOST_LINES:]

    def close(self) -> None:
        """Let go of the file."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None


class LogFollower:
    """Tells what comes of one log from a thread of its own, until it is stopped."""

    def __init__(self, path: Path, tell: Callable[[Log], object]) -> None:
        self._tail = LogTail(path)
        self._tell = tell
        self._stopped = Event()
        self._told: Log | None = None

    def start(self) -> None:
        """Begin. The thread is a daemon: a disk that hangs cannot keep anyone from quitting."""
        Thread(target=self._run, name="portdash-log", daemon=True).start()

    def stop(self) -> None:
        """End within a fraction of a second; nothing is told any more."""
        self._stopped.set()

    def _run(self) -> None:
        try:
            while not self._stopped.is_set():
                found = self._look()
                if found is not None and found != self._told and not self._stopped.is_set():
                    self._told = found
                    self._tell(found)
                self._stopped.wait(PAUSE)
        finally:
            self._tail.close()

    def _look(self) -> Log | None:
        path = str(self._tail.path)
        try:
            lines = self._tail.look()
        except FileNotFoundError:
            return Log(path, is_kept=False)
        except OSError as error:
            _log.warning("%s cannot be read: %s", path, error)
            return Log(path, error=clean(error.strerror or str(error)))
        return None if lines is None and self._told else Log(path, lines or ())
