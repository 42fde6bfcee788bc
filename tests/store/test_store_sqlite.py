"""The SQLite store's own promises: files, rights, forks, replaced files, what is read and when."""

import os
import shutil
import sqlite3 as sql
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from store_world import HOST, applied, batch, claim, filled, key, ports, remove, row

from portdash.errors import StoreBusy, StoreDamaged, StoreReadOnly, StoreTooNew, StoreUnavailable
from portdash.model.storage import Applied, StoreState
from portdash.store import states
from portdash.store.locking import lock_file
from portdash.store.schema import EVENTS_KEPT, OPERATIONS_KEPT
from portdash.store.sqlite import SqliteStore
from portdash.store.tables import Tables


def again(path: Path) -> StoreState:
    """Read the whole file with a store of its own."""
    other = SqliteStore(path, host=HOST)
    try:
        return other.snapshot()
    finally:
        other.close()


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
        "portdash.db.lock": 0o600,
    }


def test_the_url_names_the_file(sqlite: SqliteStore, path: Path):
    assert sqlite.url == f"sqlite:///{path}"


def test_journal_and_durability_are_as_designed(sqlite: SqliteStore, path: Path):
    filled(sqlite, ["web"])
    with sqlite._links.use(os.path.realpath(path), path.stat()) as (link, _):
        said = [link.connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    assert said == ["delete", 3]


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


def test_a_change_is_followed_without_reading_the_rows_anew(
    sqlite: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch
):
    filled(sqlite, [f"s{number}" for number in range(20)])
    other = SqliteStore(path, host=HOST)
    state = other.snapshot()
    full_reads: list[int] = []
    whole = Tables.assignments
    monkeypatch.setattr(Tables, "assignments", lambda self: full_reads.append(1) or whole(self))
    applied(sqlite, claim(row("s3", 5000), expected=4), remove(state.assignments[key("s7")]))
    applied(sqlite, claim(row("new", 5001)))
    state = other.snapshot(state)
    assert full_reads == []
    assert state == again(path)
    assert all(state.assignments[each].revision == row.revision for each, row in again(path).assignments.items())
    assert state.assignments[key("s3")].port == 5000
    assert key("s7") not in state.assignments
    other.close()


def test_far_behind_everything_is_read_anew(sqlite: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(states, "_FURTHEST", 3)
    filled(sqlite, ["a"])
    sqlite.snapshot()
    other = SqliteStore(path, host=HOST)
    filled(other, [f"s{number}" for number in range(5)], first=5000)
    other.close()
    assert sqlite.snapshot() == again(path)


def test_a_restored_copy_with_the_same_revision_is_not_taken_for_the_same(sqlite: SqliteStore, path: Path):
    filled(sqlite, ["a"])
    copy = path.read_bytes()
    filled(sqlite, ["b"], first=5000)
    assert "b" in ports(sqlite)
    path.write_bytes(copy)
    other = SqliteStore(path, host=HOST)
    filled(other, ["c"], first=6000)
    assert ports(sqlite) == {"a": 4000, "c": 6000}
    path.write_bytes(copy)
    filled(other, ["d", "e"], first=7000)  # past the revision that is known, by another way
    other.close()
    assert ports(sqlite) == {"a": 4000, "d": 7000, "e": 7001}


def test_a_file_put_in_the_place_of_the_old_one_is_seen(sqlite: SqliteStore, path: Path):
    filled(sqlite, ["a"])
    shutil.copy(path, path.with_name("copy"))
    filled(sqlite, ["b"], first=5000)
    path.with_name("copy").replace(path)
    assert ports(sqlite) == {"a": 4000}
    filled(sqlite, ["c"], first=6000)
    assert [row.name for row in again(path).assignments.values()] == ["a", "c"]


def test_a_file_moved_away_starts_afresh(sqlite: SqliteStore, path: Path):
    filled(sqlite, ["a", "b"])
    sqlite.snapshot()
    path.rename(path.with_name("old"))
    assert sqlite.snapshot() == StoreState()
    filled(sqlite, ["c"])
    assert ports(sqlite) == {"c": 4000}
    assert again(path).revision == 1


def test_a_crash_right_after_the_old_file_was_moved_away_leaves_an_empty_store(sqlite: SqliteStore, path: Path):
    filled(sqlite, ["a"])
    path.rename(path.with_name("old"))
    sqlite.apply(batch(claim(row("web", 4000), expected=5)))  # refused: makes the file, and nothing in it
    assert path.stat().st_size == 0
    assert sqlite.snapshot() == StoreState()
    filled(sqlite, ["web"])
    assert again(path).revision == 1


def test_a_crash_between_file_and_tables_leaves_an_empty_store(sqlite: SqliteStore, path: Path):
    path.parent.mkdir()
    path.touch()
    assert sqlite.snapshot() == StoreState()
    assert path.stat().st_size == 0
    filled(sqlite, ["web"])
    assert ports(sqlite) == {"web": 4000}


def test_a_first_change_that_is_refused_leaves_an_empty_store(sqlite: SqliteStore, path: Path):
    sqlite.apply(batch(claim(row("web", 4000), expected=5)))
    assert sqlite.snapshot() == StoreState()
    assert again(path) == StoreState()
    filled(sqlite, ["web"])


def test_a_symbolic_link_leads_to_the_one_file_with_the_one_lock(sqlite: SqliteStore, path: Path, home: Path):
    filled(sqlite, ["web"])
    link = home / "link.db"
    link.symlink_to(path)
    other = SqliteStore(link, host=HOST)
    filled(other, ["api"], first=5000)
    other.close()
    assert ports(sqlite) == {"web": 4000, "api": 5000}
    assert sorted(each.name for each in home.iterdir()) == ["link.db", "state"]


def test_names_of_files_may_be_odd(home: Path):
    odd = home / "a dir?mode=ro#x%41" / "st\u00f6re.db"
    store = SqliteStore(odd, host=HOST)
    filled(store, ["web"])
    store.close()
    assert again(odd).revision == 1
    assert odd.is_file()


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


def test_a_newer_store_is_read_and_not_written(sqlite: SqliteStore, path: Path):
    filled(sqlite, ["web"])
    state = sqlite.snapshot()
    connection = sql.connect(path)
    connection.execute("PRAGMA user_version = 2")
    connection.execute("ALTER TABLE assignment ADD COLUMN colour TEXT")
    connection.close()
    before = path.read_bytes()
    assert sqlite.snapshot() == state
    assert again(path) == state
    with pytest.raises(StoreTooNew):
        sqlite.apply(batch(claim(row("api", 4001))))
    assert path.read_bytes() == before


def test_a_newer_store_whose_tables_cannot_be_read_says_so(sqlite: SqliteStore, path: Path):
    filled(sqlite, ["web"])
    connection = sql.connect(path)
    connection.execute("PRAGMA user_version = 2")
    connection.execute("ALTER TABLE assignment RENAME TO assignments")
    connection.close()
    with pytest.raises(StoreTooNew):
        again(path)


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
    from test_store_contract import lease_of  # noqa: PLC0415

    from portdash.model.storage import TakeLease  # noqa: PLC0415

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
    monkeypatch.setattr("portdash.store.sqlite.check_integrity", lambda _connection, where: checks.append(where))
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
    store = SqliteStore(path, host=HOST, patience=0.2)
    filled(store, ["web"])
    with (
        lock_file(f"{path}.lock", patience=5, store="here"),
        pytest.raises(StoreBusy, match=r"has held the store .* for 0\.2 s"),
    ):
        store.apply(batch(claim(row("api", 4001))))
    assert ports(store) == {"web": 4000}
    filled(store, ["api"], first=5000)
    store.close()


def test_a_foreign_transaction_is_busy_too(path: Path):
    store = SqliteStore(path, host=HOST, patience=0.2)
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
    monkeypatch.setattr("portdash.store.writing.OPERATIONS_KEPT", 3)
    monkeypatch.setattr("portdash.store.writing.EVENTS_KEPT", 4)
    filled(sqlite, [f"s{number}" for number in range(6)])
    assert [each.revision for each in sqlite.operations("shop", limit=9)] == [6, 5, 4]
    assert [each.sequence for each in sqlite.events()] == [6, 5, 4, 3]
    assert len(sqlite.snapshot().assignments) == 6


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
