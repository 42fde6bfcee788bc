"""What a service printed: a file for each in the state directory, which never grows beyond twice its limit."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

from portdash.model.assignment import ServiceKey

DIRECTORY = "logs"
"""Below the state directory."""
LARGEST = 5 * 1024 * 1024
"""Bytes after which the file becomes the older one, and a new one begins."""
OLDER = ".1"
"""Ends the name of the older file."""

_FLAGS = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_NONBLOCK", "O_BINARY"))


def log_path(state_dir: Path, key: ServiceKey) -> Path:
    """Return where a service's output is kept; its names are safe as names of files."""
    return state_dir / DIRECTORY / key.workspace / key.environment / f"{key.service}.log"


def open_log(path: Path) -> BinaryIO:
    """Open a log to be read. Raises OSError, also for what is no file of its own: a pipe would keep who reads it."""
    return os.fdopen(_regular(path, os.O_RDONLY), "rb")


class ServiceLog:
    """Takes a service's output. A disk that is full costs the log, never the service."""

    def __init__(self, path: Path, *, largest: int = LARGEST) -> None:
        self.path = path
        self.error: OSError | None = None
        """Why nothing is written any more, None while it is."""
        self._largest = largest
        self._size = 0
        self._file: BinaryIO | None = None
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._open()
        except OSError as error:
            self.error = error

    def write(self, data: bytes) -> None:
        """Keep what the service printed."""
        if self._file is None:
            return
        try:
            if self._size + len(data) > self._largest:
                self._turn()
            self._file.write(data)
            self._size += len(data)
        except OSError as error:
            self.error = error
            self.close()

    def close(self) -> None:
        """Close the file; closing twice is fine."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _turn(self) -> None:
        """Make the file the older one, and begin a new one."""
        self.close()
        self.path.replace(self.path.with_name(self.path.name + OLDER))
        self._open()

    def _open(self) -> None:
        self._file = os.fdopen(_regular(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), "ab", buffering=0)
        self._size = os.fstat(self._file.fileno()).st_size


def _regular(path: Path, how: int) -> int:
    """Return a descriptor of a regular file. Raises OSError."""
    descriptor = os.open(path, how | _FLAGS, 0o600)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(errno.EINVAL, "it is no regular file", str(path))
