"""What went wrong with a file, said in the store's errors."""

import errno
import os
import sqlite3
import stat as modes
from os import stat_result

from portdash.errors import (
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreOutdated,
    StoreReadOnly,
    StoreTooNew,
    StoreUnavailable,
)
from portdash.store.schema import VERSION
from portdash.text import clean

_NO_SPACE = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
_NOT_WRITABLE = frozenset((errno.EACCES, errno.EPERM, errno.EROFS))


def damaged(path: str, detail: str) -> StoreDamaged:
    """Return the error for a file that is not what was written."""
    return StoreDamaged(f"the store {clean(path)} is damaged: {clean(detail)}")


def unreadable(path: str, detail: str) -> StoreUnavailable:
    """Return the error for a file whose disk does not give it out: nothing says that it is damaged."""
    return StoreUnavailable(
        f"the store {clean(path)} cannot be read: {clean(detail)}",
        hint="check the disk, then try again; portdash changed nothing",
    )


def too_new(path: str, version: int) -> StoreTooNew:
    """Return the error for a file that a later portdash wrote."""
    return StoreTooNew(f"the store {clean(path)} was written by a newer portdash (format {version})")


def outdated(path: str, version: int) -> StoreOutdated:
    """Return the error for a file that an earlier portdash wrote, where it may not be brought up to date."""
    return StoreOutdated(f"the store {clean(path)} was written by an earlier portdash (format {version})")


def busy(path: str, seconds: float) -> StoreBusy:
    """Return the error for a lock that was not to be had within `seconds`; who has it just now is named."""
    from portdash.store.holder import holder_of  # noqa: PLC0415  only when somebody waited in vain

    holder = holder_of(path)
    now = f"; {holder} has it now" if holder else ""
    return StoreBusy(f"another process has held the store {clean(path)} for {seconds:g} s{now}")


def is_busy(error: sqlite3.Error) -> bool:
    """Say whether SQLite gave up waiting for somebody else's lock."""
    return _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def check_kind(path: str, found: stat_result) -> None:
    """Raise StoreUnavailable when what stands in the store's place is no ordinary file: opening it could hang."""
    if not modes.S_ISREG(found.st_mode):
        raise StoreUnavailable(
            f"{clean(path)} cannot be the store: it is not an ordinary file",
            hint="move it away, or name another store with --store",
        )


def check_journal(path: str) -> stat_result | None:
    """Return the state of SQLite's journal, None where there is none to be seen.

    Raises StoreUnavailable when what stands in its place is no ordinary file, for the same reason.
    """
    journal = f"{path}-journal"
    try:
        found = os.lstat(journal)
    except OSError:
        return None  # there is none before the first change; any other trouble is met by who opens it
    if not modes.S_ISREG(found.st_mode):
        raise StoreUnavailable(f"{clean(journal)} is in the way: it is not an ordinary file", hint="move it away")
    return found


def met(
    error: sqlite3.Error | ValueError, path: str, *, patience: float, writing: bool, version: int = VERSION
) -> StoreError:
    """Return the store's error for one of SQLite's, or for a ValueError: something read is not what is written here.

    What looks like damage in a file of a later `version` are tables of the future.
    """
    said = _from_sqlite(error, path, patience, writing=writing) if isinstance(error, sqlite3.Error) else None
    if isinstance(error, sqlite3.Error) and _code(error) == sqlite3.SQLITE_CORRUPT:
        from portdash.store.rereading import reread  # noqa: PLC0415  only when something is wrong

        said = reread(path, patience=patience) or said
    if version > VERSION and (said is None or isinstance(said, StoreDamaged)):
        return too_new(path, version)
    if isinstance(error, UnicodeDecodeError):  # even SQLite's own message can hold damaged text
        return damaged(path, "a text is not UTF-8")
    return said or damaged(path, str(error))


def _from_sqlite(error: sqlite3.Error, path: str, patience: float, *, writing: bool) -> StoreError:
    code, text = _code(error), clean(str(error))
    if is_busy(error):
        return busy(path, patience)
    if code == sqlite3.SQLITE_FULL:
        return StoreReadOnly(f"there is no space left for the store {clean(path)}; nothing was changed")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return StoreReadOnly(f"the store {clean(path)} cannot be written: {text}")
    if code == sqlite3.SQLITE_CANTOPEN:
        kind = StoreReadOnly if writing else StoreUnavailable
        return kind(f"the store {clean(path)} cannot be opened: {text}")
    if code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT):
        return _failed(path, text) if writing else unreadable(path, text)
    return damaged(path, text)


def _failed(path: str, text: str) -> StoreError:
    """Return the error for a change of which nobody knows how far it came."""
    return StoreError(
        f"the store {clean(path)} failed: {text}; the change may or may not be stored",
        hint="check the disk, then the status",
    )


def _code(error: sqlite3.Error) -> int:
    """Return the primary code of an error: the low byte of what SQLite says."""
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)) & 0xFF


def from_os(error: OSError, path: str, *, writing: bool) -> StoreError:
    """Return the store's error for one of the operating system's, met on the way to the file."""
    text = clean(error.strerror or str(error))
    if error.errno in _NO_SPACE:
        return StoreReadOnly(f"there is no space left for {clean(path)}; nothing was changed")
    if writing and error.errno in _NOT_WRITABLE:
        return StoreReadOnly(f"{clean(path)} cannot be written: {text}")
    return StoreUnavailable(f"{clean(path)} cannot be opened: {text}")
