"""The two questions of `portdash get`, asked of the file directly: a shell script must not pay for a whole store.

Nothing is created. A store that is missing answers None; one that is damaged is an error, as everywhere.
"""

import contextlib
import os
import sqlite3

from portdash.errors import StoreBusy
from portdash.store import trouble
from portdash.store.connection import MOMENT, check_integrity, format_of, open_connection
from portdash.store.place import look
from portdash.store.schema import BY_KEY, SELECT_ASSIGNMENT, SELECT_WORKSPACE, VERSION
from portdash.store.seal import describe, lock_path_of, read_seal, row_sum

PATIENCE = 10.0
"""Seconds a writer is waited for."""


def port_of(
    path: str | os.PathLike[str],
    *,
    host: str,
    user: str,
    workspace: str,
    environment: str,
    service: str,
    protocol: str = "tcp",
) -> int | None:
    """Return the port of a service, None when it has none. Raises StoreError."""
    key = (host, user, workspace, environment, service.casefold(), protocol)
    row = _ask(path, f"{SELECT_ASSIGNMENT} {BY_KEY}", key)
    if row is None:
        return None
    port = row[6]
    assert isinstance(port, int)
    return port


def workspace_of(path: str | os.PathLike[str], *, host: str, root: str) -> str | None:
    """Return the name of the workspace with that root, None when the store does not know it. Raises StoreError."""
    row = _ask(path, f"{SELECT_WORKSPACE} WHERE host = ? AND root = ?", (host, root.encode("utf-8", "surrogatepass")))
    if row is None:
        return None
    import json  # noqa: PLC0415 (only a script in a project asks this)

    name = json.loads(str(row[3]))["name"]
    assert isinstance(name, str)
    return name


def _ask(path: str | os.PathLike[str], sql: str, parameters: tuple[object, ...]) -> tuple[object, ...] | None:
    """Return the first row of a query, its sum checked; None when there is none."""
    real = os.path.realpath(path)
    found = look(real)
    if found is None:
        return None
    try:
        return _look_into(real, found, sql, parameters, patience=MOMENT)
    except StoreBusy:
        from portdash.store.locking import turn  # noqa: PLC0415 (only among writers who leave no gap)
    with turn(lock_path_of(real), patience=PATIENCE, store=real):
        return _look_into(real, found, sql, parameters, patience=PATIENCE)


def _look_into(
    path: str, found: os.stat_result, sql: str, parameters: tuple[object, ...], *, patience: float
) -> tuple[object, ...] | None:
    version = VERSION
    try:
        with contextlib.closing(open_connection(path, read_only=False, patience=patience)) as connection:
            connection.execute("BEGIN")
            version = format_of(connection, path)
            if 0 < version < VERSION:
                raise trouble.outdated(path, version)
            if read_seal(lock_path_of(path)) != describe(found):
                check_integrity(connection, path)
            return _first(connection.execute(sql, parameters)) if version else None
    except (sqlite3.Error, ValueError) as error:
        if patience == MOMENT and isinstance(error, sqlite3.Error) and trouble.is_busy(error):
            raise StoreBusy("the store is busy") from error  # who has it is asked when that lasts
        raise trouble.met(error, path, patience=patience, writing=False, version=version) from error


def _first(rows: sqlite3.Cursor) -> tuple[object, ...] | None:
    row: tuple[object, ...] | None = rows.fetchone()
    if row is not None and row_sum(row[:-1]) != row[-1]:
        raise ValueError("a row does not fit its checksum")
    return row
