"""Repairing a damaged store: what can be read is kept, what is lost is counted, and the damaged file stays."""

import os
import random
import sqlite3 as sql
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from store_world import FILES, HOST, again, applied, batch, claim, filled, key, lease_of, plan, ports, remove, row

from portdash.errors import StoreDamaged, StoreError, StoreReadOnly, StoreTooNew
from portdash.model.assignment import Source
from portdash.model.state import StoreState
from portdash.model.storage import RecordPlan, RecordWorkspace, TakeLease
from portdash.model.workspace import Workspace
from portdash.store import repair as repairing
from portdash.store.backup import backup
from portdash.store.inspection import inspect
from portdash.store.repair import Repair, repair
from portdash.store.salvage import Salvage
from portdash.store.sqlite import SqliteStore

SCALE = int(os.environ.get("PORTDASH_TEST_SCALE", "1"))
NAMES = [f"service-{number}" for number in range(60)]


@pytest.fixture
def sound(path: Path) -> Path:
    """A store of several pages with something in every table."""
    store = SqliteStore(path, host=HOST)
    filled(store, NAMES)
    child = row("child", 4003, source=Source.INHERITED)
    applied(
        store,
        claim(replace(child, spec=replace(child.spec, inherit_from="service-3"))),
        RecordWorkspace(HOST, Workspace(name="shop", root="/src/shop")),
        TakeLease(lease_of("service-3", "t")),
        RecordPlan(plan("p", 3000)),
    )
    applied(store, remove(store.snapshot().assignments[key("service-9")]))
    store.close()
    return path


def repaired(path: Path) -> Repair:
    found = repair(path, actor="cli")
    assert found is not None
    assert inspect(path).trouble is None
    return found


def damage(path: Path, change: Callable[[bytearray], object]) -> bytes:
    data = bytearray(path.read_bytes())
    change(data)
    path.write_bytes(data)
    return bytes(data)


def spoil(data: bytearray) -> None:
    """Change a text in the middle of some row."""
    place = data.index(b"front end", 8192)
    data[place : place + 5] = b"FRONT"


def test_a_sound_store_needs_none(sound: Path, home: Path):
    before = sound.read_bytes()
    assert repair(sound, actor="cli") is None
    assert sound.read_bytes() == before
    assert repair(home / "nothing" / "there.db", actor="cli") is None
    assert not (home / "nothing").exists()


def test_a_row_that_was_changed_comes_back_from_the_log(sound: Path):
    truth = again(sound)
    connection = sql.connect(sound)
    connection.execute("UPDATE assignment SET port = 9999 WHERE service = 'service-7'")
    connection.commit()
    connection.close()
    bad = sound.read_bytes()
    found = repaired(sound)
    state = again(sound)
    assert dict(state.assignments) == dict(truth.assignments)
    assert {each: one.revision for each, one in state.assignments.items()} == {
        each: one.revision for each, one in truth.assignments.items()
    }
    assert (state.leases, state.workspaces, state.plans, state.quarantines) == (
        truth.leases,
        truth.workspaces,
        truth.plans,
        truth.quarantines,
    )
    assert state.revision == truth.revision + 1
    assert found.from_log == ("service-7",)
    assert found.lost == {"assignment": 1}
    assert found.recovered["assignment"] == 60
    assert found.kept.read_bytes() == bad
    assert found.kept.name.startswith("portdash.db.corrupt-2")
    assert sound.stat().st_mode & 0o777 == 0o600


def test_the_repaired_store_is_used_on(sound: Path):
    running = SqliteStore(sound, host=HOST)
    before = running.snapshot()
    events = running.events(limit=5)
    damage(sound, spoil)
    repaired(sound)
    assert running.snapshot(before).revision == before.revision + 1
    filled(running, ["after"], first=9000)
    assert "after" in ports(running)
    assert events == running.events(limit=6)[1:]
    assert [each.title for each in running.operations("shop", limit=1)] == ["a change"]


def test_the_first_page_is_mended(sound: Path):
    truth = again(sound)
    damage(sound, lambda data: data.__setitem__(slice(0, 4096), os.urandom(4096)))
    repaired(sound)
    assert dict(again(sound).assignments) == dict(truth.assignments)


@pytest.mark.parametrize("content", [b"", b"x", b"{}", bytes(8192), b"SQLite format 3\0"])
def test_where_nothing_is_left_the_newest_sound_copy_counts(sound: Path, content: bytes):
    older = backup(sound, "older")
    assert older
    os.utime(older, (1, 1))
    store = SqliteStore(sound, host=HOST)
    filled(store, ["late"], first=8000)
    store.close()
    truth = again(sound)
    copy = backup(sound, "newer")
    assert copy
    os.utime(copy, (2, 2))
    broken = backup(sound, "broken")
    assert broken
    broken.write_bytes(b"x" * 9000)
    sound.write_bytes(content)
    found = repaired(sound)
    assert found.copy == copy
    assert len(found.from_copy) == len(truth.assignments)
    assert dict(again(sound).assignments) == dict(truth.assignments)
    assert again(sound).workspaces == truth.workspaces
    assert found.kept.read_bytes() == content


