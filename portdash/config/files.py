"""Reading configuration files that may be anything: absent, a pipe, a directory, huge, or somebody else's."""

import errno
import os
import stat
from pathlib import Path

from portdash.errors import ConfigError
from portdash.named_tuple import NamedTuple
from portdash.text import clean

LARGEST = 1024 * 1024
"""Bytes of the largest file that is read."""


class ReadFile(NamedTuple):
    """A file as it was read."""

    path: Path
    content: bytes
    suspect: str | None
    """Why it must not count, such as `belongs to another user`; None where nothing speaks against it."""


def read_file(path: Path, *, uid: int | None = None) -> ReadFile | None:
    """Return the file, None when there is nothing of that name. Raises ConfigError when it cannot be read as a file.

    Never waits: a pipe or device is refused unread. `uid` is who we are, by default the effective user.
    """
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            _refuse_special(path)
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except (FileNotFoundError, NotADirectoryError) as error:
        if path.is_symlink():
            raise _unreadable(path, "is a symbolic link to nothing") from error
        return None
    except OSError as error:
        raise _unreadable(path, _told(error)) from error
    try:
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):  # it changed between the look and the opening
                raise _unreadable(path, "is not a file")
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise _unreadable(path, _told(error)) from error
    if len(content) > LARGEST:
        raise _unreadable(path, "is larger than 1 MiB")
    return ReadFile(path, content, suspicion(status.st_uid, status.st_mode, uid=_own_uid() if uid is None else uid))


def suspicion(owner: int, mode: int, *, uid: int | None) -> str | None:
    """Say why a file of that owner and mode must not count; `uid` is who we are, None where users have no number."""
    if uid is None:
        return None
    if owner not in (0, uid):
        return "belongs to another user"
    return "can be changed by every user" if mode & stat.S_IWOTH else None


def _refuse_special(path: Path) -> None:
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise _unreadable(path, "is a directory")
    if not stat.S_ISREG(mode):
        raise _unreadable(path, "is not a file")


def _own_uid() -> int | None:
    return os.geteuid() if hasattr(os, "geteuid") else None


def _told(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "is a symbolic link that leads to itself"
    return f"cannot be read: {error.strerror or type(error).__name__}"


def _unreadable(path: Path, why: str) -> ConfigError:
    name = clean(str(path), limit=None)
    return ConfigError(f"{name} {why}", hint="put a readable TOML file there, or move away what is there now")
