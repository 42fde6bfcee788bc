"""Two versions of portdash on one file: steps forward with a copy first, and a newer file that is only read."""

import contextlib
import json
import os
import sqlite3 as sql
import subprocess
import sys
from pathlib import Path

import pytest
from store_world import FILES, HOST, again, applied, batch, claim, filled, ports, row

from portdash.errors import StoreError, StoreOutdated, StoreReadOnly, StoreTooNew
from portdash.model.storage import RecordWorkspace
from portdash.model.workspace import Workspace
from portdash.store import backup as backups
from portdash.store.backup import backup, copies
from portdash.store.connection import check_integrity, open_connection
from portdash.store.links import connect
from portdash.store.lookup import port_of
from portdash.store.schema import VERSION
from portdash.store.soundness import look_into
from portdash.store.sqlite import SqliteStore

SCALE = int(os.environ.get("PORTDASH_TEST_SCALE", "1"))
NEWER = Path(__file__).with_name("store_newer.py")


def newer(program: str, kind: str, path: Path, *names: str) -> dict[str, object]:
    """Run the portdash of the next format."""
    done = subprocess.run(
        [sys.executable, NEWER, program, kind, path, *names],
        check=False,
        capture_output=True,
        text=True,
        timeout=900 * SCALE,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.fixture
def old(sqlite: SqliteStore, path: Path) -> Path:
    """A file of this version, old for the next one, with services and a workspace."""
    filled(sqlite, ["web", "api"])
    applied(sqlite, RecordWorkspace(HOST, Workspace(name="shop", root="/src/shop")))
    return path


def version(path: Path) -> int:
    connection = sql.connect(path)
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    connection.close()
    assert isinstance(found, int)
    return found


def names(path: Path) -> list[str]:
    return sorted(each.name for each in path.parent.iterdir())


@pytest.mark.parametrize("kind", ["gentle", "deep"])
@pytest.mark.parametrize("program", ["read", "claim"])
def test_the_first_use_brings_an_old_file_up_and_keeps_a_copy(old: Path, kind: str, program: str):
    before = old.read_bytes()
    answer = newer(program, kind, old, *(["n1"] if program == "claim" else []))
    assert answer["held"] == {"web": 4000, "api": 4001, **({"n1": 7001} if program == "claim" else {})}
    assert version(old) == 3
    assert names(old) == sorted([*FILES, "portdash.db.bak-v2"])
    copy = old.with_name("portdash.db.bak-v2")
    assert ports(SqliteStore(copy, host=HOST)) == {"web": 4000, "api": 4001}
    assert copy.stat().st_mode & 0o777 == 0o600
    connection = sql.connect(old)
    assert connection.execute("SELECT port FROM label ORDER BY port").fetchall() == [(4000,), (4001,)]
    connection.close()
    assert old.read_bytes() != before
    assert newer("read", kind, old)["held"] == answer["held"]
    assert names(old)[2:3] == ["portdash.db.bak-v2"]


def test_a_step_that_fails_leaves_the_file_as_it_was(old: Path):
    answer = newer("claim", "lose", old, "n1")
    assert "the step failed" in str(answer["message"])
    assert version(old) == 2
    assert ports(SqliteStore(old, host=HOST)) == {"web": 4000, "api": 4001}
    assert newer("claim", "gentle", old, "n1")["held"] == {"web": 4000, "api": 4001, "n1": 7001}
    assert names(old) == sorted([*FILES, "portdash.db.bak-v2", "portdash.db.bak-v2-2"])


def test_in_read_only_mode_an_old_file_stays_old(old: Path):
    before = old.read_bytes()
    answer = newer("look", "gentle", old)
    assert answer["code"] == StoreOutdated.code
    assert "without --read-only" in str(answer["hint"])
    assert old.read_bytes() == before
    assert names(old) == FILES


def test_a_damaged_old_file_is_not_brought_up(old: Path):
    data = bytearray(old.read_bytes())
    data[len(data) // 2 :] = bytes(len(data) - len(data) // 2)
    old.write_bytes(data)
    assert newer("claim", "gentle", old, "n1")["code"] == "store_damaged"
    assert old.read_bytes() == bytes(data)
    assert not copies(old)


def test_a_newer_file_is_read_and_never_written(old: Path):
    running = SqliteStore(old, host=HOST)
    assert ports(running) == {"web": 4000, "api": 4001}
    newer("claim", "gentle", old, "n1")
    before = old.read_bytes()
    for store in (running, SqliteStore(old, host=HOST)):
        assert ports(store) == {"web": 4000, "api": 4001, "n1": 7001}
        with pytest.raises(StoreTooNew) as caught:
            store.apply(batch(claim(row("db", 5000))))
        assert "format 3" in caught.value.message
        assert "upgrade portdash" in caught.value.hint
    assert get(old, "n1") == 7001
    assert old.read_bytes() == before


def test_where_the_newer_tables_cannot_be_read_that_is_said(old: Path):
    newer("claim", "deep", old, "n1")
    before = old.read_bytes()
    store = SqliteStore(old, host=HOST)
    with pytest.raises(StoreTooNew):
        store.snapshot()
    with pytest.raises(StoreTooNew):
        store.apply(batch(claim(row("db", 5000))))
    assert get(old, "api") == 4001
    assert old.read_bytes() == before


@pytest.mark.parametrize("change", ["of the next version", "by another program"])
def test_a_connection_keeps_no_pages_after_another_changed_the_tables(old: Path, change: str):
    with contextlib.closing(connect(str(old), read_only=False, patience=5.0)) as link:

        def looked_at() -> tuple[int, int]:
            names = look_into(link, str(old), old.stat(), lambda _: [*link.connection.execute("SELECT * FROM lease")])
            assert names == []
            return link.connection.execute("PRAGMA cache_size").fetchone()[0], link.version

        assert looked_at() == (0, VERSION)
        if change == "of the next version":
            newer("claim", "gentle", old, "n1")
        else:
            with contextlib.closing(sql.connect(old)) as other:
                other.execute("VACUUM")
        assert looked_at() == (0, VERSION + (change == "of the next version"))
        link.keep_pages(9)
        with contextlib.closing(sql.connect(old)) as other:
            other.execute("VACUUM")
        assert looked_at()[0] == 9
        link.keep_pages(0)
        assert looked_at()[0] == 0


def get(path: Path, service: str) -> int | None:
    return port_of(path, host=HOST, user="dev", workspace="shop", environment="development", service=service)


def both_at_once(path: Path, count: int) -> None:
    """Let the old version write while the new one comes along; what each acknowledged is there in the end."""
    store = SqliteStore(path, host=HOST)
    command = [sys.executable, NEWER, "claim", "gentle", path, *(f"n{number}" for number in range(count))]
    mine = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
        for number in range(5000):
            try:
                applied(store, claim(row(f"old{number}", 10_000 + number)))
            except StoreTooNew:
                break
            mine[f"old{number}"] = 10_000 + number
        else:
            raise AssertionError("the newer version never came")
        answer = json.loads(worker.communicate(timeout=120)[0])
    theirs = {f"n{number}": 7000 + number for number in range(count)}
    assert mine.items() | theirs.items() <= answer["held"].items()
    assert answer["held"].items() == ports(store).items()
    connection = open_connection(str(path), read_only=True, patience=1)
    check_integrity(connection, str(path))
    connection.close()


def test_old_and_new_at_once_lose_nothing(old: Path):
    both_at_once(old, 5)


@pytest.mark.faults
@pytest.mark.parametrize("_turn", range(6 * SCALE))
def test_old_and_new_at_once_lose_nothing_again_and_again(old: Path, _turn: int):
    both_at_once(old, 30)


def killed_while_it_comes_up(path: Path, rounds: int) -> None:
    """Kill the new version at some instant of its first use, again and again; it comes up each time after that."""
    found = newer("kills", "gentle", path, str(rounds))
    killed = found.pop("killed")
    assert isinstance(killed, int)
    assert killed or rounds < 50
    assert found == {"lost": [], "left": []}


@pytest.mark.skipif(os.name == "nt", reason="needs kill -9")
def test_a_kill_while_it_is_brought_up_loses_nothing(old: Path):
    killed_while_it_comes_up(old, 2)


@pytest.mark.faults
@pytest.mark.skipif(os.name == "nt", reason="needs kill -9")
def test_two_hundred_kills_while_it_is_brought_up_lose_nothing(old: Path):
    killed_while_it_comes_up(old, 200 * SCALE)


class TestBackup:
    """Copies of the file."""

    def test_a_copy_is_a_store_and_older_ones_are_kept(self, old: Path):
        first, second = backup(old, "x"), backup(old, "x")
        assert (first, second) == (old.with_name("portdash.db.bak-x"), old.with_name("portdash.db.bak-x-2"))
        assert first
        assert again(first) == again(old)
        os.utime(first, (1, 1))
        assert copies(old) == (second, first)

    def test_of_nothing_there_is_no_copy(self, path: Path):
        assert backup(path, "x") is None
        assert copies(path) == ()

    def test_a_copy_that_fails_leaves_nothing(self, old: Path, monkeypatch: pytest.MonkeyPatch):
        def full(_source: str, target: str, _patience: float) -> None:
            Path(target).write_bytes(b"half")
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(backups, "_copy", full)
        with pytest.raises(StoreReadOnly, match="no space left"):
            backup(old, "x")
        assert names(old) == FILES

    def test_what_is_no_store_is_not_copied(self, path: Path):
        path.parent.mkdir()
        path.write_bytes(b"x" * 5000)
        with pytest.raises(StoreError):
            backup(path, "x")
        assert names(path) == ["portdash.db"]
