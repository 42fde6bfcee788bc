"""The file of the SQLite store: replaced, moved away, restored, linked, newer; and what is read of it when."""

import shutil
import sqlite3 as sql
from functools import partial
from pathlib import Path

import pytest
from store_world import HOST, again, applied, batch, claim, filled, key, ports, remove, row

from portdash.errors import StoreTooNew
from portdash.model.assignment import Source
from portdash.model.ports import IpProtocol
from portdash.model.state import StoreState
from portdash.store import states
from portdash.store.sqlite import SqliteStore
from portdash.store.tables import Tables


def test_a_change_is_followed_without_reading_the_rows_anew(
    sqlite: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch
):
    filled(sqlite, [f"s{number}" for number in range(20)])
    other = SqliteStore(path, host=HOST)
    state = other.snapshot()
    full_reads: list[int] = []
    whole = Tables.assignments_to_be
    monkeypatch.setattr(Tables, "assignments_to_be", lambda self: full_reads.append(1) or whole(self))
    applied(sqlite, claim(row("s3", 5000), expected=4), remove(state.assignments[key("s7")]))
    applied(sqlite, claim(row("new", 5001)))
    state = other.snapshot(state)
    assert full_reads == []
    assert state == again(path)
    assert all(state.assignments[each].revision == row.revision for each, row in again(path).assignments.items())
    assert state.assignments[key("s3")].port == 5000
    assert key("s7") not in state.assignments
    other.close()
    assert full_reads, "who knew nothing has read all"


@pytest.mark.parametrize("behind", [1, 5])
def test_what_is_made_of_a_look_holds_no_writer_up(
    sqlite: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch, behind: int
):
    """It takes longer than the look: with all read anew, and with the log followed."""
    monkeypatch.setattr(states, "_FURTHEST", 3)
    filled(sqlite, ["a"])
    other = SqliteStore(path, host=HOST, patience=0)
    other.snapshot()
    filled(sqlite, [f"s{number}" for number in range(behind)], first=5000)
    then = again(path)
    made = other._read(other._states.look)
    writer = sql.connect(path, timeout=0, isolation_level=None)
    writer.execute("BEGIN EXCLUSIVE")
    writer.execute("DELETE FROM assignment")
    writer.execute("DELETE FROM operation")
    assert made
    assert made() == then
    writer.execute("ROLLBACK")
    writer.close()
    other.close()


def test_of_near_and_of_far_ports_those_are_taken_that_were_asked_for(sqlite: SqliteStore, path: Path):
    filled(sqlite, ["a", "b", "c"], first=4000)
    filled(sqlite, ["far"], first=9000)
    applied(sqlite, claim(row("heir", 4001, source=Source.INHERITED)))
    connection = sql.connect(path)
    taken = partial(Tables(connection).taken, HOST, IpProtocol.TCP)
    assert taken([4002, 4003, 4000]) == {4000, 4002}
    assert taken([4000, 9000, 9001]) == {4000, 9000}
    assert taken([*range(3990, 4001), *range(4100, 4130), 9000]) == {4000, 9000}
    assert taken([]) == set()
    assert Tables(connection).taken(HOST, IpProtocol.UDP, [4000, 4001]) == set()
    connection.close()


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


@pytest.mark.parametrize("moved", ["link", "directory", "both"])
def test_an_open_store_goes_where_its_link_leads(path: Path, home: Path, moved: str):
    for number, state in enumerate((path.parent, home / "other")):
        filled(SqliteStore(state / "portdash.db", host=HOST), ["web"], first=4000 + number)
    link = home / "link"
    link.symlink_to(path.parent)
    store = SqliteStore(link / "portdash.db", host=HOST)
    assert ports(store) == {"web": 4000}
    if moved != "link":
        path.parent.rename(home / "new")
    if moved != "directory":
        link.unlink()
        link.symlink_to(home / ("other" if moved == "link" else "new"))
    assert ports(store) == {"link": {"web": 4001}, "directory": {}, "both": {"web": 4000}}[moved]
    store.close()


def test_names_of_files_may_be_odd(home: Path):
    odd = home / "a dir?mode=ro#x%41" / "st\u00f6re.db"
    store = SqliteStore(odd, host=HOST)
    filled(store, ["web"])
    store.close()
    assert again(odd).revision == 1
    assert odd.is_file()


def test_a_newer_store_is_read_and_not_written(sqlite: SqliteStore, path: Path):
    filled(sqlite, ["web"])
    state = sqlite.snapshot()
    connection = sql.connect(path)
    connection.execute("PRAGMA user_version = 3")
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
    connection.execute("PRAGMA user_version = 3")
    connection.execute("ALTER TABLE assignment RENAME TO assignments")
    connection.close()
    with pytest.raises(StoreTooNew):
        again(path)
