"""Every kind of store, so that one contract is asked of each."""

import contextlib
import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from store_world import HOST, projected

from portdash.model.storage import Store
from portdash.store.memory import MemoryStore
from portdash.store.opening import open_store
from portdash.store.sqlite import SqliteStore


@pytest.fixture
def path(home: Path) -> Path:
    """Where the store's file goes; neither it nor its directory is there."""
    return home / "state" / "portdash.db"


@pytest.fixture(params=["memory", "sqlite", "projected", pytest.param("redis", marks=pytest.mark.needs_redis)])
def store(request: pytest.FixtureRequest, path: Path, committed: Path) -> Iterator[Store]:
    """A new store of each kind."""
    made: Store
    match request.param:
        case "memory":
            made = MemoryStore(host=HOST)
        case "sqlite":
            made = SqliteStore(path, host=HOST)
        case "redis":
            made = open_store(request.getfixturevalue("redis_server").url, host=HOST, state_dir=path.parent)
        case _:
            made = projected(SqliteStore(path, host=HOST), committed, path.parent)
    yield made
    made.close()


@pytest.fixture
def committed(home: Path) -> Path:
    """Where the committed file of the workspace goes; it is not there."""
    root = home / "src" / "shop"
    root.mkdir(parents=True)
    return root / "port_assignments.json"


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
