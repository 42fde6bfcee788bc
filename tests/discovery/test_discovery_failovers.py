"""Failovers that repeat become one line of history, which no request waits for."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Queue

import pytest
from client_worlds import instance

import portdash
from portdash.config.settings import Flags
from portdash.discovery.failovers import APART, REPEATED, WINDOW, Failover, Failovers, writer
from portdash.discovery.sources import opener
from portdash.errors import StoreError
from portdash.manager.deps import Deps
from portdash.manager.opening import open_deps
from portdash.model.history import EventKind
from portdash.testing import TestInstance

PATIENCE = 30.0


class Written:
    """What was written, in the order in which it was."""

    def __init__(self) -> None:
        self.queue: Queue[Failover] = Queue()
        self.failovers = Failovers(self.queue.put)

    def next(self) -> Failover:
        return self.queue.get(timeout=PATIENCE)

    def note(self, times: int, *, at: float, every: float = APART) -> float:
        """Note failovers; return when the next one would be."""
        for number in range(times):
            self.failovers.note(instance(8080), instance(8081), "hung", at + number * every)
        return at + times * every


def test_repeated_is_three_within_a_minute():
    written = Written()
    written.note(REPEATED - 1, at=0.0)
    written.note(REPEATED, at=WINDOW + APART, every=WINDOW / 2)  # never three at a time
    at = written.note(1, at=10 * WINDOW)
    written.note(REPEATED - 1, at=at)
    assert written.next() == Failover(from_port=8080, to_port=8081, why="hung", count=REPEATED)
    assert written.queue.empty()


def test_many_requests_that_meet_one_failure_are_one_failover():
    written = Written()
    written.note(1000, at=0.0, every=APART / 2000)
    written.note(REPEATED - 1, at=APART)
    assert written.next().count == REPEATED


def test_what_goes_on_is_told_once_a_window():
    written = Written()
    written.note(int(2 * WINDOW), at=0.0)
    counts = sorted(written.next().count for _ in range(2))
    assert counts[0] == REPEATED
    assert counts[1] >= WINDOW / APART - REPEATED
    written.note(REPEATED, at=10 * WINDOW)
    assert written.next().count == REPEATED
    assert written.queue.empty()


def test_a_store_that_cannot_be_written_is_no_matter_to_a_request(caplog: pytest.LogCaptureFixture):
    ended, before = threading.Event(), set(threading.enumerate())  # an earlier test's may still be about to end

    def write(_: Failover) -> None:
        ended.wait(PATIENCE)
        raise StoreError("the store is busy")

    failovers = Failovers(write)
    with caplog.at_level("INFO"):
        for number in range(REPEATED):
            failovers.note(
                instance(1), instance(2), "refused", float(number) * APART
            )  # comes back though the store does not
        (thread,) = set(threading.enumerate()) - before
        assert thread.name == "portdash-failover"
        ended.set()
        thread.join(PATIENCE)
    assert "the store is busy" in caplog.text


@pytest.fixture
def deps(project: Path) -> Iterator[Deps]:
    deps = open_deps(flags=Flags(), cwd=project, environ=os.environ, home=Path.home(), actor="test")
    yield deps
    deps.close()


@pytest.mark.parametrize(("name", "workspace"), [("api", "shop"), ("blog/api", "blog")])
def test_the_line_of_history(deps: Deps, name: str, workspace: str):
    write = writer(name, opener(None))
    write(Failover(from_port=8080, to_port=None, why="hung", count=4))
    (event,) = deps.store.events(limit=10)
    assert (event.kind, event.service, event.workspace, event.actor) == (
        EventKind.FAILOVER, "api", workspace, "library",
    )  # fmt: skip
    assert (event.from_port, event.to_port) == (8080, None)
    assert event.reason == "4 times within 60 s, the last: hung"
    assert not deps.store.operations(workspace)  # nothing that could be undone


def test_in_read_only_mode_nothing_is_written(deps: Deps, project: Path):
    def read_only() -> Deps:
        flags = Flags(read_only=True)
        return open_deps(flags=flags, cwd=project, environ=os.environ, home=Path.home(), actor="library")

    writer("api", read_only)(Failover(from_port=1, to_port=2, why="hung", count=3))
    assert deps.store.events(limit=10) == ()


@pytest.mark.usefixtures("project")
def test_a_client_notes_from_where_its_requests_go_on():
    with TestInstance() as one, TestInstance() as other:
        one.fail(503)
        with portdash.Client("api", cluster=(one.url, other.url), policy="first") as client:
            assert client.get("/").json()["port"] == other.port
            failovers = client._failover.settings.failovers
    assert failovers is not None
    assert [url for _, url in failovers._seen] == [one.url]
