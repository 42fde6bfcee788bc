"""What a service prints from a moment on."""

from collections import deque
from contextlib import closing, suppress
from pathlib import Path

from portdash.supervisor.log_lines import LogReader, shown

LINES = 20
"""Of what a service printed that could not be started, so many are told."""


class LogSince:
    """A service's log, of which only what is added after this was made counts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reader: LogReader | None = None
        with suppress(OSError):  # there is none yet
            self._reader = LogReader(path, 0)

    def added(self) -> tuple[str, ...]:
        """Return the latest lines since this was made, without colours, and close it."""
        with suppress(OSError), closing(self._reader or LogReader(self._path, LINES)) as reader:
            lines = deque(reader.read(), maxlen=LINES)
            lines.extend(reader.rest())
            return tuple(shown(line, colours=False) for line in lines)
        return ()

    def close(self) -> None:
        """Read nothing more."""
        if self._reader is not None:
            self._reader.close()
