"""One connection for each thread of one process, opened when it is needed and again when the file was replaced."""

import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from weakref import WeakSet

from portdash.errors import StoreUnavailable
from portdash.store import trouble
from portdash.store.connection import open_connection
from portdash.text import clean

_ATTEMPTS = 3
_PAGES = 256
"""Pages that a write keeps in memory while it lasts."""
Identity = tuple[int, int]
"""Device and inode: a file put in the place of another is not the same store."""


class Link:
    """A connection of one thread. Closed with the last reference to it, but never by a forked child."""

    __slots__ = (
        *("__weakref__", "connection", "guard", "identity", "odd"),
        *("pages", "patience", "pid", "sound", "tables", "version"),
    )

    def __init__(self, connection: sqlite3.Connection, identity: Identity) -> None:
        self.connection = connection
        self.identity = identity
        self.patience = 0
        """Milliseconds that SQLite waits for others' locks, once it was told."""
        self.pages = 0
        """How many pages SQLite was last told to keep; a connection begins with none."""
        self.pid = os.getpid()
        self.version = 0
        """The format of the file, 0 while it is empty."""
        self.tables: tuple[int, int] | None = None
        """SQLite's counter of changes to the tables, and the version in the header, when the format was last seen."""
        self.guard = threading.Lock()
        """Held while the connection is in use, so that closing waits."""
        self.sound = b""
        """The state of the file, as `seal.describe` tells it, in which it was last believed; empty before it was."""
        self.odd = b""
        """A later one that did not fit the seal when it was first seen."""

    def keep_pages(self, count: int) -> None:
        """Let SQLite keep so many pages in memory. None, and it forgets those that it has. Raises sqlite3.Error."""
        self.connection.execute(f"PRAGMA cache_size = {count}")
        self.pages = count

    def be_patient(self, seconds: float) -> None:
        """Let SQLite wait so long for locks that others have on the file. Raises sqlite3.Error."""
        milliseconds = round(seconds * 1000)
        if self.patience != milliseconds:
            self.connection.execute(f"PRAGMA busy_timeout = {milliseconds}")
            self.patience = milliseconds

    def close(self, *, getpid: Callable[[], int] = os.getpid) -> None:
        """Close the connection. In a child it is left alone: rolling back there would harm the parent.

        `getpid` is the default's own: by the time the last links go, the interpreter may have taken `os` away.
        """
        if self.pid == getpid():
            self.connection.close()

    def __del__(self) -> None:
        self.close()


class Links:
    """The connections of the process that made this object; after a fork the child makes its own."""

    def __init__(self, *, read_only: bool, patience: float) -> None:
        self.pid = os.getpid()
        self._writers = threading.Lock()
        self._turns = 0
        """How often a thread has written; changed by the one whose turn it is."""
        self._read_only = read_only
        self._patience = patience
        self._own = threading.local()
        self._all: WeakSet[Link] = WeakSet()
        self._guard = threading.Lock()
        self._closed = False

    @contextlib.contextmanager
    def use(self, path: str, found: os.stat_result, *, patience: float) -> Iterator[Link]:
        """Yield this thread's connection to the file that was `found` at `path`.

        It waits `patience` seconds for locks that others have on the file. Raises StoreUnavailable, sqlite3.Error.
        """
        link: Link | None = getattr(self._own, "link", None)
        if link is None or link.identity != identify(found):
            self.drop()
            link = self._connect(path, patience)
        with link.guard:
            if self._closed:
                raise closed()
            link.be_patient(patience)
            yield link

    @contextlib.contextmanager
    def about_to_write(self, *, patience: float) -> Iterator[None]:
        """Get this thread's connection, if there is one, ready for a write, and over it: others wait for the writer.

        Meanwhile it keeps pages, of which most are wanted twice. Raises sqlite3.Error.
        """
        self._tell(patience, _PAGES)
        try:
            yield
        finally:
            try:
                self._tell(patience, 0)
            except sqlite3.Error:
                self.drop()  # and its pages with it

    def _tell(self, patience: float, pages: int) -> None:
        link: Link | None = getattr(self._own, "link", None)
        if link is not None:
            with link.guard:
                if not self._closed:
                    link.be_patient(patience)
                    link.keep_pages(pages)

    @contextlib.contextmanager
    def one_writer(self, path: str) -> Iterator[None]:
        """Be the only thread that writes; the lock file is for the processes.

        A crowd of threads is waited for as long as it gets on: it is one that holds for long who is too much. Raises
        StoreBusy when none has written within the patience.
        """
        turns = self._turns
        while not self._writers.acquire(timeout=self._patience):
            if turns == self._turns:
                raise trouble.busy(path, self._patience)
            turns = self._turns
        try:
            yield
            self._turns += 1
        finally:
            self._writers.release()

    def drop(self) -> int:
        """Let go of this thread's connection, so that the next use starts afresh; return the format it had found."""
        link: Link | None = getattr(self._own, "link", None)
        if link is None:
            return 0
        self._own.link = None
        link.close()
        return link.version

    def close(self) -> None:
        """Close all connections, each when its thread is done with it."""
        with self._guard:
            self._closed = True
            links = list(self._all)
        for link in links:
            with link.guard:
                link.close()

    def _connect(self, path: str, patience: float) -> Link:
        try:
            link = connect(path, read_only=self._read_only, patience=patience)
        except OSError as error:
            raise trouble.from_os(error, path, writing=False) from error
        with self._guard:
            if self._closed:
                raise closed()
            self._all.add(link)
        self._own.link = link
        return link


def identify(found: os.stat_result) -> Identity:
    """Return which file it is."""
    return found.st_dev, found.st_ino


def identity_at(path: str) -> Identity | None:
    """Return which file is at `path`, None where there is none to be seen."""
    try:
        return identify(os.stat(path))  # noqa: PTH116
    except OSError:
        return None


def connect(path: str, *, read_only: bool, patience: float) -> Link:
    """Open the file at `path`, which must exist. Raises sqlite3.Error, OSError, StoreUnavailable."""
    for _ in range(_ATTEMPTS):
        identity = identify(os.stat(path))  # noqa: PTH116 (the path may hold what pathlib would change)
        link = Link(open_connection(path, read_only=read_only, patience=patience), identity)
        if identify(os.stat(path)) == identity:  # noqa: PTH116
            return link
        link.close()
    raise StoreUnavailable(f"the store {clean(path)} is being replaced again and again")


def closed() -> StoreUnavailable:
    """Return the error for a store that is used after it was closed."""
    return StoreUnavailable("the store is closed", hint="open it again")
