"""A lock that is wanted at once or not at all."""

import threading
from pathlib import Path

import pytest

from portdash.errors import StoreBusy
from portdash.store.locking import lock_file


def test_who_will_not_wait_leaves_nobody_in_the_queue(tmp_path: Path):
    path = str(tmp_path / "lock")
    with lock_file(path, patience=0.0, store="here"):
        before = set(threading.enumerate())  # an earlier test's may still be about to end
        with pytest.raises(StoreBusy), lock_file(path, patience=0.0, store="here"):
            pass
        assert not set(threading.enumerate()) - before
    with lock_file(path, patience=0.0, store="here"):
        pass
