"""The other stores of a machine: which there are is found out when their directory has changed."""

import os
from pathlib import Path

import pytest
from store_world import HOST, filled

from portdash.store import neighbours
from portdash.store.neighbours import Neighbours, mirror_name
from portdash.store.sqlite import SqliteStore


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Grows with each list of a directory."""
    found: list[Path] = []
    listdir = os.listdir

    def counted(path: Path) -> list[str]:
        found.append(path)
        return listdir(path)

    monkeypatch.setattr(neighbours.os, "listdir", counted)
    return found


def rest(directory: Path) -> None:
    """Make the directory one that was changed a while ago."""
    os.utime(directory, (1_000_000_000, 1_000_000_000))


def fill(path: Path, name: str, port: int) -> None:
    store = SqliteStore(path, host=HOST)
    filled(store, [name], first=port)
    store.close()


def test_a_directory_that_is_as_it_was_is_not_listed_again(tmp_path: Path, listed: list[Path]):
    fill(tmp_path / mirror_name("one"), "web", 4000)
    rest(tmp_path)
    made = Neighbours(tmp_path, used=None, host=HOST)
    assert {port for _, port in made.taken()} == {4000}
    rest(tmp_path)
    made.taken()
    listed.clear()
    assert {port for _, port in made.taken()} == {4000}
    assert not listed
    fill(tmp_path / mirror_name("two"), "api", 4001)
    assert {port for _, port in made.taken()} == {4000, 4001}
    made.close()


def test_one_that_was_changed_a_moment_ago_is_listed_each_time(tmp_path: Path, listed: list[Path]):
    made = Neighbours(tmp_path, used=None, host=HOST)
    os.utime(tmp_path)
    made.taken()
    made.taken()
    assert len(listed) == 2


def test_without_a_directory_nothing_is_taken(tmp_path: Path):
    made = Neighbours(tmp_path / "none", used=None, host=HOST)
    assert made.taken() == {}
    (tmp_path / "none").mkdir()
    fill(tmp_path / "none" / mirror_name("one"), "web", 4000)
    assert len(made.taken()) == 1
    made.close()
