"""Waiting behind a crowd that gets on, and behind one who does not."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from portdash.errors import StoreBusy
from portdash.store import turns
from portdash.store.locking import lock_file

PATIENCE = 0.3


@pytest.fixture
def lock(tmp_path: Path) -> str:
    (tmp_path / "s.db").touch()
    return str(tmp_path / "s.lock")


@pytest.fixture
def held(lock: str, tmp_path: Path) -> Iterator[threading.Event]:
    """Somebody has the lock until the event is set."""
    taken, done = threading.Event(), threading.Event()

    def hold() -> None:
        with lock_file(lock, patience=0, store=str(tmp_path / "s.db")):
            taken.set()
            done.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    assert taken.wait(60)
    yield done
    done.set()
    holder.join()


def test_one_who_gets_on_with_nothing_is_too_much(lock: str, held: threading.Event, tmp_path: Path):
    with pytest.raises(StoreBusy), lock_file(lock, patience=PATIENCE, store=str(tmp_path / "s.db")):
        pass
    assert not held.is_set()


def test_a_crowd_is_waited_for_while_it_gets_on(lock: str, held: threading.Event, tmp_path: Path):
    store, over = tmp_path / "s.db", threading.Event()

    def get_on() -> None:
        for number in range(30):
            os.utime(store, ns=(number, number))
            over.wait(PATIENCE / 10)
        held.set()

    crowd = threading.Thread(target=get_on)
    crowd.start()
    with lock_file(lock, patience=PATIENCE, store=str(store)):
        assert held.is_set(), "the lock came when the last of the crowd let it go"
        assert not turns._left, "the place in the queue was kept: one that is left would give the lock back"
        with pytest.raises(StoreBusy), lock_file(lock, patience=PATIENCE, store=str(store)):
            pass
    over.set()
    crowd.join()
