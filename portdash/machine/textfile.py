"""Text files of a project that portdash writes into: read without waiting, replaced as a whole or not at all."""

import os
import stat
from pathlib import Path

from portdash.errors import PortdashError, Refused
from portdash.files import replace_file, sync_directory, write_new
from portdash.machine.files import read_open
from portdash.record import record
from portdash.text import clean

LARGEST = 1024 * 1024
"""Bytes of the largest file that is read."""
_SAFELY = sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOFOLLOW", "O_CLOEXEC"))
"""Never wait for a pipe, never follow a link that was put there a moment ago; Windows has neither."""


@record(kw_only=True)
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
    try:
        replace_file(file.path, _bytes(text), like=file.status, ready=lambda: _check_as_read(file))
    except _Changed:
        return False
    except OSError as error:
        raise _unwritten(file.path, error) from error
    return True


def create_text(path: Path, text: str, *, mode: int = 0o666) -> None:
    """Make a file that is not there yet. Raises Refused when there is something of that name, or it cannot be made."""
    try:
        write_new(path, _bytes(text), mode=mode)
        sync_directory(str(path.parent))
    except FileExistsError as error:
        raise refusal(path, "is there already", hint="move it away, or go on with what it says") from error
    except OSError as error:
        raise _unwritten(path, error) from error


def _unwritten(path: Path, error: OSError) -> PortdashError:
    hint = "check the permissions there and the space on its disk"
    return refusal(path, f"cannot be written: {error.strerror or error}", hint=hint)


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


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


class _Changed(Exception):
    """The file was changed since it was read."""


def _check_as_read(file: TextFile) -> None:
    """Raise _Changed unless the file is still as it was read."""
    try:
        now = os.lstat(file.path)
    except FileNotFoundError:
        same = file.status is None
    else:
        same = file.status is not None and _identity(now) == _identity(file.status)
    if not same:
        raise _Changed


def _identity(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns
