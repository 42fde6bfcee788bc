"""Waiting for a change of the store's file without reading it: a look at its entry costs a hundredth of that."""

import os
import time
from collections.abc import Callable
from pathlib import Path

POLL = 0.05
"""Seconds between two looks at the file."""
AGAIN = 2.0
"""Seconds after which the store is read although its file looks as it did."""
_FRESH = 0.1
"""Seconds within which a file can be written twice and have one time: the clock of files is coarse."""

Entry = tuple[int, int, int]
"""Inode, size and time of a file."""


def settled(path: Path) -> Entry | None:
    """Return what tells the file as it is from any later one, None where nothing does yet."""
    try:
        found = os.stat(path)  # noqa: PTH116 (done twenty times a second)
    except OSError:
        return None
    age = time.time() - found.st_mtime
    return (found.st_ino, found.st_size, found.st_mtime_ns) if age > _FRESH else None


def rest(closes: Callable[[float], bool], path: Path, file: Entry | None, seconds: float) -> bool:
    """Wait until the file may be another than `file`, at most `seconds`; say whether the store was closed.

    `closes` waits so many seconds for that, and says whether it was.
    """
    until = time.monotonic() + min(seconds, AGAIN)
    while (remaining := until - time.monotonic()) > 0:
        if closes(min(POLL, remaining)):
            return True
        if file is None or settled(path) != file:
            return False
    return False
