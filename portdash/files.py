"""Making the names in a directory survive a power loss, and clearing away what a crash left half made."""

import contextlib
import errno
import os
import time
from pathlib import Path

TEMPORARY = ".portdash.tmp"
"""Ends the name of a file that is being written beside one of a project."""
_KEPT = 3600.0
"""Seconds after which a temporary file was left by a crash."""


def sync_directory(directory: str) -> None:
    """Sync a directory where the system can do that. Raises OSError."""
    if os.name == "nt":
        return
    descriptor = os.open(directory, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # a file system that knows no such thing
            raise
    finally:
        os.close(descriptor)


def sweep(directory: Path, prefix: str, suffix: str = "", *, now: float | None = None) -> None:
    """Remove the temporary files in `directory` that crashes left more than an hour ago, told by how they are called.

    `now` is Unix time in seconds. What cannot be removed stays, without a word.
    """
    now = time.time() if now is None else now
    with contextlib.suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            if not (entry.name.startswith(prefix) and entry.name.endswith(suffix)):
                continue
            with contextlib.suppress(OSError):  # somebody else swept it, or it is not ours to remove
                if entry.is_file(follow_symlinks=False) and now - entry.stat(follow_symlinks=False).st_mtime > _KEPT:
                    os.unlink(entry.path)  # noqa: PTH108 (an entry is a text)
