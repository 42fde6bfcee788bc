"""Making sure of a store's file before it is read or written: its format, and that it is as its last writer left it."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable
from typing import TypeVar

from portdash.store import trouble
from portdash.store.connection import check_integrity, format_of
from portdash.store.links import Link
from portdash.store.schema import VERSION
from portdash.store.seal import describe, lock_path_of, read_seal
from portdash.store.tables import Tables

T = TypeVar("T")


def look_into(link: Link, path: str, found: os.stat_result, ask: Callable[[Tables], T]) -> T | None:
    """Return what `ask` reads in one transaction; a file that is not as we left it is checked. Raises StoreError."""
    link.connection.execute("BEGIN")
    try:
        recognise(link, path)
        if 0 < link.version < VERSION:
            raise trouble.outdated(path, link.version)
        _believe(link, path, found)
        return ask(Tables(link.connection)) if link.version else None
    finally:
        roll_back(link.connection)


def _believe(link: Link, path: str, found: os.stat_result) -> None:
    """Check a file that does not fit its seal: at once through a new connection, else when it stays so for two looks.

    A writer seals the file a moment after its commit, and many readers would check for nothing. Raises StoreDamaged.
    """
    state = describe(found)
    if state == link.sound:
        return
    if read_seal(lock_path_of(path)) != state:
        if link.sound and link.odd != state:
            link.odd = state
            return
        check_integrity(link.connection, path)
    link.sound = state


def recognise(link: Link, path: str) -> None:
    """Note the format of the file, whose tables are read again only when somebody changed them. Raises StoreDamaged.

    SQLite, as it reads changed tables anew, takes "no pages" for "not told yet" and would keep 2 MiB of them from then
    on: it is told again.
    """
    ((changes,),) = link.connection.execute("PRAGMA schema_version")
    ((version,),) = link.connection.execute("PRAGMA user_version")
    if link.tables != (changes, version) or not link.version:
        link.version = format_of(link.connection, path)
        link.keep_pages(link.pages)
        link.tables = changes, version


def prepare(link: Link, path: str, *, sealed: bool, patience: float) -> None:
    """Make sure that the file may be written: it is a sound store of our format, or it is made one now.

    Raises StoreError.
    """
    if link.version > VERSION:
        raise trouble.too_new(path, link.version)
    if not link.version:
        from portdash.store.writing import create  # noqa: PLC0415  once in the life of a file

        create(link.connection)
    elif link.version < VERSION:
        from portdash.store.migrations import migrate  # noqa: PLC0415  once in the life of a file

        migrate(link.connection, path, link.version, patience=patience)
        link.version = VERSION
    elif not sealed:
        check_integrity(link.connection, path)


def roll_back(connection: sqlite3.Connection) -> None:
    """End the transaction if it is still open; one that cannot even be rolled back goes with its connection."""
    if connection.in_transaction:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
