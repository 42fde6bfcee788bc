"""Reading what a service printed: its latest lines, those that come, and no byte that would command a terminal."""

import os
import re
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from portdash.supervisor.lines import Lines
from portdash.supervisor.logs import OLDER, open_log
from portdash.text import clean

_COLOUR = re.compile(rb"(\x1b\[[0-9;:]*m)")
_COMMAND = re.compile(rb"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|[PX^_][^\x1b]*(\x1b\\)?|[ -/]*[0-~])?")
"""Whatever an escape begins: sequences with parameters, titles and clipboards, strings, and the short ones."""
_CHUNK = 256 * 1024
_AT_ONCE = 10_000
"""Lines after which who reads several logs turns to the next."""
_STILL = 5
"""Looks that find nothing more of a line, such as a prompt, before it counts as one."""


class LogReader:
    """Reads a log from its latest lines on, as it grows and as its files change places; closed when done.

    Files follow one another without a gap: a line may begin in one and end in the next. One that grows by twice its
    limit between two looks has lost what lay between.
    """

    def __init__(self, path: Path, count: int, *, within: int | None = None) -> None:
        """Open the log, to begin `count` lines before its end, and at most `within` bytes. Raises OSError."""
        self._path = path
        self._older = path.with_name(path.name + OLDER)
        self._lines = Lines()
        self._stood_still = 0
        latest: deque[bytes] = deque(maxlen=count)
        self._file = self._first() if within is None else self._near_the_end(within)
        while self._read(latest.extend):
            pass
        self._latest: deque[bytes] | None = latest

    def read(self) -> list[bytes]:
        """Return the lines that came since the last call, the first time the latest; without their ends."""
        found = list(self._latest or ())
        self._latest = None
        while len(found) < _AT_ONCE and self._read(found.extend):
            pass
        self._stood_still = 0 if found else self._stood_still + 1
        if self._stood_still == _STILL and (rest := self._lines.rest()):
            found.append(rest)
        return found

    @property
    def unfinished(self) -> bytes:
        """The line at the end that nothing has ended yet; it stays part of what is to come."""
        return self._lines.unfinished

    def rest(self) -> list[bytes]:
        """Return the line at the end that nothing has ended yet, if there is one."""
        rest = self._lines.rest()
        return [rest] if rest else []

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _first(self) -> BinaryIO:
        """Open the older file, or the only one."""
        with suppress(FileNotFoundError):
            return open_log(self._older)
        return open_log(self._path)

    def _near_the_end(self, within: int) -> BinaryIO:
        """Open the file that so many bytes before the end are in, at the line that begins next."""
        newest = open_log(self._path)
        left = within - os.fstat(newest.fileno()).st_size
        file = newest
        if left > 0:
            with suppress(FileNotFoundError):
                file = open_log(self._older)
                newest.close()
                left -= os.fstat(file.fileno()).st_size
        if left < 0:
            file.seek(-left)
            # The rest of a line that cannot be shown whole, unless that is all there is.
            if not file.readline(within).endswith(b"\n"):
                file.seek(-left)
        return file

    def _read(self, take: Callable[[list[bytes]], None]) -> bool:
        """Take the next piece; say whether there was one, or another file to read it from."""
        if data := self._file.read(_CHUNK):
            self._stood_still = 0
            take(self._lines.add(data))
            return True
        following = self._following()
        if following is None:
            return self._is_emptied()
        while data := self._file.read(_CHUNK):  # what came between the end that we saw and the change of files
            take(self._lines.add(data))
        self._file.close()
        self._file = following
        return True

    def _is_emptied(self) -> bool:
        """Begin anew where somebody has emptied the file; say whether that is so."""
        if os.fstat(self._file.fileno()).st_size >= self._file.tell():
            return False
        self._file.seek(0)
        return True

    def _following(self) -> BinaryIO | None:
        """Open the file that follows ours, None while ours is the newest."""
        ours = os.fstat(self._file.fileno()).st_ino
        try:
            newest = open_log(self._path)
        except FileNotFoundError:  # just now being made
            return None
        newer = os.fstat(newest.fileno()).st_ino
        if newer == ours:
            newest.close()
            return None
        with suppress(FileNotFoundError):
            older = open_log(self._older)
            if os.fstat(older.fileno()).st_ino not in (ours, newer):
                newest.close()
                return older
            older.close()
        return newest


def shown(line: bytes, *, colours: bool) -> str:
    """Return a line as it may be written: with its colours for who wants them, and every other command left out."""
    pieces = _COLOUR.split(line.rstrip(b"\r\n")) if colours else [line.rstrip(b"\r\n")]
    parts = (
        piece.decode("ascii") if number % 2 else clean(_COMMAND.sub(b"", piece).expandtabs(8), limit=None)
        for number, piece in enumerate(pieces)
    )
    text = "".join(parts)
    return text + "\x1b[m" if len(pieces) > 1 else text
