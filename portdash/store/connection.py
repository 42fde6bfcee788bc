"""Opening a connection to the store's file, and looking at what it is before it is believed.

`portdash get` pays for this module: it imports next to nothing.
"""

import contextlib
import os
import sqlite3
from pathlib import Path

from portdash.store import trouble
from portdash.store.schema import APPLICATION_ID, OLDEST, SCHEMA, VERSION
from portdash.store.seal import row_sum

_SETTINGS = (
    "PRAGMA synchronous = EXTRA",  # what was acknowledged survives a power loss
    "PRAGMA trusted_schema = OFF",
    # No page outlives its transaction: SQLite knows stale ones by a counter in the file, and a copy that is restored
    # under an open connection may come to the same count.
    "PRAGMA cache_size = 0",
    "PRAGMA cache_spill = OFF",
    "PRAGMA cell_size_check = ON",
    # A commit is a journal whose head is zeroed and synced: as lasting as one that is deleted and its directory synced,
    # without making, growing and removing a file each time, on which a disk spends most of a change's time. Who deletes
    # it, as SQLite does when not told, gets on with who does not. Not WAL: two writers could damage it before 3.51.3.
    "PRAGMA journal_mode = PERSIST",
    f"PRAGMA journal_size_limit = {1 << 20}",  # bytes: what one large change made of it does not stay
)


_RIGHTS = 0o777
MOMENT = 0.02
"""Seconds that a reader tries by itself before it queues with the writers: SQLite's own waiting is a lottery."""


def open_connection(path: str, *, read_only: bool, patience: float) -> sqlite3.Connection:
    """Open in `rw` mode unless told otherwise: it never creates, falls back to reading, and settles a crashed write.

    Raises sqlite3.Error, StoreUnavailable.
    """
    journal = trouble.check_journal(path)
    if journal is not None and not read_only:
        _keep_rights(path, journal)
    connection = sqlite3.connect(
        f"{Path(path).as_uri()}?mode={'ro' if read_only else 'rw'}",
        uri=True,
        timeout=patience,  # the busy timeout, set before any pragma
        isolation_level=None,
        check_same_thread=False,  # `close` is called from another thread than the one that uses it
    )
    try:
        for setting in _SETTINGS:
            connection.execute(setting)
    except BaseException:
        connection.close()
        raise
    return connection


def _keep_rights(path: str, journal: os.stat_result) -> None:
    """Let the journal be for those whom the file is for by now: SQLite asks for that only when it makes one.

    Who may read the file and not the journal could not read at all.
    """
    with contextlib.suppress(OSError):  # another's, or gone by now: who cannot use it is told when it is opened
        found = os.stat(path)  # noqa: PTH116
        if (found.st_mode ^ journal.st_mode) & _RIGHTS:
            os.chmod(f"{path}-journal", found.st_mode & _RIGHTS)  # noqa: PTH101


def format_of(connection: sqlite3.Connection, path: str) -> int:
    """Return the version of the tables, 0 when the file has no page yet. Raises StoreDamaged when it is not ours."""
    if _pragma(connection, "page_count") == 0:
        if os.stat(path).st_size:  # noqa: PTH116 (a file shorter than a page has none either, and is no empty one)
            raise trouble.damaged(path, "it is cut off")
        return 0
    if _pragma(connection, "application_id") != APPLICATION_ID:
        raise trouble.damaged(path, "it is not a store of portdash")
    version = _pragma(connection, "user_version")
    if version < OLDEST:
        raise trouble.damaged(path, f"its format is {version}")
    found = {sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}
    if version == VERSION and found != set(SCHEMA):  # without its unique index, two services could have one port
        raise trouble.damaged(path, "its tables are not those that were made")
    return version


def check_integrity(connection: sqlite3.Connection, path: str) -> None:
    """Look at every page, compare tables with indexes, and every row with its sum.

    Raises StoreDamaged, and StoreUnavailable for a page that the disk does not give out.
    """
    (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != "ok":
        from portdash.store.rereading import failed_to_read  # noqa: PLC0415  only when something is wrong

        detail = verdict.splitlines()[-1]
        raise failed_to_read(path, detail) or trouble.damaged(path, detail)
    if _pragma(connection, "user_version") > VERSION:
        return  # rows of the future may have columns behind the sum
    for table in _tables(connection):
        for *values, expected in connection.execute(f"SELECT * FROM {table}"):  # noqa: S608 (quoted)
            if row_sum(values) != expected:
                raise trouble.damaged(path, f"a row of {table.strip(chr(34))} does not fit its checksum")


def _tables(connection: sqlite3.Connection) -> list[str]:
    """Return the tables there are, quoted; an earlier version may have had others than this one."""
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return [f'"{str(name).replace(chr(34), chr(34) * 2)}"' for (name,) in names]


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    (value,) = connection.execute(f"PRAGMA {name}").fetchone()
    return int(value)
