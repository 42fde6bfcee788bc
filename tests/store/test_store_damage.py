"""Damaged files: never read as empty, never silently wrong, never written to."""

import os
import random
import shutil
import sqlite3 as sql
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from store_world import HOST, applied, batch, claim, filled, key, lease_of, plan, remove, row

from portdash.errors import StoreDamaged, StoreError, StoreUnavailable
from portdash.model.history import Event, Operation
from portdash.model.state import StoreState
from portdash.model.storage import RecordPlan, RecordWorkspace, TakeLease
from portdash.model.workspace import Workspace
from portdash.store.lookup import port_of, workspace_of
from portdash.store.repair import repair
from portdash.store.sqlite import SqliteStore

SCALE = int(os.environ.get("PORTDASH_TEST_SCALE", "1"))


class Truth(NamedTuple):
    """All that can be read from a store."""

    state: StoreState
    events: tuple[Event, ...]
    operations: tuple[Operation, ...]


def read(path: Path) -> Truth:
    store = SqliteStore(path, host=HOST)
    try:
        return Truth(store.snapshot(), store.events(limit=1000), store.operations("shop", limit=1000))
    finally:
        store.close()


def get(path: Path, service: str) -> int | None:
    return port_of(path, host=HOST, user="dev", workspace="shop", environment="development", service=service)


@pytest.fixture
def sound(path: Path) -> Path:
    """A store with something in every table."""
    store = SqliteStore(path, host=HOST)
    filled(store, [f"service-{number}" for number in range(25)])
    applied(
        store,
        RecordWorkspace(HOST, Workspace(name="shop", root="/src/shop")),
        TakeLease(lease_of("service-3", "t")),
        RecordPlan(plan("p", 3000)),
    )
    applied(store, remove(store.snapshot().assignments[key("service-9")]))
    store.close()
    return path


def damage(sound: Path, change: Callable[[bytearray], bytearray]) -> bytes:
    data = bytes(change(bytearray(sound.read_bytes())))
    sound.write_bytes(data)
    return data


def hold_to_the_truth(path: Path, truth: Truth, data: bytes) -> bool:
    """Say whether the damage was noticed; if it was not, it must have changed nothing that can be read."""
    noticed = False
    try:
        assert read(path) == truth
    except StoreError:
        noticed = True
    try:
        assert get(path, "service-7") == 4007
        assert workspace_of(path, host=HOST, root="/src/shop") == "shop"
    except StoreError:
        noticed = True
    assert path.read_bytes() == data
    return noticed


def flips(sound: Path, rounds: int, seed: int) -> int:
    truth, chance, noticed = read(sound), random.Random(seed), 0
    whole = sound.read_bytes()
    for _ in range(rounds):
        place, bit = chance.randrange(len(whole)), chance.randrange(8)

        def flip(data: bytearray, place: int = place, bit: int = bit) -> bytearray:
            data[place] ^= 1 << bit
            return data

        noticed += hold_to_the_truth(sound, truth, damage(sound, flip))
        sound.write_bytes(whole)
    return noticed


def test_flipped_bits_are_noticed_or_harmless(sound: Path):
    assert flips(sound, 30, seed=7)


@pytest.mark.faults
def test_many_flipped_bits_are_noticed_or_harmless(sound: Path):
    assert flips(sound, 150 * SCALE, seed=11)


def cuts(sound: Path, rounds: int, seed: int) -> None:
    truth, chance, whole = read(sound), random.Random(seed), sound.read_bytes()
    for length in [0, 1, 15, 16, 99, 100, 512, 4096, len(whole) - 4096, *chance.sample(range(len(whole)), rounds)]:
        data = damage(sound, lambda found, length=length: found[:length])
        with pytest.raises(StoreError):
            read(sound)
        with pytest.raises(StoreError):
            get(sound, "service-7")
        store = SqliteStore(sound, host=HOST)
        with pytest.raises(StoreError):
            store.apply(batch(claim(row("new", 9000))))
        store.close()
        assert sound.read_bytes() == data
        sound.write_bytes(whole)
    assert read(sound) == truth


def test_a_truncated_file_is_damaged_and_never_empty(sound: Path):
    cuts(sound, 8, seed=3)


@pytest.mark.faults
def test_a_file_truncated_anywhere_is_damaged(sound: Path):
    cuts(sound, 150 * SCALE, seed=5)


def scribble(data: bytearray) -> bytearray:
    """Write over a service in every table, and leave the first page with its counter of changes alone."""
    return data[:4096] + data[4096:].replace(b"service-7", b"service-8")


def test_a_store_that_is_open_notices_what_befalls_its_file(sound: Path):
    store = SqliteStore(sound, host=HOST)
    before = store.snapshot()
    data = damage(sound, scribble)
    assert store.snapshot() == before, "a writer seals the file a moment after its commit: one look is let pass"
    for _ in range(2):
        with pytest.raises(StoreDamaged):
            store.snapshot()
    store.close()
    assert sound.read_bytes() == data


