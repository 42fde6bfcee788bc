"""A damaged file told from a disk that does not give the file out: SQLite calls both malformed."""

import contextlib
import re
import sqlite3

from portdash.errors import StoreError, StoreUnavailable
from portdash.store import trouble
from portdash.store.connection import check_integrity, format_of, open_connection

_PIECE = 1 << 20
_CODE = re.compile(r"error code=(\d+)$")


def failed_to_read(path: str, verdict: str) -> StoreUnavailable | None:
    """Return the error when a verdict of `integrity_check` is about a page that the disk did not give out."""
    said = _CODE.search(verdict)
    is_disk = said is not None and int(said[1]) & 0xFF == sqlite3.SQLITE_IOERR
    return trouble.unreadable(path, verdict) if is_disk else None


def reread(path: str, *, patience: float) -> StoreUnavailable | None:
    """Read a file again that seems damaged; return the error when it is its disk that failed. None: it is damaged.

    A sector that is lost fails again. A read that failed once does not, and then the file is found sound.
    """
    try:
        with open(path, "rb") as file:  # noqa: PTH123 (a text, as `realpath` gave it)
            while file.read(_PIECE):
                pass
        with contextlib.closing(open_connection(path, read_only=True, patience=patience)) as connection:
            connection.execute("BEGIN")
            format_of(connection, path)
            check_integrity(connection, path)
    except OSError as error:
        return trouble.unreadable(path, error.strerror or str(error))
    except StoreUnavailable as error:
        return error
    except (StoreError, sqlite3.Error, ValueError):
        return None
    return trouble.unreadable(path, "it is sound, and could not be read a moment ago")
