"""A copy of the store's file beside it, made while others may be using the file."""

import contextlib
import errno
import os
import sqlite3
from pathlib import Path

from portdash.files import sweep, sync_directory
from portdash.store import trouble
from portdash.store.connection import open_connection
from portdash.store.place import look

MARK = ".bak-"
"""Stands between the name of the store's file and the label of a copy."""
_HALF = ".copying-"
"""Stands there instead while a copy is made."""
_MOST = 1000


def backup(path: Path, label: str, *, patience: float = 10.0) -> Path | None:
    """Copy the store at `path` to `NAME.bak-LABEL` in its directory, durably, and return where that is.

    The copy is of one moment, whoever writes meanwhile, and for its owner alone. A copy of that name is kept: the new
    one is called `LABEL-2` then, and so on. None when there is no store to copy. Raises StoreError; a copy that could
    not be finished is removed.
    """
    real = os.path.realpath(path)
    if look(real) is None:
        return None
    temporary = f"{real}{_HALF}{label}-{os.getpid()}"
    sweep(Path(real).parent, f"{Path(real).name}{_HALF}", "")
    try:
        _copy(real, temporary, patience)
        return _keep(temporary, f"{real}{MARK}{label}")
    except sqlite3.Error as error:
        raise trouble.met(error, real, patience=patience, writing=True) from error
    except OSError as error:
        raise trouble.from_os(error, temporary, writing=True) from error
    finally:
        for leftover in (temporary, f"{temporary}-journal"):
            with contextlib.suppress(OSError):
                Path(leftover).unlink(missing_ok=True)


def copies(path: Path) -> tuple[Path, ...]:
    """Return the copies of the store at `path`, the newest first."""
    real = Path(os.path.realpath(path))
    with contextlib.suppress(OSError):
        found = [each for each in real.parent.iterdir() if each.name.startswith(f"{real.name}{MARK}")]
        kept = [(each.stat().st_mtime_ns, each) for each in found if each.is_file()]
        return tuple(each for _, each in sorted(kept, reverse=True))
    return ()


def _copy(source: str, target: str, patience: float) -> None:
    flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    os.close(os.open(target, flags, 0o600))
    with (
        contextlib.closing(open_connection(source, read_only=True, patience=patience)) as theirs,
        contextlib.closing(open_connection(target, read_only=False, patience=patience)) as ours,
    ):
        theirs.backup(ours)  # in one step, so that no write can come between
    with open(target, "rb") as file:  # noqa: PTH123 (a text, as `realpath` gave it)
        os.fsync(file.fileno())


def _keep(temporary: str, wanted: str) -> Path:
    """Give the copy its name, or the first like it that nothing has."""
    for number in range(1, _MOST):
        name = wanted if number == 1 else f"{wanted}-{number}"
        try:
            os.link(temporary, name)  # unlike a rename, it never takes the place of an older copy
        except FileExistsError:
            continue
        sync_directory(str(Path(name).parent))
        return Path(name)
    raise OSError(errno.EEXIST, "there are a thousand copies already")
