"""Who watches a store's file is woken by a change of it and by nothing else."""

import gc
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from portdash.store import noticing
from portdash.store.closing import Closing
from portdash.store.noticing import Changes, changes_of

LONG = 60.0


@pytest.fixture(params=["words", "looks"])
def changes(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, path: Path, closed: Closing
) -> Iterator[Changes]:
    """Whoever knows of the changes of the file, on a kernel that tells and on one that does not."""
    if request.param == "looks":
        monkeypatch.setattr(noticing, "_told_of", lambda _directory: None)
    elif sys.platform != "linux":
        pytest.skip("inotify")
    path.write_bytes(b"one")
    with changes_of(path, closed) as found:
        found.note()
        yield found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def closed() -> Closing:
    return Closing()


def test_a_change_that_came_before_the_wait_is_not_missed(changes: Changes, path: Path):
    path.write_bytes(b"two, and longer")
    assert changes.wait(LONG) is False


def test_a_file_that_takes_the_place_of_ours_is_a_change(changes: Changes, path: Path):
    other = path.with_name("other")
    other.write_bytes(b"another")
    other.replace(path)
    assert changes.wait(LONG) is False


def test_closing_ends_every_wait_also_one_that_begins_later(changes: Changes, closed: Closing):
    found: list[bool] = []
    threads = [threading.Thread(target=lambda: found.append(changes.wait(LONG))) for _ in range(2)]
    for each in threads:
        each.start()
    closed.set()
    for each in threads:
        each.join(LONG / 2)
    assert found == [True, True]
    assert changes.wait(LONG) is True


@pytest.mark.needs_linux
def test_other_files_of_the_directory_wake_nobody(path: Path, closed: Closing):
    path.write_bytes(b"one")
    with changes_of(path, closed) as changes:
        path.with_name("store.db-journal").write_bytes(b"x")
        waiting = threading.Thread(target=changes.wait, args=(LONG,))
        waiting.start()
        path.with_name("store.lock").write_bytes(b"x")
        waiting.join(0.3)
        assert waiting.is_alive()
        path.write_bytes(b"two")
        waiting.join(LONG / 2)
        assert not waiting.is_alive()


def test_knowing_of_changes_again_and_again_leaves_nothing_for_the_collector(path: Path, closed: Closing):
    with changes_of(path, closed):
        pass  # what is made once is there from now on
    gc.collect()
    gc.disable()
    try:
        before = len(gc.get_objects())
        for _ in range(100):
            with changes_of(path, closed):
                pass
        assert len(gc.get_objects()) - before < 100
    finally:
        gc.enable()
