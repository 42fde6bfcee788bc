"""Following what a service prints: the latest lines of its log, read a little further at each look."""

import logging
from collections import deque
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import BinaryIO

from portdash.dashboard.rows.asked import Log
from portdash.supervisor.log_lines import shown
from portdash.text import clean

_log = logging.getLogger(__name__)

MOST_LINES = 500
"""Lines that are kept."""
FIRST_BYTES = 128 * 1024
"""Bytes of the end of a log that are read at first, and at most in one look: what a burst adds beyond is left out."""
PAUSE = 0.25
"""Seconds between two looks; one that finds nothing costs a call of stat."""


class LogTail:
    """The latest lines of one log. Not for several threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: deque[str] = deque(maxlen=MOST_LINES)
        self._inode = 0
        self._at = 0
        self._rest = b""

    def look(self) -> tuple[str, ...] | None:
        """Return the lines when there are others than at the last look, else None.

        Raises FileNotFoundError where there is no log, and OSError.
        """
        with self.path.open("rb") as file:
            added = self._added(file)
        if not added:
            return None
        *whole, self._rest = (self._rest + added).split(b"\n")
        self._lines.extend(shown(line, colours=False) for line in whole)
        unfinished = (shown(self._rest, colours=False),) if self._rest else ()
        return (*self._lines, *unfinished)[-MOST_LINES:]

    def _added(self, file: BinaryIO) -> bytes:
        """Return what was written since the last look; of a log that was begun anew, all."""
        size = file.seek(0, 2)
        inode = self.path.stat().st_ino
        if inode != self._inode or size < self._at:
            is_first, self._inode, self._at, self._rest = not self._inode, inode, 0, b""
            if not is_first:
                self._lines.clear()
        start = max(self._at, size - FIRST_BYTES)
        file.seek(start)
        data = file.read(size - start)
        skipped, self._at = start > self._at, size
        if skipped:
            self._rest = b""
            data = data.partition(b"\n")[2] or data
        return data


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
        while not self._stopped.is_set():
            found = self._look()
            if found is not None and found != self._told and not self._stopped.is_set():
                self._told = found
                self._tell(found)
            self._stopped.wait(PAUSE)

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
