"""What was last read from the server, kept in a file of this machine: for the time while the server is away.

It is a SQLite store in form, without the log; the time of the last contact is that of its lock file. Nothing depends on
it: a mirror that cannot be written is worth a notice, and one that cannot be read is none.
"""

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from portdash.errors import StoreDamaged, StoreError
from portdash.model.assignment import ServiceKey
from portdash.model.state import StoreState
from portdash.store import trouble
from portdash.store.connection import check_integrity, format_of, open_connection
from portdash.store.locking import lock_file
from portdash.store.place import look, make_directory, make_file, note_seal
from portdash.store.redis.decoding import Known
from portdash.store.schema import VERSION
from portdash.store.seal import describe, lock_path_of, read_seal
from portdash.store.tables import Tables, Version
from portdash.store.writing import create, write_state

_PATIENCE = 0.5
"""Seconds that another process's writing is waited for: it writes much the same."""
_CONTACT_EVERY = 1.0
"""Seconds between two notes of a contact."""

# What reading a file of any kind may raise; a ValueError is something that is not what is written here.
_UNREADABLE = (sqlite3.Error, ValueError, StoreError)


class Reflection(NamedTuple):
    """What a mirror holds."""

    known: Known
    seen_at: float
    """Unix time of the last contact with the server."""


class Mirror:
    """The file at `path` for one store, as the machine `host` sees it; read only, where nothing may be changed.

    The caller serialises its use.
    """

    def __init__(self, path: Path, *, host: str, read_only: bool = False) -> None:
        self._path = os.path.realpath(path)
        self._host = host
        self._read_only = read_only
        self._written: Version | None = None
        """What this process has last found in the file, or put there."""
        self._noted_at = 0.0

    def read(self) -> Reflection | None:
        """Return what the file holds, None when there is none that can be used."""
        try:
            found = look(self._path)
            if found is None:
                return None
            with contextlib.closing(self._connect()) as connection:
                connection.execute("BEGIN")
                version = self._check(connection, found)
                known = _contents(Tables(connection), self._host, version)
            seen_at = os.stat(lock_path_of(self._path)).st_mtime  # noqa: PTH116 (one path, as it is)
        except (*_UNREADABLE, OSError):
            return None
        self._written = known.version
        return Reflection(known, seen_at)

    def write(self, known: Known, *, over_later: bool = False) -> str | None:
        """Make the file hold `known`, and note the contact; return what is in the way of that, if anything is.

        What the file has of a later revision, another process put there, and it stays, unless `over_later`: then the
        server itself has gone back.
        """
        if self._read_only:
            return None
        try:
            if over_later or known.version != self._written:
                self._put(known, over_later=over_later)
            self._note_contact()
        except OSError as error:
            self._written = None  # whoever took the file away wants it no less than before
            return trouble.from_os(error, self._path, writing=True).message
        except _UNREADABLE as error:
            return self._said(error).message
        return None

    def _said(self, error: sqlite3.Error | ValueError | StoreError) -> StoreError:
        if isinstance(error, StoreError):
            return error
        return trouble.met(error, self._path, patience=_PATIENCE, writing=True)

    def _put(self, known: Known, *, over_later: bool) -> None:
        make_directory(self._path)
        with lock_file(lock_path_of(self._path), patience=_PATIENCE, store=self._path) as lock:
            try:
                make_file(self._path, lock)
                self._rewrite(known, over_later=over_later)
            except (StoreDamaged, sqlite3.Error, ValueError) as error:
                if not isinstance(self._said(error), StoreDamaged):
                    raise
                self._remove(lock)  # it can be had again, all of it
                make_file(self._path, lock)
                self._rewrite(known, over_later=True)
            note_seal(self._path, lock)

    def _rewrite(self, known: Known, *, over_later: bool) -> None:
        with self._writing() as connection:
            tables = Tables(connection)
            there = tables.version()
            if there.revision > known.version.revision and not over_later:
                return
            if over_later:
                connection.execute("DELETE FROM assignment")
            changed = known.rows if over_later else _changed(known, there, tables)
            operation = known.version.operation
            write_state(connection, known.state, host=self._host, operation=operation, changed=changed)
        self._written = known.version

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection in a transaction, and commit it."""
        with contextlib.closing(self._connect()) as connection:
            connection.execute("PRAGMA synchronous = NORMAL")  # what a power loss takes is read from the server again
            version = format_of(connection, self._path)
            connection.execute("BEGIN IMMEDIATE")
            if version > VERSION:
                raise trouble.too_new(self._path, version)
            if not version:
                create(connection)
            elif version < VERSION:
                from portdash.store.migrations import advance  # noqa: PLC0415  once in the life of a file

                advance(connection, version)
            yield connection
            connection.execute("COMMIT")

    def _connect(self) -> sqlite3.Connection:
        return open_connection(self._path, read_only=self._read_only, patience=_PATIENCE)

    def _check(self, connection: sqlite3.Connection, found: os.stat_result) -> int:
        version = format_of(connection, self._path)
        if not 0 < version <= VERSION:
            raise ValueError("its format is another")
        if read_seal(lock_path_of(self._path)) != describe(found):
            check_integrity(connection, self._path)
        return version

    def _remove(self, lock: int) -> None:
        os.truncate(lock, 0)  # the seal first: an empty file without one is no store yet
        for path in (self._path, f"{self._path}-journal"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)  # noqa: PTH108 (one path, as it is)

    def _note_contact(self) -> None:
        now = time.time()
        if abs(now - self._noted_at) >= _CONTACT_EVERY:
            os.utime(lock_path_of(self._path), (now, now))
            self._noted_at = now


def _changed(known: Known, there: Version, tables: Tables) -> Iterable[ServiceKey]:
    """Return the rows in which the file, at the version `there`, may differ from what is known."""
    if known.changed is not None and known.steps.get(there.revision) == there.operation:
        return known.changed
    before = tables.revisions()  # a row at the same revision is the same
    gone = before.keys() - known.rows.keys()
    return (*gone, *(key for key, row in known.rows.items() if before.get(key) != row.revision))


def _contents(tables: Tables, host: str, form: int) -> Known:
    version = tables.version()
    state = StoreState(
        revision=version.revision,
        leases=MappingProxyType(tables.leases()),
        workspaces=tables.workspaces(host),
        quarantines=tables.quarantines(),
        plans=tables.plans(),
        requests=tables.requests() if form == VERSION else (),  # the first format had none
    )
    return Known.of(version, state, tables.assignments())
