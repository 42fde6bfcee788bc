"""SQLite, a committed file around it, and Redis against memory under random batches; the invariants after each."""

import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from redis_server import RedisServer
from store_world import HOST, batch, claim, key, projected, row

from portdash.model.assignment import Lease, ServiceKey, Source
from portdash.model.history import Event, EventKind
from portdash.model.kept import PlanRecord, PlanState
from portdash.model.ports import IpProtocol
from portdash.model.requests import Request, RequestKind
from portdash.model.storage import (
    Answer,
    Applied,
    Ask,
    Batch,
    DropLease,
    MarkUndone,
    Op,
    RecordEvent,
    RecordPlan,
    RecordWorkspace,
    Rejected,
    Remove,
    Store,
    TakeLease,
)
from portdash.model.workspace import Workspace
from portdash.store.memory import MemoryStore
from portdash.store.opening import open_store
from portdash.store.sqlite import SqliteStore

SCALE = int(os.environ.get("PORTDASH_TEST_SCALE", "1"))
NAMES = ("Web", "api", "db", "admin")
PORTS = st.sampled_from(range(4000, 4005))
SOURCES = st.sampled_from([Source.PREFERRED, Source.FALLBACK, Source.DETECTED, Source.INHERITED])
REVISIONS = st.sampled_from(["right", "right", "right", "none", "next", "wrong"])
KEYS = st.builds(
    key,
    st.sampled_from(("Web", *NAMES)),
    workspace=st.sampled_from(["shop", "shop", "blog"]),
    protocol=st.sampled_from([IpProtocol.TCP, IpProtocol.TCP, IpProtocol.UDP]),
)


Make = Callable[["StoreAndMemory"], Op]
"""Makes an operation that fits what a machine has come to."""
IN_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
"""A disk that need not wait for its syncs: what is asked here is what is stored, and not whether it lasts."""


