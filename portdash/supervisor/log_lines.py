"""Reading what a service printed: its latest lines, those that come, and no byte that would command a terminal."""

import os
import re
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from portdash.supervisor.logs import OLDER
from portdash.text import clean

_COLOUR = re.compile(rb"(\x1b\[[0-9;:]*m)")
_COMMAND = re.compile(rb"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|[PX^_][^\x1b]*(\x1b\\)?|[ -/]*[0-~])?")
"""Whatever an escape begins: sequences with parameters, titles and clipboards, strings, and the short ones."""
_POLL = 0.1
"""Seconds between two looks at the file; a look that finds nothing costs some microseconds."""
_LONGEST = 64 * 1024
"""Bytes of a line; the rest of a longer one is the next."""


def last_lines(path: Path, count: int) -> tuple[bytes, ...]:
    """Return the latest `count` lines of a log, those of the older file included. Raises OSError."""
    kept: deque[bytes] = deque(maxlen=count)
    for file in (path.with_name(path.name + OLDER), path):
        if file.exists():
            with file.open("rb") as lines:
                while line := lines.readline(_LONGEST):
                    kept.append(line)
    return tuple(kept)


def follow(path: Path, *, pause: Callable[[float], object] = time.sleep) -> Iterator[bytes]:
    """Yield each line that is written from now on, without end; a file that was replaced is followed anew.

    An unfinished line, such as a prompt, comes once nothing follows it for a moment. Raises OSError.
    """
    file = path.open("rb")
    try:
        file.seek(0, 2)
        while True:
            if line := file.readline(_LONGEST):
                yield line
                continue
            pause(_POLL)
            if path.exists() and path.stat().st_ino != _inode(file.fileno()):
                yield from file  # what came last before it was replaced
                file.close()
                file = path.open("rb")
    finally:
        file.close()


def shown(line: bytes, *, colours: bool) -> str:
    """Return a line as it may be written: with its colours for who wants them, and every other command left out."""
    pieces = _COLOUR.split(line.rstrip(b"\r\n")) if colours else [line.rstrip(b"\r\n")]
    parts = (
        piece.decode("ascii") if number % 2 else clean(_COMMAND.sub(b"", piece).expandtabs(8), limit=None)
        for number, piece in enumerate(pieces)
    )
    text = "".join(parts)
    return text + "\x1b[m" if len(pieces) > 1 else text


def _inode(descriptor: int) -> int:
    return os.fstat(descriptor).st_ino
