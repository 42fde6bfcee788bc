"""The store in a SQLite file: this machine's authority, shared by every process of its user.

A writer holds the lock file (`locking`), then BEGIN IMMEDIATE; a reader needs neither. Reading never creates a file.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from portdash.errors import StoreOutdated, StoreReadOnly, StoreUnavailable
from portdash.model.state import StoreState
from portdash.store import trouble
from portdash.store.closing import Closing
from portdash.store.connection import MOMENT
from portdash.store.fields import Undecodable
from portdash.store.filesystem import refuse_network
from portdash.store.links import Identity, Links, closed, identity_at
from portdash.store.place import look, make_directory, make_file, note_seal, seal_of
from portdash.store.resting import AGAIN, Entry, settled
from portdash.store.seal import describe, lock_path_of
from portdash.store.soundness import look_into, prepare, recognise, roll_back
from portdash.store.states import States
from portdash.store.tables import Tables, Version
from portdash.store.trouble import is_busy

if TYPE_CHECKING:
    from portdash.model.history import Event, Operation
    from portdash.model.storage import Applied, Batch, Rejected

T = TypeVar("T")

PATIENCE = 10.0
"""Seconds a lock is waited for."""
LARGEST_PAGE = 65536
"""Bytes. A file of this size has a page, whatever it says of their size."""


class SqliteStore:
    """Implements `model.storage.Store` on the file at `path`, which is made by the first change.

    `host` is the machine whose workspaces a snapshot holds. With `read_only` nothing is ever written, not even to
    settle what a crashed writer left.
    """

    def __init__(self, path: Path, *, host: str, read_only: bool = False, patience: float = PATIENCE) -> None:
        self._path = path
        self._name = os.fspath(path)
        self._host = host
        self._read_only = read_only
        self._patience = patience
        self._states = States(host)
        self._closed = Closing()
        self._links = Links(read_only=read_only, patience=patience)
        self._left_behind: list[Links] = []
        """A parent's connections, which a forked child must neither use nor close."""
        self._watched: tuple[Entry, float, int] | None = None
        """The file as it was when it was last read for its revision, when that was, and the revision."""
        self._seen: tuple[Entry, float, StoreState] | None = None
        """The file as it was when it was last read for a snapshot, when that was, and what it held."""
        self._trusted: tuple[str, Identity | None] = "", None
        """The path that was found to be on a local disk, and the file that was there."""

    @property
    def url(self) -> str:
        """`sqlite:///` and the absolute path."""
        return f"sqlite:///{self._path.as_posix()}"

    def snapshot(self, since: StoreState | None = None) -> StoreState:
        """Return what the store holds; the same object while nothing has changed. Raises StoreError.

        As in `watch`, a file that looks as it did when it was read a moment ago is not read again.
        """
        self._here()  # after a fork, the states are others
        file, now, last = settled(self._path), time.monotonic(), self._seen
        if last is not None and last[0] == file and 0 <= now - last[1] < AGAIN:
            state = last[2]
        else:
            state = self._state()
            self._seen = (file, now, state) if file is not None else None
        return since if since is not None and since == state else state

    def _state(self) -> StoreState:
        """Read what the store holds."""
        made = self._read(self._states.look)
        if made is None:
            return self._states.empty()
        with self._said(self._trusted[0], writing=False):
            return made()

    def apply(self, batch: Batch) -> Applied | Rejected:
        """Store all of `batch` or nothing, durably. Raises StoreError, and UsageError for names that are none."""
        from portdash.model.storage import Applied, Rejected  # noqa: PLC0415  who only reads need not load what writes
        from portdash.store.validation import check_batch  # noqa: PLC0415

        check_batch(batch)
        if self._read_only:
            raise StoreReadOnly(
                f"the store {self._real_path()} was opened for reading only", hint="leave out --read-only"
            )
        answer = self._transact(batch)
        return answer if isinstance(answer, Applied) else Rejected(self.snapshot(), answer)

    def watch(self, since: int, timeout: float) -> int:
        """Wait until the revision differs from `since`, at most `timeout` seconds; return the revision then."""
        from portdash.store.noticing import changes_of  # noqa: PLC0415  only for who waits

        deadline = time.monotonic() + timeout
        with changes_of(self._path, self._closed) as changes:
            while True:
                changes.note()
                try:
                    revision = self._revision(settled(self._path))
                except StoreUnavailable:
                    if self._closed.is_set():
                        return since
                    raise
                remaining = deadline - time.monotonic()
                if revision != since or remaining <= 0 or changes.wait(remaining):
                    return revision

    def _revision(self, file: Entry | None) -> int:
        """Return the revision. A file that looks as it did when it was read a moment ago is not read again."""
        now, last = time.monotonic(), self._watched
        if last is not None and file is not None and last[0] == file and 0 <= now - last[1] < AGAIN:
            return last[2]
        revision = (self._read(Tables.version) or Version()).revision
        self._watched = (file, now, revision) if file is not None else None
        return revision

    def events(self, *, limit: int = 100, service: str | None = None) -> tuple[Event, ...]:
        """Return the latest events, newest first; `service` compares without case."""
        return self._read(lambda tables: tables.events(limit, service)) or ()

    def operations(self, workspace: str, *, limit: int = 1) -> tuple[Operation, ...]:
        """Return the latest operations of a workspace that changed rows and are not undone, newest first."""
        return self._read(lambda tables: tables.operations(workspace, limit)) or ()

    def close(self) -> None:
        """Close every thread's connection; closing twice is fine."""
        self._closed.set()
        if self._links.pid == os.getpid():
            self._links.close()

    def _read(self, ask: Callable[[Tables], T]) -> T | None:
        """Return what `ask` reads, all at one moment; None when there is no store yet.

        A file of an earlier portdash is brought up to date first, or it is an error where nothing may be written.
        """
        try:
            return self._read_as_it_is(ask)
        except StoreOutdated:
            if self._read_only:
                raise
        with self._writing() as connection:
            connection.execute("COMMIT")
        return self._read_as_it_is(ask)

    def _read_as_it_is(self, ask: Callable[[Tables], T]) -> T | None:
        path, here = self._real_path(), self._here()
        found = look(path)
        if found is None:
            here.drop()
            return None
        with self._said(path, writing=False):
            try:
                with here.use(path, found, patience=min(MOMENT, self._patience)) as link:
                    return look_into(link, path, found, ask)
            except sqlite3.OperationalError as error:
                if not is_busy(error):
                    raise
            from portdash.store.locking import turn  # noqa: PLC0415  only among writers who leave no gap

            with (
                turn(lock_path_of(path), patience=self._patience, store=path),
                here.use(path, found, patience=self._patience) as link,
            ):
                return look_into(link, path, found, ask)

    def _transact(self, batch: Batch) -> Applied | str:
        """Return the batch as stored, or why it was refused."""
        from portdash.store.storing import store  # noqa: PLC0415  who only reads need not load what writes

        with self._writing() as connection:
            return store(connection, batch)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection in a write transaction on a store that was found sound; the caller commits."""
        from portdash.store.locking import lock_file  # noqa: PLC0415  who only reads needs no lock

        path, here = self._real_path(), self._here()
        with here.one_writer(path):
            if self._trusted[1] is None:  # else there is a file in it
                make_directory(path)
            with (
                self._said(path, writing=True),
                here.about_to_write(patience=self._patience),
                lock_file(lock_path_of(path), patience=self._patience, store=path) as lock,
            ):
                found = make_file(path, lock)
                with self._said(path, writing=True), here.use(path, found, patience=self._patience) as link:
                    is_small = found.st_size < LARGEST_PAGE
                    if is_small:  # a begun write would show an empty file a page
                        recognise(link, path)
                    link.connection.execute("BEGIN IMMEDIATE")
                    try:
                        if not is_small:
                            recognise(link, path)
                        prepare(link, path, sealed=seal_of(lock) == describe(found), patience=self._patience)
                        yield link.connection
                    finally:
                        roll_back(link.connection)
                note_seal(path, lock)

    @contextlib.contextmanager
    def _said(self, path: str, *, writing: bool) -> Iterator[None]:
        """Turn what SQLite and the decoder raise into the store's errors; the connection is not used again."""
        try:
            yield
        except (sqlite3.Error, Undecodable, UnicodeDecodeError) as error:
            version = self._links.drop()
            raise trouble.met(error, path, patience=self._patience, writing=writing, version=version) from error

    def _here(self) -> Links:
        """Return this process's connections: after a fork, new ones. Raises StoreUnavailable when closed."""
        if self._closed.is_set():
            raise closed()
        if self._links.pid != os.getpid():
            self._left_behind.append(self._links)
            self._links = Links(read_only=self._read_only, patience=self._patience)
            self._states = States(self._host)
        return self._links

    def _real_path(self) -> str:
        """Return the file behind symbolic links, on a disk whose locks can be trusted. Raises StoreUnavailable.

        The links are followed anew unless the path still leads to the file that was there, under the name it had.
        """
        (trusted, was), here = self._trusted, identity_at(self._name)
        if here is not None and here == was and (trusted == self._name or identity_at(trusted) == here):
            return trusted
        path = os.path.realpath(self._path)
        if path != trusted:
            refuse_network(path)
        self._trusted = path, here
        return path