def test_a_store_that_is_open_does_not_write_to_a_file_that_was_damaged_meanwhile(sound: Path):
    store = SqliteStore(sound, host=HOST)
    filled(store, ["one-more"], first=9000)
    store.snapshot(), store.events(), store.operations("shop", limit=99)  # SQLite has these pages in memory
    data = damage(sound, scribble)
    with pytest.raises(StoreDamaged):
        store.apply(batch(claim(row("new", 9001))))
    store.close()
    assert sound.read_bytes() == data


def test_a_store_that_is_open_takes_a_copy_of_itself_for_what_it_is(sound: Path):
    whole, store = sound.read_bytes(), SqliteStore(sound, host=HOST)
    filled(store, ["one-more"], first=9000)
    damage(sound, lambda _: bytearray(whole))
    store.snapshot()
    assert store.snapshot() == read(sound).state
    filled(store, ["another"], first=9001)
    assert store.snapshot() == read(sound).state
    store.close()


def zeroed(sound: Path, rounds: int, seed: int) -> None:
    truth, chance, whole = read(sound), random.Random(seed), sound.read_bytes()
    for _ in range(rounds):
        sector = chance.randrange(len(whole) // 512) * 512
        data = damage(sound, lambda found, at=sector: found[:at] + bytes(512) + found[at + 512 :])
        hold_to_the_truth(sound, truth, data)
        sound.write_bytes(whole)


def test_a_zeroed_sector_is_noticed_or_harmless(sound: Path):
    zeroed(sound, 8, seed=1)


@pytest.mark.faults
def test_many_zeroed_sectors_are_noticed_or_harmless(sound: Path):
    zeroed(sound, 150 * SCALE, seed=2)


@pytest.mark.parametrize(
    "content", [b"x", b"{}", b"\0" * 8192, b"SQLite format 3\0", os.urandom(5000), b'{"web": 3000}\n', b"\n"]
)
def test_a_file_that_is_no_store_is_damaged_and_left_alone(path: Path, content: bytes):
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(StoreDamaged):
        read(path)
    with pytest.raises(StoreDamaged):
        get(path, "web")
    store = SqliteStore(path, host=HOST)
    with pytest.raises(StoreDamaged):
        store.apply(batch(claim(row("web", 4000))))
    store.close()
    assert path.read_bytes() == content


def test_another_programs_database_is_left_alone(path: Path):
    path.parent.mkdir()
    connection = sql.connect(path)
    connection.execute("CREATE TABLE assignment (port)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreDamaged, match="not a store of portdash"):
        read(path)
    with pytest.raises(StoreDamaged):
        get(path, "web")
    assert path.read_bytes() == before


def test_what_is_no_file_is_said_and_does_not_hang(path: Path):
    path.parent.mkdir()
    os.mkfifo(path)
    for _ in range(2):
        store = SqliteStore(path, host=HOST)
        with pytest.raises(StoreUnavailable, match="not an ordinary file"):
            store.snapshot()
        with pytest.raises(StoreUnavailable):
            store.apply(batch())
        with pytest.raises(StoreUnavailable):
            get(path, "web")
        store.close()
        if path.is_fifo():
            path.unlink()
            path.mkdir()


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: Path(path).symlink_to(path)])
def test_what_is_no_journal_is_said_and_does_not_hang(sound: Path, make: Callable[[str], None]):
    Path(f"{sound}-journal").unlink()
    make(f"{sound}-journal")
    store = SqliteStore(sound, host=HOST)
    for ask in (
        store.snapshot,
        lambda: store.apply(batch()),
        lambda: get(sound, "service-7"),
        lambda: repair(sound, actor="cli"),
    ):
        with pytest.raises(StoreUnavailable, match=r"portdash\.db-journal is in the way: it is not an ordinary"):
            ask()
    store.close()


def test_a_symbolic_link_to_itself_is_an_error(path: Path):
    path.parent.mkdir()
    path.symlink_to(path)
    with pytest.raises(StoreError):
        read(path)
    with pytest.raises(StoreError):
        get(path, "web")


def test_damage_under_an_open_store_is_noticed_by_its_next_change(path: Path):
    store = SqliteStore(path, host=HOST)
    filled(store, ["web", "api"])
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"api", b"apo"))
    with pytest.raises(StoreDamaged):
        store.apply(batch(claim(row("db", 5000))))
    with pytest.raises(StoreDamaged):
        store.snapshot()
    path.write_bytes(whole)
    filled(store, ["db"], first=5000)
    store.close()
    assert len(read(path).state.assignments) == 3


def test_a_copy_put_back_is_believed(sound: Path):
    truth = read(sound)
    shutil.copy(sound, sound.with_name("copy"))
    damage(sound, lambda data: data[:5000])
    sound.unlink()
    shutil.move(sound.with_name("copy"), sound)
    assert read(sound) == truth
