"""Replacing a configuration file as a whole: a reader, or a crash, sees the old one or the new one, never a part."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from portdash.config.files import ReadFile, read_file
from portdash.errors import ConfigError, Refused
from portdash.files import replace_file
from portdash.text import clean

PATIENCE = 5.0
"""Seconds that another process may take to change a file in the same directory."""


def rewrite(path: Path, change: Callable[[ReadFile | None], bytes]) -> None:
    """Put in place of the file at `path` what `change` makes of it; None stands for a file that is not there yet.

    Mode and owner stay. A symbolic link is followed within the directory of `path` and below it, and refused beyond.
    Raises ConfigError (it cannot be read or written, or changed meanwhile), Refused, and what `change` raises: then
    the file is as it was.
    """
    real = _within(path)
    try:
        with _locked(real.parent):
            found = _read(real, path)
            content = change(found)
            if _read(real, path) != found:
                raise ConfigError(f"{_name(path)} was changed meanwhile", hint="nothing was written: try again")
            replace_file(real, content, like=real.stat() if found else None)
    except OSError as error:
        raise ConfigError(
            f"{_name(path)} cannot be written: {error.strerror or type(error).__name__}",
            hint="check the permissions and free space of its directory",
        ) from error


def _within(path: Path) -> Path:
    """Return where the file really is. Raises Refused when that is outside the directory of `path`."""
    real, root = Path(os.path.realpath(path)), Path(os.path.realpath(path.parent))
    if not real.is_relative_to(root):
        raise Refused(
            f"{_name(path)} is a link that leads out of its project: {_name(real)}",
            hint="change that file by hand, or put a file of its own in the project",
        )
    return real


def _read(real: Path, path: Path) -> ReadFile | None:
    found = read_file(real)
    if found and found.suspect:
        raise ConfigError(f"{_name(path)} {found.suspect}", hint="make it your own: chown, chmod o-w")
    return found


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Keep our own processes from changing files of a directory meanwhile, by a lock on itself: no file is left."""
    try:
        from fcntl import LOCK_EX, LOCK_NB, flock  # noqa: PLC0415  not everywhere
    except ImportError:
        yield
        return
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                flock(descriptor, LOCK_EX | LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise ConfigError(
                        f"files of {_name(directory)} are being changed by another process", hint="try again"
                    ) from None
                time.sleep(0.01)
        yield
    finally:
        os.close(descriptor)


def _name(path: Path) -> str:
    return clean(str(path), limit=None)
