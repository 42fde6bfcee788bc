"""Text files of a project that portdash writes into: read without waiting, replaced as a whole or not at all."""

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from portdash.errors import PortdashError, Refused
from portdash.files import TEMPORARY, sweep, sync_directory
from portdash.machine.files import read_open
from portdash.text import clean

LARGEST = 1024 * 1024
"""Bytes of the largest file that is read."""
_SAFELY = sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOFOLLOW", "O_CLOEXEC"))
"""Never wait for a pipe, never follow a link that was put there a moment ago; Windows has neither."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFile:
    """A file as it was read, or the place where one may be made."""

    path: Path
    """Where it really is: links are followed."""
    text: str | None
    """UTF-8, other bytes as surrogates, line ends as they are; None where there is no file yet."""
    status: os.stat_result | None = None
    """What the system says of the file that was read."""

    @property
    def name(self) -> str:
        """How it is called in messages."""
        return clean(str(self.path), limit=None)


def read_text(path: Path, *, project: Path) -> TextFile:
    """Read a file that is going to be written. Raises Refused, with what to do, for everything that is no plain file.

    A link is followed while it stays inside `project`; one that leads out of it, or to nothing, is refused, and so are
    a directory, a pipe, a file that is not text, and one of more than a mebibyte.
    """
    try:
        real = _followed(path, project)
    except OSError as error:
        raise refusal(path, f"cannot be read: {error.strerror}") from error
    try:
        descriptor = os.open(real, os.O_RDONLY | _SAFELY)
    except FileNotFoundError:
        return TextFile(path=real, text=None)
    except OSError as error:
        raise refusal(real, f"cannot be read: {error.strerror}") from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise refusal(real, "is not a file")
        content = read_open(descriptor, LARGEST + 1)
    except OSError as error:
        raise refusal(real, f"cannot be read: {error.strerror}") from error
    finally:
        os.close(descriptor)
    if len(content) > LARGEST:
        raise refusal(real, "is larger than 1 MiB")
    if 0 in content:
        line = content.count(b"\n", 0, content.index(0)) + 1
        raise refusal(real, f"is not text: line {line} has a NUL byte", hint="save it as UTF-8 text")
    return TextFile(path=real, text=content.decode("utf-8", "surrogateescape"), status=status)


def replace_text(file: TextFile, text: str) -> bool:
    """Put `text` in the place of what was read, or of nothing; a reader sees the old file or the new one.

    Mode and owner stay. Returns False, and does nothing, when the file was changed since it was read. Raises Refused
    when it cannot be written; the old one is untouched then, and nothing is left beside it.
    """
    temporary = file.path.with_name(f".{file.path.name[:200]}.{uuid4().hex[:12]}{TEMPORARY}")
    try:
        sweep(file.path.parent, ".", TEMPORARY)
        try:
            _write_new(temporary, text, file.status)
            if not _is_as_read(file):
                return False
            temporary.replace(file.path)
        finally:
            temporary.unlink(missing_ok=True)
        sync_directory(str(file.path.parent))
    except OSError as error:
        raise refusal(file.path, f"cannot be written: {error.strerror or error}") from error
    return True


def create_text(path: Path, text: str, *, mode: int = 0o666) -> None:
    """Make a file that is not there yet. Raises Refused when there is something of that name, or it cannot be made."""
    try:
        _write_new(path, text, None, mode)
        sync_directory(str(path.parent))
    except FileExistsError as error:
        raise refusal(path, "is there already", hint="move it away, or go on with what it says") from error
    except OSError as error:
        raise refusal(path, f"cannot be written: {error.strerror or error}") from error


def refusal(path: Path, why: str, *, hint: str | None = None) -> PortdashError:
    """Return the error that names a file."""
    return Refused(f"{clean(str(path), limit=None)} {why}", hint=hint or "move it away, or name another file with -o")


def _followed(path: Path, project: Path) -> Path:
    """Return where a path really leads. Raises Refused for a link out of the project, to nothing, or in a circle."""
    real, home = Path(os.path.realpath(path)), Path(os.path.realpath(project))
    leads_out = not real.is_relative_to(home)
    if path.is_symlink():
        if leads_out:
            raise refusal(path, "is a symbolic link that leads out of the project")
        if real.is_symlink():
            raise refusal(path, "is a symbolic link that leads to itself")
        if not real.exists():
            raise refusal(path, "is a symbolic link to nothing")
    elif leads_out and Path(os.path.normpath(path)).is_relative_to(project):
        raise refusal(path, "lies behind a symbolic link that leads out of the project")
    return real


def _write_new(path: Path, text: str, status: os.stat_result | None, mode: int = 0o666) -> None:
    """Write a new file to the disk, with mode and owner of another; on any failure nothing is left of it."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFELY, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if status is not None and hasattr(os, "fchown"):
                with suppress(PermissionError):  # only root may give a file away; what is written is the same
                    os.fchown(file.fileno(), status.st_uid, status.st_gid)
                os.fchmod(file.fileno(), stat.S_IMODE(status.st_mode))
            file.write(text.encode("utf-8", "surrogateescape"))
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _is_as_read(file: TextFile) -> bool:
    try:
        now = os.lstat(file.path)
    except FileNotFoundError:
        return file.status is None
    return file.status is not None and _identity(now) == _identity(file.status)


def _identity(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns
