"""The SQLite store's own promises: files, rights, forks, replaced files, what is read and when."""

import os
import signal
import sqlite3 as sql
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from store_world import HOST, again, applied, batch, claim, filled, lease_of, ports, row

from portdash.errors import StoreBusy, StoreDamaged, StoreReadOnly, StoreUnavailable
from portdash.model.state import StoreState
from portdash.model.storage import Applied, TakeLease
from portdash.record import replace
from portdash.store.links import Links
from portdash.store.locking import lock_file
from portdash.store.schema import EVENTS_KEPT, OPERATIONS_KEPT, SWEEP
from portdash.store.sqlite import SqliteStore


def test_reading_an_empty_home_writes_nothing(sqlite: SqliteStore, home: Path):
    assert sqlite.snapshot() == StoreState()
    sqlite.events()
    sqlite.operations("shop")
    sqlite.watch(0, 0)
    assert list(home.iterdir()) == []


def test_directory_and_files_are_for_their_owner_alone(sqlite: SqliteStore, path: Path):
    filled(sqlite, ["web"])
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()} == {
        "portdash.db": 0o600,
        "portdash.db-journal": 0o600,
        "portdash.db.lock": 0o600,
    }


def test_the_url_names_the_file(sqlite: SqliteStore, path: Path):
    assert sqlite.url == f"sqlite:///{path}"


def test_journal_and_durability_are_as_designed(sqlite: SqliteStore, path: Path):
    filled(sqlite, ["web"])
    with sqlite._links.use(os.path.realpath(path), path.stat(), patience=1) as link:
        said = [link.connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    assert said == ["persist", 3]


def test_the_journal_that_stays_is_void_and_gets_on_with_who_deletes_it(sqlite: SqliteStore, path: Path):
    journal = path.with_name("portdash.db-journal")
    filled(sqlite, ["web"])
    assert journal.read_bytes()[:28] == bytes(28), "a head without zeros would be rolled back"
    other = sql.connect(path, isolation_level=None)
    other.execute("PRAGMA journal_mode = DELETE")
    other.execute("PRAGMA user_version = 3")
    other.execute("PRAGMA user_version = 2")
    other.close()
    assert not journal.exists()
    filled(sqlite, ["api"], first=5000)
    assert journal.read_bytes()[:28] == bytes(28)
    assert {each.name: each.port for each in again(path).assignments.values()} == {"web": 4000, "api": 5000}


@pytest.mark.needs_linux
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_the_journal_that_stays_is_for_those_whom_the_file_is_for(sqlite: SqliteStore, path: Path, mode: int):
    filled(sqlite, ["web"])
    journal = path.with_name("portdash.db-journal")
    journal.chmod(0o644 if mode == 0o600 else 0o600)
    path.chmod(mode)
    assert again(path).assignments
    assert stat.S_IMODE(journal.stat().st_mode) == mode


def test_who_only_reads_leaves_the_journal_as_it_is(sqlite: SqliteStore, path: Path):
    filled(sqlite, ["web"])
    path.chmod(0o644)
    assert SqliteStore(path, host=HOST, read_only=True).snapshot().assignments
    assert stat.S_IMODE(path.with_name("portdash.db-journal").stat().st_mode) == 0o600


def test_what_a_large_change_made_of_the_journal_does_not_stay(sqlite: SqliteStore, path: Path):
    names = [f"s{number}" for number in range(3000)]
    applied(sqlite, *(claim(row(name, 4000 + number)) for number, name in enumerate(names)))
    for round_ in range(2):
        held = sqlite.snapshot().assignments.values()
        applied(sqlite, *(claim(replace(each, actor=str(round_)), expected=each.revision) for each in held))
    assert path.stat().st_size > 2 << 20
    assert path.with_name("portdash.db-journal").stat().st_size == 1 << 20


def test_the_index_is_the_last_word_on_duplicates(sqlite: SqliteStore, path: Path):
    filled(sqlite, ["a", "b"])
    connection = sql.connect(path)
    with pytest.raises(sql.IntegrityError):
        connection.execute("UPDATE assignment SET port = 4000")
    connection.close()


def test_two_stores_on_one_file_see_each_other(sqlite: SqliteStore, path: Path):
    other = SqliteStore(path, host=HOST)
    filled(sqlite, ["web"])
    assert ports(other) == {"web": 4000}
    applied(other, claim(row("api", 4001)))
    assert ports(sqlite) == {"web": 4000, "api": 4001}
    assert sqlite.watch(1, 10) == 2
    other.close()


def test_read_only_never_writes(sqlite: SqliteStore, path: Path):
    reader = SqliteStore(path, host=HOST, read_only=True)
    assert reader.snapshot() == StoreState()
    with pytest.raises(StoreReadOnly):
        reader.apply(batch(claim(row("web", 4000))))
    assert not path.parent.exists()
    filled(sqlite, ["web"])
    before = {each: (each.read_bytes(), each.stat().st_mtime_ns) for each in path.parent.iterdir()}
    assert ports(reader) == {"web": 4000}
    with pytest.raises(StoreReadOnly):
        reader.apply(batch(claim(row("api", 4001))))
    reader.close()
    assert {each: (each.read_bytes(), each.stat().st_mtime_ns) for each in path.parent.iterdir()} == before


@pytest.mark.parametrize(
    "tamper",
    [
        "PRAGMA application_id = 7",
        "PRAGMA user_version = 0",
        "DROP INDEX one_owner",
        "CREATE TRIGGER t AFTER INSERT ON assignment BEGIN DELETE FROM assignment; END",
        "DELETE FROM meta",
        "UPDATE meta SET revision = 99",
        "UPDATE assignment SET port = 4999",
        "UPDATE assignment SET body = replace(body, 'front end', 'back end')",
        "UPDATE lease SET body = '{}'",
    ],
)
def test_what_somebody_else_changed_is_damage(sqlite: SqliteStore, path: Path, tamper: str):
    filled(sqlite, ["web"])
    applied(sqlite, TakeLease(lease_of("web", "t")))
    connection = sql.connect(path)
    connection.execute(tamper)
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreDamaged, match=r"portdash\.db is damaged"):
        again(path)
    assert path.read_bytes() == before


def test_the_file_is_checked_when_it_does_not_fit_its_seal_and_only_then(
    sqlite: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch
):
    filled(sqlite, ["web"])
    checks: list[str] = []
    monkeypatch.setattr("portdash.store.soundness.check_integrity", lambda _connection, where: checks.append(where))
    again(path)
    filled(sqlite, ["api"], first=5000)
    assert checks == []
    os.utime(path)
    again(path)
    again(path)
    assert len(checks) == 2
    filled(sqlite, ["db"], first=6000)
    assert len(checks) == 3
    again(path)
    assert len(checks) == 3
    lock = path.with_name("portdash.db.lock")
    lock.write_bytes(lock.read_bytes().replace(b"-", b"+", 1))  # another boot
    again(path)
    assert len(checks) == 4


def test_a_store_held_too_long_is_busy_and_says_how_long(path: Path):
    store = SqliteStore(path, host=HOST, patience=1.0)
    filled(store, ["web"])
    with (
        lock_file(f"{path}.lock", patience=5, store="here"),
        pytest.raises(StoreBusy, match=r"has held the store .* for 1 s"),
    ):
        store.apply(batch(claim(row("api", 4001))))
    assert ports(store) == {"web": 4000}
    filled(store, ["api"], first=5000)
    store.close()


_HOLD = "import fcntl, sys; fcntl.flock(file := open(sys.argv[1]), fcntl.LOCK_EX); print(); sys.stdin.read()"


@pytest.mark.needs_linux
def test_who_holds_a_store_too_long_is_named(path: Path):
    store = SqliteStore(path, host=HOST, patience=0.2)
    filled(store, ["web"])
    command = [sys.executable, "-c", _HOLD, f"{path}.lock"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        holder.send_signal(signal.SIGSTOP)  # as a debugger would
        try:
            with pytest.raises(StoreBusy, match=rf" \(pid {holder.pid}\) has it now"):
                store.apply(batch(claim(row("api", 4001))))
            assert ports(store) == {"web": 4000}
        finally:
            holder.kill()
    filled(store, ["api"], first=5000)
    store.close()


def test_a_crowd_of_threads_is_waited_for_while_it_gets_on(path: Path):
    links = Links(read_only=False, patience=0.01)
    crowd = Crowd(links, others=5)
    links._writers = crowd
    with links.one_writer(str(path)):
        assert crowd.others == 0
    crowd.others, crowd.stuck = 5, True
    with pytest.raises(StoreBusy), links.one_writer(str(path)):
        pass


class Crowd:
    """A lock that others have first, each for longer than anybody has patience; or one of them, for ever."""

    def __init__(self, links: Links, *, others: int) -> None:
        self.links, self.others, self.stuck = links, others, False

    def acquire(self, *, timeout: float) -> bool:
        assert timeout == 0.01
        if self.others and not self.stuck:
            self.others -= 1
            self.links._turns += 1
            return False
        return not self.stuck

    def release(self) -> None:
        pass


def test_a_foreign_transaction_is_busy_too(path: Path):
    store = SqliteStore(path, host=HOST, patience=1.0)
    filled(store, ["web"])
    connection = sql.connect(path, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreBusy):
        store.apply(batch(claim(row("api", 4001))))
    with pytest.raises(StoreBusy):
        store.snapshot()
    connection.close()
    filled(store, ["api"], first=5000)
    store.close()


def test_the_log_of_operations_and_the_events_are_bounded(sqlite: SqliteStore, monkeypatch: pytest.MonkeyPatch):
    assert (OPERATIONS_KEPT, EVENTS_KEPT) == (1_000, 10_000)
    assert SWEEP < OPERATIONS_KEPT / 10
    monkeypatch.setattr("portdash.store.writing.OPERATIONS_KEPT", 3)
    monkeypatch.setattr("portdash.store.writing.EVENTS_KEPT", 4)
    monkeypatch.setattr("portdash.store.writing.SWEEP", 3)
    filled(sqlite, [f"s{number}" for number in range(6)])
    assert [each.revision for each in sqlite.operations("shop", limit=9)] == [6, 5, 4]
    assert [each.sequence for each in sqlite.events()] == [6, 5, 4, 3]
    filled(sqlite, ["s6", "s7"], first=5000)
    assert [each.revision for each in sqlite.operations("shop", limit=9)] == [8, 7, 6, 5, 4], "they go a few at once"
    filled(sqlite, ["s8"], first=6000)
    assert [each.revision for each in sqlite.operations("shop", limit=9)] == [9, 8, 7]
    assert [each.sequence for each in sqlite.events()] == [9, 8, 7, 6]
    assert len(sqlite.snapshot().assignments) == 9


def test_a_lock_file_that_is_none_is_left_alone(sqlite: SqliteStore, path: Path, home: Path):
    path.parent.mkdir()
    victim = home / "victim"
    victim.write_text("mine")
    lock = path.with_name("portdash.db.lock")
    lock.symlink_to(victim)
    with pytest.raises(StoreUnavailable):
        sqlite.apply(batch(claim(row("web", 4000))))
    assert victim.read_text() == "mine"
    lock.unlink()
    lock.mkdir()
    with pytest.raises(StoreUnavailable):
        sqlite.apply(batch(claim(row("web", 4000))))


@pytest.mark.needs_linux
def test_a_forked_child_uses_connections_of_its_own(sqlite: SqliteStore, path: Path, forked: Callable[..., int]):
    filled(sqlite, ["web"])
    sqlite.snapshot()

    def child() -> bool:
        inherited = sqlite._links
        answer = sqlite.apply(batch(claim(row("child", 5000)), id="child"))
        assert isinstance(answer, Applied)
        assert sqlite._links is not inherited
        return ports(sqlite) == {"web": 4000, "child": 5000}

    assert forked(child) == 0
    filled(sqlite, ["api"], first=6000)
    assert ports(sqlite) == {"web": 4000, "child": 5000, "api": 6000}
    assert again(path).revision == 3


def test_a_threads_connection_ends_with_the_thread(sqlite: SqliteStore):
    filled(sqlite, ["web"])
    for _ in range(5):
        thread = threading.Thread(target=sqlite.snapshot)
        thread.start()
        thread.join(30)
    assert len(sqlite._links._all) <= 2
