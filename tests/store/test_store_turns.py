"""Waiting for a lock when the machine is full."""

import os
import threading
from pathlib import Path

import pytest

pytest.importorskip("fcntl")


def test_where_no_thread_can_be_started_no_descriptor_is_left_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from portdash.store.turns import wait_in_turn  # noqa: PLC0415  POSIX only

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with (tmp_path / "lock").open("w") as file:
        before = os.dup(file.fileno())
        os.close(before)
        with pytest.raises(OSError, match="no thread"):
            wait_in_turn(file.fileno(), 1.0)
        after = os.dup(file.fileno())  # the lowest number that is free
        os.close(after)
    assert after <= before  # what tests before this one have left open may be closed meanwhile