class StoreAndMemory(RuleBasedStateMachine):
    """Whatever one answers, the other answers; `open` makes a store of the kind in question."""

    def open(self) -> Store:
        raise NotImplementedError

    @initialize()
    def begin(self) -> None:
        self.directory = Path(tempfile.mkdtemp(dir=IN_MEMORY))
        self.memory = MemoryStore(host=HOST)
        self.first = self.open()
        self.second = self.open()
        self.seen: list[tuple[Batch, Applied]] = []
        self.now = 1000.0

    @rule(data=st.data(), count=st.integers(1, 6), passed=st.sampled_from([0.0, 1.0, 30.0, 61.0, -500.0]))
    def change(self, data: st.DataObject, count: int, passed: float) -> None:
        self.now += passed
        ops = [data.draw(OPS)(self) for _ in range(count)]
        before = self.memory.snapshot()
        wanted = batch(*ops, at=self.now, workspace=data.draw(st.sampled_from(["shop", "blog"])))
        ours, theirs = data.draw(st.sampled_from([self.first, self.second])).apply(wanted), self.memory.apply(wanted)
        assert ours == theirs
        if isinstance(theirs, Applied):
            assert isinstance(ours, Applied)
            assert ours.events == theirs.events
            self.seen.append((wanted, theirs))
            assert theirs.revision == before.revision + 1
        else:
            assert isinstance(theirs, Rejected)
            assert self.memory.snapshot(before) is before

    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        if self.seen:
            wanted, first = data.draw(st.sampled_from(self.seen))
            before = self.memory.snapshot()
            again = self.first.apply(wanted)
            assert again == self.memory.apply(wanted)
            assert isinstance(again, Applied)
            assert replace(again.operation, undone=False) == replace(first.operation, undone=False)
            assert self.memory.snapshot(before) is before

    @rule()
    def reopen(self) -> None:
        self.second.close()
        self.second = self.open()

    @invariant()
    def both_hold_the_same(self) -> None:
        expected = self.memory.snapshot()
        assert self.first.snapshot() == expected
        assert self.second.snapshot() == expected
        revisions = {each: found.revision for each, found in expected.assignments.items()}
        assert {each: found.revision for each, found in self.first.snapshot().assignments.items()} == revisions
        assert self.first.events() == self.memory.events()
        assert self.first.events(service="WEB") == self.memory.events(service="WEB")
        for workspace in ("shop", "blog"):
            assert self.first.operations(workspace, limit=50) == self.memory.operations(workspace, limit=50)

    @invariant()
    def ports_are_unique_and_leases_have_assignments(self) -> None:
        state = self.first.snapshot()
        owned = [each for each in state.assignments.values() if each.source is not Source.INHERITED]
        counts = Counter((each.key.host, each.key.protocol, each.port) for each in owned)
        assert all(count == 1 for count in counts.values())
        assert state.leases.keys() <= state.assignments.keys()
        held = {(each.host, each.protocol, each.port) for each in state.quarantines}
        assert not held & counts.keys()

    def claim(self, of: ServiceKey, ports: list[int], source: Source, revision: str) -> Op:
        name = next(each for each in NAMES if each.casefold() == of.service)
        return claim(*(row(name, port, source=source, of=of) for port in ports), expected=self.expected(of, revision))

    def removal(self, of: ServiceKey, revision: str) -> Op:
        return Remove(key=of, expected=self.expected(of, revision) or 0, reason="r")

    def request(self, identity: str, of: ServiceKey, token: str, kind: RequestKind, seconds: float) -> Op:
        at, port = self.now, 4000 if kind is RequestKind.MOVE else None
        return Ask(
            Request(id=identity, key=of, kind=kind, port=port, token=token, actor="y", at=at, deadline=at + seconds)
        )

    def undone(self, number: int) -> Op:
        return MarkUndone(self.seen[number % len(self.seen)][0].id if self.seen else "none")

    def event(self, service: str, at: float | None) -> Op:
        at = self.now if at is None else at
        return RecordEvent(Event(kind=EventKind.CONFLICT, at=at, workspace="x", service=service, actor="y", reason="z"))

    def expected(self, of: ServiceKey, revision: str) -> int | None:
        found = self.memory.snapshot().assignments.get(of)
        if revision == "wrong":
            return 999
        if revision == "next":  # of a row that the batch itself changes before
            return self.memory.snapshot().revision + 1
        return found.revision if found and revision == "right" else None

    def teardown(self) -> None:
        if hasattr(self, "directory"):
            self.first.close()
            self.second.close()
            shutil.rmtree(self.directory)


def drawn(make: Callable[..., Op], *arguments: st.SearchStrategy[object]) -> st.SearchStrategy[Make]:
    """What `make` makes of a machine and of what is drawn. A strategy is costly to build: each is built once."""
    return st.tuples(*arguments).map(lambda found: lambda machine: make(machine, *found))


TOKENS = st.sampled_from(["one", "two"])
CLAIMS = drawn(StoreAndMemory.claim, KEYS, st.lists(PORTS, min_size=1, max_size=3, unique=True), SOURCES, REVISIONS)
OPS = st.one_of(
    CLAIMS,
    CLAIMS,
    drawn(StoreAndMemory.removal, KEYS, REVISIONS),
    st.one_of(
        drawn(lambda _, of, t: TakeLease(Lease(key=of, pid=1, started=2, boot_id="b", token=t)), KEYS, TOKENS),
        drawn(lambda _, of, t: DropLease(of, t), KEYS, TOKENS),
        drawn(
            StoreAndMemory.request,
            *(TOKENS, KEYS, TOKENS, st.sampled_from(list(RequestKind)), st.sampled_from([0, 30])),
        ),
        drawn(
            lambda _, identity, ok, said: Answer(identity, ok, said),
            *(TOKENS, st.booleans(), st.sampled_from(["", "done \x1f\n\udc80"])),
        ),
        drawn(
            lambda _, name, root: RecordWorkspace(HOST, Workspace(name=name, root=root)),
            *(st.sampled_from(["shop", "Shop", "blog"]), st.sampled_from([None, "/a", "/b", "/ü \x1f\udc80"])),
        ),
        drawn(
            lambda _, identity, port, state: RecordPlan(plan(identity, port, state)),
            *(TOKENS, PORTS, st.sampled_from(list(PlanState))),
        ),
        drawn(StoreAndMemory.undone, st.integers(0, 20)),
        drawn(
            StoreAndMemory.event,
            st.sampled_from(["Web", "straße \x1f\n", "\udc80"]),
            st.sampled_from([None, 0.1, 1e22]),
        ),
    ),
)
"""What a batch consists of, before it is known what for."""