def test_what_the_log_knows_is_not_taken_from_a_copy(sound: Path):
    copy = backup(sound, "x")
    assert copy
    store = SqliteStore(sound, host=HOST)
    applied(store, remove(store.snapshot().assignments[key("service-5")]))
    store.close()
    connection = sql.connect(sound)
    connection.execute("UPDATE assignment SET port = 9999 WHERE service = 'service-7'")
    connection.commit()
    connection.close()
    found = repaired(sound)
    assert found.from_copy == ()
    assert key("service-5") not in again(sound).assignments


def test_without_anything_left_it_is_empty_and_that_is_said(sound: Path):
    sound.write_bytes(b"gone" * 3000)
    found = repaired(sound)
    assert found.recovered["assignment"] == 0
    assert "assignment" in found.cut
    assert again(sound) == StoreState(revision=1)


def test_two_rows_with_one_port_are_told_apart(sound: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(repairing, "_replay", _with_a_rival)
    damage(sound, spoil)
    repaired(sound)
    state = again(sound)
    owned = [each.port for each in state.assignments.values() if each.source is not Source.INHERITED]
    assert len(set(owned)) == len(owned)


def _with_a_rival(rest: Salvage) -> list[str]:
    rest.assignments[key("rival")] = replace(row("rival", 4030), revision=9999)
    return ["rival"]


def test_another_programs_database_is_not_repaired(path: Path):
    path.parent.mkdir()
    connection = sql.connect(path)
    connection.execute("CREATE TABLE assignment (port)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreDamaged, match="another program"):
        repair(path, actor="cli")
    assert path.read_bytes() == before


def test_a_newer_store_is_not_repaired(sound: Path):
    connection = sql.connect(sound)
    connection.execute("PRAGMA user_version = 7")
    connection.close()
    with pytest.raises(StoreTooNew):
        repair(sound, actor="cli")


@pytest.mark.parametrize("kind", ["fifo", "directory", "loop"])
def test_what_is_no_file_is_not_repaired(path: Path, kind: str):
    path.parent.mkdir()
    {"fifo": os.mkfifo, "directory": os.mkdir, "loop": lambda each: each.symlink_to(each)}[kind](path)
    with pytest.raises(StoreError):
        repair(path, actor="cli")
    assert os.path.lexists(path)


def test_a_full_disk_leaves_the_damaged_file(sound: Path, monkeypatch: pytest.MonkeyPatch):
    bad = damage(sound, spoil)

    def full(*_arguments: object, **_more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(repairing, "_keep", full)
    with pytest.raises(StoreReadOnly):
        repair(sound, actor="cli")
    assert sound.read_bytes() == bad
    assert sorted(each.name for each in sound.parent.iterdir()) == FILES


def recoveries(sound: Path, rounds: int, seed: int, harm: Callable[[random.Random, bytearray], None]) -> float:
    """Damage, repair and look, again and again; return how many of the assignments came back, on average."""
    truth, whole, chance = again(sound), sound.read_bytes(), random.Random(seed)
    shares = []
    for _ in range(rounds):
        damage(sound, lambda data: harm(chance, data))
        try:
            found = repair(sound, actor="cli")
        except StoreTooNew:  # the one field that says so was hit
            found = None
        if found:
            state = again(sound)
            wrong = {one.name for each, one in state.assignments.items() if truth.assignments.get(each) != one}
            assert wrong <= {"service-9"}, "only what was released can come back wrongly, when its release is lost"
            shares.append(len(state.assignments.keys() & truth.assignments.keys()) / len(truth.assignments))
            found.kept.unlink()
            store = SqliteStore(sound, host=HOST)
            store.apply(batch(claim(row("new", 9000))))
            store.close()
        sound.write_bytes(whole)
    return sum(shares) / len(shares)


def flip(chance: random.Random, data: bytearray) -> None:
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def zero(chance: random.Random, data: bytearray) -> None:
    start = chance.randrange(len(data) // 512) * 512
    data[start : start + 512] = bytes(512)


def cut(chance: random.Random, data: bytearray) -> None:
    del data[chance.randrange(len(data)) :]


@pytest.mark.parametrize(("harm", "share"), [(flip, 0.99), (zero, 0.9), (cut, 0.2)], ids=["flip", "zero", "cut"])
def test_most_of_it_comes_back_and_nothing_false(sound: Path, harm: Callable[..., None], share: float):
    assert recoveries(sound, 12, 3, harm) > share


@pytest.mark.faults
@pytest.mark.parametrize(("harm", "share"), [(flip, 0.99), (zero, 0.9), (cut, 0.2)], ids=["flip", "zero", "cut"])
def test_most_of_it_comes_back_at_length(sound: Path, harm: Callable[..., None], share: float):
    came_back = recoveries(sound, 150 * SCALE, 5, harm)
    print(f"{harm.__name__}: {came_back:.1%} of the assignments came back")  # noqa: T201
    assert came_back > share
