"""The committed file on the disk: looked at without blocking, and replaced as a whole or left alone."""

import errno
import os
import stat as modes
import time
from pathlib import Path

from portdash.files import replace_file
from portdash.record import record
from portdash.store.projection.portmap import LARGEST

_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
_RACY = 50_000_000
"""Nanoseconds within which a file can be written twice and look the same."""

Signature = tuple[int, ...]
"""What changes when somebody writes the file; empty when it is missing."""


class Unusable(Exception):
    """What stands in the file's place cannot be read as one; `str()` says why, `hint` what to do."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class Swapped(Exception):
    """Somebody else, such as a checkout, wrote the file in between; nothing was replaced."""


@record
class Found:
    """The file as it was at one moment."""

    content: bytes | None
    """None when it is missing."""
    signature: Signature = ()
    status: os.stat_result | None = None
    """Whose it is, and who may do what with it."""


class CommittedFile:
    """The file at `path`, links followed. With `within`, it must lie inside that directory once they are."""

    def __init__(self, path: Path, *, within: Path | None = None) -> None:
        self.path = path
        self._within = within

    def real(self) -> str:
        """Return the path with every link followed. Raises Unusable where that leads out of the project."""
        real = os.path.realpath(self.path)
        if self._within is not None and not Path(real).is_relative_to(os.path.realpath(self._within)):
            raise Unusable("it is a link that leaves the project", hint="`portdash trust` allows that")
        return real

    def signature(self) -> Signature | None:
        """Return what the file looks like from outside; None when even that cannot be told."""
        try:
            return _signature(os.stat(self.path))  # noqa: PTH116 (asked at every look, so it is kept cheap)
        except FileNotFoundError:
            return ()
        except OSError:
            return None

    def read(self) -> Found:
        """Return what the file holds. Raises Unusable; never blocks, and reads no more than a map may have."""
        real = self.real()
        try:
            _check_kind(os.lstat(real))  # before it is opened: opening a device can do something
            descriptor = os.open(real, _READ)
        except FileNotFoundError:
            return Found(None)
        except OSError as error:
            raise _unusable(error) from error
        try:
            with os.fdopen(descriptor, "rb") as file:
                found = os.fstat(descriptor)
                _check_kind(found)
                content = file.read(LARGEST + 1)
        except OSError as error:
            raise _unusable(error) from error
        return Found(content, _signature(found), found)

    def replace(self, content: bytes, *, instead_of: Found) -> None:
        """Put `content` in the file's place, durably. Raises Swapped when it is not as found, OSError, Unusable."""
        real = self.real()
        path = Path(real)
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, content, like=instead_of.status, ready=lambda: self._check_same(instead_of))

    def _check_same(self, found: Found) -> None:
        if self.read().content != found.content:
            raise Swapped("somebody else is writing it")


def is_settled(signature: Signature | None) -> bool:
    """Whether a further change of the file would look different. False for one that was written just now."""
    return signature is not None and (not signature or time.time_ns() - max(signature[-2:]) > _RACY)


def _signature(found: os.stat_result) -> Signature:
    return found.st_mode, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _check_kind(found: os.stat_result) -> None:
    if not modes.S_ISREG(found.st_mode):
        raise Unusable("it is not an ordinary file", hint="move it away, or name another file")
    if found.st_size > LARGEST:
        raise Unusable("it is larger than 1 MiB", hint="a map of ports has one short line a service")


def _unusable(error: OSError) -> Unusable:
    if error.errno == errno.ELOOP:
        return Unusable("it is a link that leads to itself", hint="remove the link")
    return Unusable(f"it cannot be read: {error.strerror or error}", hint="check its path and permissions")
