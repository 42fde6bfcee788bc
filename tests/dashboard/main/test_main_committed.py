"""An open dashboard and a committed file that is edited meanwhile."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from threading import Thread

import pytest
from textual.message import Message

from portdash.config.settings import Flags
from portdash.dashboard.desk import Desk
from portdash.dashboard.messages import SnapshotTaken
from portdash.dashboard.poller import Poller
from portdash.manager.opening import open_deps
from portdash.model.snapshot import Snapshot

Seen = Callable[[Callable[[Snapshot], bool]], Snapshot]


@pytest.fixture
def file(home: Path) -> Path:
    """The committed file of a project."""
    root = home / "shop"
    (root / ".git").mkdir(parents=True)
    (root / "portdash.toml").write_text('store = "json:port_assignments.json"\n')
    return root / "port_assignments.json"


@contextmanager
def looking(file: Path, home: Path) -> Iterator[Seen]:
    """Keep a poller at work; yields what waits for a snapshot of some kind."""
    messages: Queue[Message] = Queue()
    deps = open_deps(flags=Flags(), cwd=file.parent, environ=os.environ, home=home, actor="dashboard")
    poller = Poller(Desk(deps), messages.put, interval=0.2)
    thread = Thread(target=poller.run)
    thread.start()

    def seen(wanted: Callable[[Snapshot], bool]) -> Snapshot:
        for _ in range(500):
            message = messages.get(timeout=20)
            if isinstance(message, SnapshotTaken) and wanted(message.facts.snapshot):
                return message.facts.snapshot
        raise AssertionError("it was never seen")

    try:
        yield seen
    finally:
        poller.stop()
        thread.join()
        deps.close()


def ports(snapshot: Snapshot) -> dict[str, int]:
    return {row.name: row.port for row in snapshot.assignments.values()}


def test_an_edit_is_seen_and_a_bad_one_is_said_while_it_lasts(file: Path, home: Path):
    file.write_text('{"web": 20001}')
    with looking(file, home) as seen:
        seen(lambda snapshot: ports(snapshot) == {"web": 20001})
        file.write_text('{"web": 20002, "api": 20003}')
        seen(lambda snapshot: ports(snapshot) == {"web": 20002, "api": 20003})
        file.write_text('{"web": 20002,\n"web": 20003}')
        bad = seen(lambda snapshot: f"{file}:2: web stands there twice" in "".join(snapshot.notices))
        assert ports(bad) == {"web": 20002, "api": 20003}
        file.write_text('{"web": 20004}')
        good = seen(lambda snapshot: ports(snapshot) == {"web": 20004})
        assert good.notices == ()
    assert json.loads(file.read_text()) == {"web": 20004}
