"""Bringing a file that an earlier portdash wrote up to the tables of this one: forward only, all of it or nothing.

A step takes a file from one version to the next. It is run by the first write, or read, of a portdash that knows it,
under the lock file and in a transaction of its own, after a copy of the file was made durable beside it.
"""

import logging
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

from portdash.store import trouble
from portdash.store.backup import backup
from portdash.store.connection import check_integrity, format_of
from portdash.store.schema import REQUEST, VERSION

_log = logging.getLogger(__name__)


def _add_requests(connection: sqlite3.Connection) -> None:
    """From 1 to 2: supervisors can be asked for something."""
    connection.execute(REQUEST)


STEPS: Mapping[int, Callable[[sqlite3.Connection], None]] = {1: _add_requests}
"""By the version that a step begins with. It changes tables and rows, the sums of the rows included; version and
transaction are not its business."""


def migrate(connection: sqlite3.Connection, path: str, version: int, *, patience: float) -> Path:
    """Bring the file from `version` to VERSION and return where the copy of it is.

    The caller holds the lock file and has begun a write transaction in which nothing was changed; it finds it begun
    anew. Raises StoreError, and then the file is as it was; sqlite3.Error for what SQLite itself refuses.
    """
    check_integrity(connection, path)
    if missing := [each for each in range(version, VERSION) if each not in STEPS]:
        raise trouble.damaged(path, f"nothing leads on from format {missing[0]}")
    copy = backup(Path(path), f"v{version}", patience=patience)
    assert copy is not None  # there is a file: it is open
    advance(connection, version)
    format_of(connection, path)
    check_integrity(connection, path)
    connection.execute("COMMIT")
    connection.execute("BEGIN IMMEDIATE")
    _log.info("the store %s is of format %d now; %s is the copy from before", path, VERSION, copy)
    return copy


def advance(connection: sqlite3.Connection, version: int) -> None:
    """Take the steps from `version` to VERSION, in the caller's transaction."""
    for each in range(version, VERSION):
        STEPS[each](connection)
    connection.execute(f"PRAGMA user_version = {VERSION}")
