"""What is to be known of a store's file, damaged or not. Writes nothing."""

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from portdash.errors import StoreError
from portdash.record import record
from portdash.store import trouble
from portdash.store.backup import copies
from portdash.store.connection import check_integrity, format_of, open_connection
from portdash.store.place import look
from portdash.store.schema import VERSION
from portdash.store.tables import Tables

COUNTED = ("assignment", "workspace", "lease", "event", "operation")
"""Tables whose rows are counted."""
_NOTHING: Mapping[str, int | None] = MappingProxyType(dict.fromkeys(COUNTED))


@record(kw_only=True)
class Inspection:
    """A store's file at one moment."""

    path: Path
    exists: bool
    size: int = 0
    """Bytes."""
    free: int | None = None
    """Bytes that are left on its disk, None where that cannot be told."""
    format: int | None = None
    """Version of its tables, None when they cannot be read; 0 for a file that holds nothing yet."""
    revision: int | None = None
    counts: Mapping[str, int | None]
    """Rows by table; None where they cannot be counted."""
    copies: tuple[Path, ...] = ()
    """Copies of it, the newest first."""
    trouble: StoreError | None = None
    """What is wrong with it, None when it is sound."""

    @property
    def verdict(self) -> str:
        """`sound`, `absent`, or the code of what is wrong without its `store_`, such as `damaged`."""
        if self.trouble is not None:
            return self.trouble.code.removeprefix("store_")
        return "sound" if self.exists else "absent"


def inspect(path: Path, *, read_only: bool = False, patience: float = 10.0) -> Inspection:
    """Look at every page and row of the store at `path`. What is wrong is in the answer, not raised.

    A crashed writer's last change is settled first, unless `read_only`.
    """
    real = os.path.realpath(path)
    blank = Inspection(path=Path(real), exists=True, free=_free(Path(real)), counts=_NOTHING, copies=copies(path))
    try:
        found = look(real)
    except StoreError as error:
        size = os.lstat(real).st_size if os.path.lexists(real) else 0
        return replace(blank, size=size, trouble=error)
    if found is None:
        return replace(blank, exists=os.path.lexists(real), counts=dict.fromkeys(COUNTED, 0))
    return _examine(replace(blank, size=found.st_size), real, read_only=read_only, patience=patience)


def _examine(blank: Inspection, real: str, *, read_only: bool, patience: float) -> Inspection:
    """Complete what is known of a file that can be opened."""
    version = 0
    try:
        with contextlib.closing(open_connection(real, read_only=read_only, patience=patience)) as connection:
            connection.execute("BEGIN")
            version = format_of(connection, real)
            if not version:
                return replace(blank, format=0, revision=0, counts=dict.fromkeys(COUNTED, 0))
            blank = replace(blank, format=version, counts={table: _count(connection, table) for table in COUNTED})
            check_integrity(connection, real)
            blank = replace(blank, revision=Tables(connection).version().revision)
    except StoreError as error:
        return replace(blank, trouble=error)
    except (sqlite3.Error, ValueError) as error:
        problem = trouble.met(error, real, patience=patience, writing=False, version=version or VERSION)
        return replace(blank, trouble=problem)
    return replace(blank, trouble=trouble.too_new(real, version)) if version > VERSION else blank


def _count(connection: sqlite3.Connection, table: str) -> int | None:
    try:
        (count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 (our words)
    except sqlite3.Error:
        return None
    assert isinstance(count, int)
    return count


def _free(path: Path) -> int | None:
    """Return the free bytes of the nearest directory that is there."""
    for directory in path.parents:
        with contextlib.suppress(OSError):
            return shutil.disk_usage(directory).free
    return None
