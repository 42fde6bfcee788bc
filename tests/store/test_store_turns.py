"""Waiting for a lock when the machine is full."""

import os
import threading
from pathlib import Path

import pytest

fcntl = pytest.importorskip("fcntl")


def test_where_no_thread_can_be_started_no_descriptor_is_left_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from portdash.store import turns  # noqa: PLC0415  POSIX only

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    monkeypatch.setattr(turns, "_idle", [])
    with (tmp_path / "lock").open("w") as file:
        before = os.dup(file.fileno())
        os.close(before)
        with pytest.raises(OSError, match="no thread"):
            turns.wait_in_turn(file.fileno(), 1.0, lambda: False)
        after = os.dup(file.fileno())  # the lowest number that is free
        os.close(after)
    assert after <= before  # what tests before this one have left open may be closed meanwhile


def waiting() -> "set[threading.Thread]":
    return {each for each in threading.enumerate() if each.name == "portdash-lock"}


def handed_over(path: Path) -> None:
    """Hold a lock until another one waits for it, who then gets it."""
    from portdash.store.turns import wait_in_turn  # noqa: PLC0415

    with path.open("w") as held, path.open("w") as wanted:
        fcntl.flock(held, fcntl.LOCK_EX)
        release = threading.Timer(0.02, fcntl.flock, (held, fcntl.LOCK_UN))
        release.start()
        assert wait_in_turn(wanted.fileno(), 10, lambda: False)
        with pytest.raises(BlockingIOError):
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        release.join()


def test_the_thread_that_waited_waits_for_the_next_and_goes_when_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from portdash.store import turns  # noqa: PLC0415

    monkeypatch.setattr(turns, "_idle", [])
    monkeypatch.setattr(turns, "_KEPT", 5.0)
    before = waiting()
    handed_over(tmp_path / "lock")
    (first,) = waiting() - before
    for kept in (5.0, 5.0, 0.01):
        monkeypatch.setattr(turns, "_KEPT", kept)
        while not turns._idle:  # it has handed over a moment ago
            pass
        handed_over(tmp_path / "lock")
        assert kept < 1 or waiting() - before == {first}
    first.join(10)
    assert not first.is_alive()
    assert turns._idle == []
