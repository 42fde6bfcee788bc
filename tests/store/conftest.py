"""All stores, so that one contract is asked of each."""

import contextlib
import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from store_world import HOST

from portdash.model.storage import Store
from portdash.store.memory import MemoryStore
from portdash.store.opening import open_store
from portdash.store.sqlite import SqliteStore


@pytest.fixture
def path(home: Path) -> Path:
    """Where the store's file goes; neither it nor its directory is there."""
    return home / "state" / "portdash.db"


@pytest.fixture(params=["memory", "sqlite", pytest.param("redis", marks=pytest.mark.needs_redis)])
def store(request: pytest.FixtureRequest, path: Path) -> Iterator[Store]:
    """A new store of each kind."""
    made: Store
    if request.param == "memory":
        made = MemoryStore(host=HOST)
    elif request.param == "sqlite":
        made = SqliteStore(path, host=HOST)
    else:
        made = open_store(request.getfixturevalue("redis_server").url, host=HOST, state_dir=path.parent)
    yield made
    made.close()


@pytest.fixture
def sqlite(path: Path) -> Iterator[SqliteStore]:
    """A new SQLite store."""
    made = SqliteStore(path, host=HOST)
    yield made
    made.close()


@pytest.fixture
def forked() -> Callable[[Callable[[], bool]], int]:
    """Run a function in a forked child; the child's exit status is 0 when it returned true."""

    def run(work: Callable[[], bool]) -> int:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # pytest may have threads; the child needs none
            pid = os.fork()
        if pid == 0:
            status = 1
            with contextlib.suppress(BaseException):
                status = 0 if work() else 2
            os._exit(status)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    return run