class SqliteAndMemory(StoreAndMemory):
    """Two connections to one file."""

    def open(self) -> Store:
        return SqliteStore(self.directory / "portdash.db", host=HOST)


class CommittedAndMemory(StoreAndMemory):
    """Two stores that commit the ports of shop in one file."""

    def open(self) -> Store:
        authority = SqliteStore(self.directory / "portdash.db", host=HOST)
        return projected(authority, self.directory / "ports.json", self.directory / "state")

    @invariant()
    def the_file_says_what_the_rows_say(self) -> None:
        in_file = sorted(self.memory.snapshot().assignments.values(), key=lambda each: each.key.protocol, reverse=True)
        rows = {each.name: each.port for each in in_file if each.key.workspace == "shop"}
        file = self.directory / "ports.json"
        assert (json.loads(file.read_bytes()) if file.exists() else {}) == rows


class RedisAndMemory(StoreAndMemory):
    """The script does what the transition does, and its server's mirrors do no harm."""

    server: RedisServer

    def open(self) -> Store:
        return open_store(self.server.url, host=HOST, state_dir=self.directory)

    @initialize()
    def begin(self) -> None:
        self.server.clear()
        super().begin()


@pytest.fixture
def served(redis_server: RedisServer) -> None:
    """Hand the server to the machines, which pytest cannot reach."""
    RedisAndMemory.server = redis_server


def plan(identity: str, port: int, state: PlanState) -> PlanRecord:
    return PlanRecord(
        id=identity,
        host=HOST,
        workspace="shop",
        title="t",
        state=state,
        pid=1,
        started=2,
        boot_id="b",
        reserved=((IpProtocol.TCP, port),),
    )


def at_length(examples: int, steps: int, *, derandomize: bool) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=derandomize,
        suppress_health_check=[HealthCheck.too_slow],
    )


class TestSqliteAndMemory(SqliteAndMemory.TestCase):  # type: ignore[misc, name-defined]
    settings = at_length(15, 40, derandomize=True)  # the plain ring does not fail by chance; the next one looks further


@pytest.mark.faults
class TestSqliteAndMemoryAtLength(SqliteAndMemory.TestCase):  # type: ignore[misc, name-defined]
    settings = at_length(300 * SCALE, 50, derandomize=False)


class TestCommittedAndMemory(CommittedAndMemory.TestCase):  # type: ignore[misc, name-defined]
    settings = at_length(15, 40, derandomize=True)


@pytest.mark.faults
class TestCommittedAndMemoryAtLength(CommittedAndMemory.TestCase):  # type: ignore[misc, name-defined]
    settings = at_length(300 * SCALE, 50, derandomize=False)


@pytest.mark.needs_redis
@pytest.mark.usefixtures("served")
class TestRedisAndMemory(RedisAndMemory.TestCase):  # type: ignore[misc, name-defined]
    settings = at_length(10, 40, derandomize=True)


@pytest.mark.faults
@pytest.mark.needs_redis
@pytest.mark.usefixtures("served")
class TestRedisAndMemoryAtLength(RedisAndMemory.TestCase):  # type: ignore[misc, name-defined]
    settings = at_length(300 * SCALE, 50, derandomize=False)
