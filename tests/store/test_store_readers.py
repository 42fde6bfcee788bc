"""Readers beside writers that leave them no gap."""

import contextlib
import errno
import os
import sqlite3
import threading
from pathlib import Path
from typing import Self

import pytest
from store_world import HOST, filled, ports

from portdash.errors import StoreBusy, StoreUnavailable
from portdash.store import sqlite as sqlite_store
from portdash.store import turns
from portdash.store.locking import lock_file, turn
from portdash.store.resting import AGAIN
from portdash.store.seal import lock_path_of
from portdash.store.sqlite import SqliteStore


@pytest.fixture(autouse=True)
def _nobody_is_left_in_a_queue() -> None:
    """Who gave up in an earlier test has a thread that may still be about to end."""
    for each in queueing():
        each.join(30)


class Writer:
    """Another process in all but name: it has the lock file and, inside, SQLite's own exclusive lock."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = lock_file(lock_path_of(str(path)), patience=1, store=str(path))
        self._connection = sqlite3.connect(path, isolation_level=None)

    def __enter__(self) -> Self:
        self._lock.__enter__()
        self._connection.execute("BEGIN EXCLUSIVE")
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.execute("ROLLBACK")
        self._connection.close()
        self._lock.__exit__(None, None, None)


def test_a_reader_waits_in_the_queue_of_the_writers(sqlite: SqliteStore, path: Path):
    filled(sqlite, ["web"])
    seen: list[dict[str, int]] = []
    reader = threading.Thread(target=lambda: seen.append(ports(SqliteStore(path, host=HOST, patience=30))))
    with Writer(path):
        reader.start()
        # Its place in the queue is a thread of its own, which the kernel holds until the lock is free.
        while not any(each.name == "portdash-lock" for each in threading.enumerate()):
            reader.join(0.01)
            assert reader.is_alive()
        assert seen == []
    reader.join(30)
    assert seen == [{"web": 4000}]


def test_a_reader_gives_up_in_the_end_and_says_so(sqlite: SqliteStore, path: Path):
    filled(sqlite, ["web"])
    with Writer(path), pytest.raises(StoreBusy):
        SqliteStore(path, host=HOST, patience=0.1).snapshot()
    assert ports(SqliteStore(path, host=HOST)) == {"web": 4000}


def test_looking_again_and_again_leaves_one_place_in_the_queue(sqlite: SqliteStore, path: Path):
    filled(sqlite, ["web"])
    reader = SqliteStore(path, host=HOST, patience=0.05)
    with Writer(path):
        for _ in range(5):
            with pytest.raises(StoreBusy):
                reader.snapshot()
        assert len(queueing()) == 1
        open_then = open_files(path.parent)
        with pytest.raises(StoreBusy):
            reader.snapshot()
        assert open_then
        assert open_files(path.parent) == open_then
    for each in queueing():
        each.join(30)
    assert ports(reader) == {"web": 4000}


def test_a_place_in_the_queue_that_was_left_is_taken_up_again(sqlite: SqliteStore, path: Path):
    filled(sqlite, ["web"])
    seen: list[dict[str, int]] = []
    with Writer(path):
        with pytest.raises(StoreBusy):
            SqliteStore(path, host=HOST, patience=0.05).snapshot()
        (left,) = queueing()
        reader = threading.Thread(target=lambda: seen.append(ports(SqliteStore(path, host=HOST, patience=30))))
        reader.start()
        while reader.is_alive() and turns._left:
            reader.join(0.01)
        assert queueing() == [left]
    reader.join(30)
    assert seen == [{"web": 4000}]
    assert ports(sqlite) == {"web": 4000}
    filled(sqlite, ["api"], first=4100)  # the lock was let go of


def queueing() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "portdash-lock"]


def open_files(directory: Path) -> list[str]:
    """Return what is open below a directory; what tests before this one have left open may be closed at any moment."""
    found = []
    for each in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # the one that lists the directory has gone
            found.append(str(each.readlink()))
    return sorted(each for each in found if each.startswith(str(directory)))


def test_a_file_system_without_locks_is_said(sqlite: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch):
    filled(sqlite, ["web"])
    fcntl = pytest.importorskip("fcntl")

    def no_locks(_descriptor: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with pytest.raises(StoreUnavailable, match="No locks"), turn(lock_path_of(str(path)), patience=1, store="x"):
        pass


def test_without_a_lock_file_to_queue_at_a_reader_waits_for_sqlite_alone(sqlite: SqliteStore, path: Path):
    filled(sqlite, ["web"])
    sqlite.close()
    Path(lock_path_of(str(path))).unlink()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreBusy):
        SqliteStore(path, host=HOST, patience=0.1).snapshot()
    connection.execute("ROLLBACK")
    connection.close()
    assert ports(SqliteStore(path, host=HOST)) == {"web": 4000}


class TestUnchanged:
    """A file that looks as it did a moment ago is not read again, and one that was written to is read at once."""

    @pytest.fixture
    def asked(self, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        """Grows with each look into the file."""
        found: list[int] = []
        look_into = sqlite_store.look_into

        def counted(*arguments: object) -> object:
            found.append(1)
            return look_into(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(sqlite_store, "look_into", counted)
        return found

    @pytest.fixture
    def clock(self, monkeypatch: pytest.MonkeyPatch) -> list[float]:
        """What the store takes for monotonic time."""
        now = [100.0]
        monkeypatch.setattr(sqlite_store.time, "monotonic", lambda: now[0])
        return now

    def rest(self, path: Path) -> None:
        """Make the file one that was written a while ago."""
        os.utime(path, (1_000_000_000, 1_000_000_000))

    def test_it_is_read_once_and_again_after_a_while(
        self, sqlite: SqliteStore, path: Path, asked: list[int], clock: list[float]
    ):
        filled(sqlite, ["web"])
        self.rest(path)
        first = sqlite.snapshot()
        asked.clear()
        clock[0] += AGAIN / 2
        assert sqlite.snapshot() is sqlite.snapshot(first) is first
        assert not asked
        clock[0] += AGAIN / 2
        assert sqlite.snapshot() is first
        assert len(asked) == 1

    def test_one_that_was_written_to_a_moment_ago_is_read_each_time(
        self, sqlite: SqliteStore, asked: list[int], clock: list[float]
    ):
        filled(sqlite, ["web"])
        assert clock == [100.0]
        os.utime(sqlite._path)
        asked.clear()
        sqlite.snapshot()
        sqlite.snapshot()
        assert len(asked) == 2

    def test_what_another_writes_is_seen_at_once(self, sqlite: SqliteStore, path: Path, clock: list[float]):
        filled(sqlite, ["web"])
        self.rest(path)
        assert ports(sqlite) == ports(sqlite) == {"web": 4000}
        other = SqliteStore(path, host=HOST)
        filled(other, ["api"], first=4001)
        other.close()
        assert ports(sqlite) == {"web": 4000, "api": 4001}
        assert clock == [100.0]

    def test_a_file_that_is_gone_holds_nothing(self, sqlite: SqliteStore, path: Path, clock: list[float]):
        filled(sqlite, ["web"])
        self.rest(path)
        assert ports(sqlite)
        path.unlink()
        Path(lock_path_of(str(path))).unlink()
        assert ports(sqlite) == {}
        assert clock == [100.0]

    def test_a_closed_store_says_so(self, sqlite: SqliteStore, path: Path):
        filled(sqlite, ["web"])
        self.rest(path)
        sqlite.snapshot()
        sqlite.close()
        with pytest.raises(StoreUnavailable):
            sqlite.snapshot()
