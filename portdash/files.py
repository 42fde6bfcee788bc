"""Files written as a whole or not at all: beside the old one first, and renamed once all of it is on the disk."""

import contextlib
import errno
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

TEMPORARY = ".portdash.tmp"
"""Ends the name of a file that is being written beside the one it is going to replace."""
_KEPT = 3600.0
"""Seconds after which a temporary file was left by a crash."""
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
"""A file that is made here: never one that somebody put there, and never through a link."""


def replace_file(
    path: Path,
    content: bytes,
    *,
    mode: int = 0o666,
    like: os.stat_result | None = None,
    ready: Callable[[], object] = lambda: None,
) -> None:
    """Put `content` in the place of a file, durably; a reader sees the old one or the new one. Raises OSError.

    It gets `mode`, or owner and mode of the file that is `like` it. `ready` is called when all is written, and keeps
    the old file by raising. On any failure nothing is left beside it.
    """
    temporary = path.with_name(f".{path.name[:200]}.{os.urandom(6).hex()}{TEMPORARY}")
    sweep(path.parent)
    write_new(temporary, content, mode=mode, like=like)
    try:
        ready()
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(str(path.parent))


def write_new(path: Path, content: bytes, *, mode: int = 0o666, like: os.stat_result | None = None) -> None:
    """Write a file that is not there yet to the disk. Raises OSError, and leaves nothing of it then."""
    descriptor = os.open(path, _NEW, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if like is not None:
                _make_alike(file.fileno(), like)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _make_alike(descriptor: int, like: os.stat_result) -> None:
    """Give a file owner and mode of another; only an administrator meets one of another owner here."""
    if hasattr(os, "fchown"):
        with contextlib.suppress(PermissionError):  # a group that we are not in: the mode still says who may read it
            os.fchown(descriptor, like.st_uid, like.st_gid)
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, stat.S_IMODE(like.st_mode))


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


def sweep(directory: Path, prefix: str = ".", suffix: str = TEMPORARY, *, now: float | None = None) -> None:
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
