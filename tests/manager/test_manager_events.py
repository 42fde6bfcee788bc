"""What subscribers hear: everything once, in order, whoever did it; and conflicts as they come and go."""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from queue import Empty, Queue

import pytest
from manager_world import SHOP, Listen

from portdash.demo.machine import FakeMachine
from portdash.errors import StoreError, StoreUnavailable, UsageError
from portdash.manager.allocate import allocate, settle
from portdash.manager.apply import apply_plan
from portdash.manager.deps import Deps
from portdash.manager.events import EventStream
from portdash.manager.facade import PortManager
from portdash.manager.finding import find_service
from portdash.manager.freeing import plan_free
from portdash.manager.history_tail import HistoryTail
from portdash.manager.plans import plan_move, plan_release, plan_resolve, plan_undo
from portdash.manager.troubles import Troubles
from portdash.manager.watcher import Watcher
from portdash.manager.wishes import Wish
from portdash.model.history import Event, EventKind
from portdash.model.plan import Strategy
from portdash.model.ports import IpProtocol
from portdash.model.storage import Batch, RecordEvent
from portdash.model.workspace import Workspace

SOON = 60.0
"""Seconds that an event may take on a busy machine."""


class Heard:
    """A subscriber's ears."""

    def __init__(self) -> None:
        self._events: Queue[Event] = Queue()

    def __call__(self, event: Event) -> None:
        self._events.put(event)

    def next(self) -> Event:
        """Return the next event; fail when none comes."""
        return self._events.get(timeout=SOON)

    def now(self) -> list[Event]:
        """Return what has been heard and not been taken."""
        found = []
        try:
            while True:
                found.append(self._events.get_nowait())
        except Empty:
            return found


def told(event: Event) -> tuple[str, str, int | None]:
    return event.kind.value, event.service, event.to_port


@pytest.fixture
def manager(deps: Deps) -> Iterator[PortManager]:
    manager = PortManager(deps=deps)
    yield manager
    manager.close()


@pytest.fixture
def other(deps: Deps) -> Deps:
    """Another process, as far as the store can tell."""
    return replace(deps, actor="other", events=EventStream())


def event(kind: EventKind, service: str, *, port: int | None = None, revision: int = 0, host: str = "") -> Event:
    return Event(
        kind=kind,
        at=0.0,
        workspace="shop",
        service=service,
        actor="x",
        reason="",
        from_port=port,
        revision=revision,
        host=host,
    )


def write(deps: Deps, *events: Event) -> None:
    """Write lines of history as another process would."""
    ops = tuple(RecordEvent(each) for each in events)
    deps.store.apply(Batch(id=os.urandom(8).hex(), title="t", workspace="shop", actor="x", at=0.0, ops=ops))


def test_what_this_process_does_is_heard_before_the_call_returns(manager: PortManager):
    heard = Heard()
    for kind in ("assigned", "moved", "released"):
        manager.on(kind, heard)
    manager.allocate("web", preferred=3000)
    manager.apply(manager.plan("web", to=3100))
    manager.release_port("web")
    assert [told(each) for each in heard.now()] == [
        ("assigned", "web", 3000),
        ("moved", "web", 3100),
        ("released", "web", None),
    ]


def test_the_machine_is_left_alone_once_nobody_listens_for_conflicts(
    deps: Deps, manager: PortManager, machine: FakeMachine, listen: Listen, monkeypatch: pytest.MonkeyPatch
):
    looks: list[int] = []
    listeners = machine.listeners
    monkeypatch.setattr(machine, "listeners", lambda: looks.append(1) or listeners())
    heard = Heard()
    manager.on("assigned", heard)
    stop = manager.on("conflict", heard)
    assert looks
    stop()
    write(deps, event(EventKind.ASSIGNED, "a"))
    heard.next()
    before = len(looks)
    for name in ("b", "c"):
        write(deps, event(EventKind.ASSIGNED, name))
        assert heard.next().service == name
    assert len(looks) == before
    manager.on("conflict", heard)
    manager.allocate("web", preferred=3000)
    assert heard.next().kind is EventKind.ASSIGNED
    listen(3000)
    assert heard.next().kind is EventKind.CONFLICT


def test_what_others_do_is_heard_once_and_in_its_place(manager: PortManager, other: Deps):
    heard = Heard()
    manager.on("assigned", heard)
    expected = []
    for number in range(100):
        name = f"s{number}"
        if number % 3:
            allocate(other, [Wish(name=name)])
        else:
            manager.allocate(name)
        expected.append(name)
    got = [heard.next() for _ in expected]
    assert [each.service for each in got] == expected
    assert len({each.sequence for each in got}) == len(got)
    assert heard.now() == []


def test_many_threads_and_another_process_are_each_heard_once(manager: PortManager, other: Deps):
    heard = Heard()
    manager.on("assigned", heard)
    own = [threading.Thread(target=manager.allocate, args=(f"own{n}",)) for n in range(8)]
    others = [threading.Thread(target=allocate, args=(other, [Wish(name=f"other{n}")])) for n in range(8)]
    for thread in (*own, *others):
        thread.start()
    for thread in (*own, *others):
        thread.join()
    got = [heard.next() for _ in range(16)]
    assert len({each.service for each in got}) == 16
    assert [each.sequence for each in got] == sorted(each.sequence for each in got)
    assert heard.now() == []


def test_what_happened_before_is_not_heard(manager: PortManager, other: Deps):
    allocate(other, [Wish(name="before")])
    heard = Heard()
    manager.on("assigned", heard)
    allocate(other, [Wish(name="after")])
    assert heard.next().service == "after"


def test_a_callback_that_fails_stops_nobody(manager: PortManager, other: Deps, caplog: pytest.LogCaptureFixture):
    heard = Heard()

    def fail(_event: Event) -> None:
        raise RuntimeError("not my day")

    manager.on("assigned", fail)
    manager.on("assigned", heard)
    allocate(other, [Wish(name="a")])
    assert heard.next().service == "a"
    manager.allocate("b")
    assert heard.next().service == "b"
    assert "a callback for 'assigned' failed" in caplog.text


def test_a_callback_may_change_something_itself(manager: PortManager, other: Deps):
    heard = Heard()
    manager.on("assigned", lambda event: manager.release_port(event.service))
    manager.on("assigned", heard)
    manager.on("released", heard)
    allocate(other, [Wish(name="web", preferred=(3000,))])
    assert [told(heard.next()) for _ in range(2)] == [("assigned", "web", 3000), ("released", "web", None)]


def test_a_callback_may_wait_for_another_thread(manager: PortManager):
    heard = Heard()

    def allocate_elsewhere(event: Event) -> None:
        if event.service == "first":
            thread = threading.Thread(target=manager.allocate, args=("second",))
            thread.start()
            thread.join(SOON)
            assert not thread.is_alive()

    manager.on("assigned", allocate_elsewhere)
    manager.on("assigned", heard)
    manager.allocate("first")
    assert [heard.next().service for _ in range(2)] == ["first", "second"]


def test_closing_ends_the_thread(deps: Deps):
    manager = PortManager(deps=deps)
    before = set(threading.enumerate())  # an earlier test's may still be about to end
    stop = manager.on("assigned", print)
    stop()
    assert len(set(threading.enumerate()) - before) == 1
    manager.close()
    assert not set(threading.enumerate()) - before
    with pytest.raises(StoreError):
        manager.on("assigned", print)


def test_closing_from_a_callback_is_no_deadlock(deps: Deps, other: Deps):
    manager = PortManager(deps=deps)
    closed = threading.Event()

    def close(_event: Event) -> None:
        manager.close()
        closed.set()

    manager.on("assigned", close)
    allocate(other, [Wish(name="web")])
    assert closed.wait(SOON)


def test_only_known_kinds(manager: PortManager):
    with pytest.raises(UsageError, match="assigned, moved"):
        manager.on("nosuch", print)


def test_trouble_is_said_once_and_tried_again(
    deps: Deps, other: Deps, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    failures = iter(range(3))
    read = deps.store.events
    again = threading.Event()

    def sometimes(**options: object) -> tuple[Event, ...]:
        if next(failures, None) is not None:
            raise StoreUnavailable("the disk is away")
        again.set()
        return read(**options)  # type: ignore[arg-type]

    monkeypatch.setattr("portdash.manager.watcher.FIRST_PAUSE", 0.01)
    monkeypatch.setattr(deps.store, "events", sometimes)
    manager = PortManager(deps=deps)
    heard = Heard()
    try:
        manager.on("assigned", heard)
        assert again.wait(SOON)
        allocate(other, [Wish(name="web")])
        assert heard.next().service == "web"
    finally:
        manager.close()
    warnings = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "StoreUnavailable: the disk is away" in warnings[0].getMessage()


@pytest.fixture
def quick(deps: Deps) -> Iterator[Watcher]:
    """A watcher that looks at the machine as often as it can."""
    watcher = Watcher(deps, look=0.01)
    yield watcher
    watcher.stop()
    deps.store.close()
    watcher.join()


def test_a_conflict_is_heard_when_it_comes_and_when_it_goes(
    deps: Deps, quick: Watcher, machine: FakeMachine, listen: Listen
):
    allocate(deps, [Wish(name="web", preferred=(3000,)), Wish(name="api", preferred=(3001,))])
    listen(3001, pid=77)
    heard = Heard()
    for kind in (EventKind.CONFLICT, EventKind.RESOLVED):
        deps.events.on(kind, heard)
    quick.start(conflicts=True)
    revision = deps.store.snapshot().revision
    listen(3000)
    begun = heard.next()
    assert (begun.kind, begun.service, begun.from_port) == (EventKind.CONFLICT, "web", 3000)
    assert begun.reason.startswith("squatted: web cannot have 3000")
    squatter = deps.observer.snapshot()
    plan = plan_resolve(deps, squatter, find_service(squatter, "web").key, strategy=Strategy.AGGRESSIVE)
    target = next(step.target for step in plan.steps if step.target)
    machine.terminate(target, grace=1)
    ended = heard.next()
    assert (ended.kind, ended.service, ended.from_port) == (EventKind.RESOLVED, "web", 3000)
    assert heard.now() == []
    assert deps.store.snapshot().revision == revision, "watching writes nothing"


def test_a_conflict_that_is_resolved_here_or_there_is_heard_once(
    deps: Deps, other: Deps, quick: Watcher, listen: Listen
):
    allocate(deps, [Wish(name="web", preferred=(3000,))])
    heard = Heard()
    for kind in (EventKind.CONFLICT, EventKind.MOVED, EventKind.RESOLVED):
        deps.events.on(kind, heard)
    quick.start(conflicts=True)
    expected = []
    for doer, port in ((other, 3000), (deps, 4000)):
        listen(port, pid=port)
        assert heard.next().kind is EventKind.CONFLICT
        settle(doer, lambda snapshot, doer=doer: plan_resolve(doer, snapshot))  # type: ignore[misc]
        expected.append([heard.next().kind.value for _ in range(2)])
    assert expected == [["moved", "resolved"]] * 2
    allocate(other, [Wish(name="last")])
    settle(other, lambda snapshot: plan_move(other, snapshot, find_service(snapshot, "last").key, 5555))
    assert told(heard.next()) == ("moved", "last", 5555)


def test_what_is_known_is_not_told_again(deps: Deps, listen: Listen):
    allocate(deps, [Wish(name="Web", preferred=(3000,))])
    calm = deps.observer.snapshot()
    listen(3000)
    trouble = deps.observer.snapshot()
    troubles = Troubles("test")
    troubles.begin(calm)
    assert [each.kind for each in troubles.see(trouble)] == [EventKind.CONFLICT]
    assert troubles.see(trouble) == ()
    host = deps.place.host
    found, gone = (event(kind, "Web", port=3000, host=host) for kind in (EventKind.CONFLICT, EventKind.RESOLVED))
    elsewhere = event(EventKind.RESOLVED, "Web", port=3000, host="b7d2639b")
    assert list(troubles.sift([elsewhere])) == []
    assert list(troubles.sift([found, gone, gone])) == [gone]
    assert [each.kind for each in troubles.see(trouble)] == [EventKind.CONFLICT]
    assert [each.kind for each in troubles.see(calm)] == [EventKind.RESOLVED]
    assert list(troubles.sift([gone, found])) == [found]
    assert [each.kind for each in troubles.see(calm)] == [EventKind.RESOLVED]


def test_a_look_that_is_older_than_the_history_says_nothing(deps: Deps, listen: Listen):
    allocate(deps, [Wish(name="web", preferred=(3000,))])
    troubles = Troubles("test")
    troubles.begin(deps.observer.snapshot())
    listen(3000)
    old = deps.observer.snapshot()
    moved = event(EventKind.MOVED, "web", revision=old.revision + 1)
    assert list(troubles.sift([moved])) == [moved]
    assert troubles.see(old) == ()


def test_the_first_look_of_all_tells_nothing(deps: Deps, listen: Listen):
    allocate(deps, [Wish(name="web", preferred=(3000,))])
    listen(3000)
    assert Troubles("test").see(deps.observer.snapshot()) == ()


def test_the_history_is_read_from_where_one_stands(deps: Deps):
    tail = HistoryTail(deps.store)
    write(deps, event(EventKind.ASSIGNED, "before"))
    assert tail.read() == ((), 0)
    for count in (1, 63, 64, 65, 1000):
        write(deps, *(event(EventKind.ASSIGNED, f"s{n}") for n in range(count)))
        found, missed = tail.read()
        assert [each.service for each in found] == [f"s{n}" for n in range(count)]
        assert missed == 0
    assert tail.read() == ((), 0)


def test_history_that_is_gone_is_counted(deps: Deps):
    tail = HistoryTail(deps.store)
    tail.skip()
    for _ in range(2):
        write(deps, *(event(EventKind.ASSIGNED, "s") for _ in range(6000)))
    found, missed = tail.read()
    assert (len(found), missed) == (10_000, 2_000)


def history(deps: Deps) -> list[tuple[str, str]]:
    return [(each.kind.value, each.service) for each in reversed(deps.store.events())]


@pytest.mark.parametrize("strategy", [Strategy.MINIMAL, Strategy.AGGRESSIVE])
def test_history_says_what_was_found_and_settled(deps: Deps, listen: Listen, strategy: Strategy):
    allocate(deps, [Wish(name="web", preferred=(3000,))])
    listen(3000)
    snapshot = deps.observer.snapshot()
    plan = plan_resolve(deps, snapshot, find_service(snapshot, "web").key, strategy=strategy)
    apply_plan(deps, plan, consent=True)
    act = ("moved", "web") if strategy is Strategy.MINIMAL else ("terminated", "web")
    assert history(deps)[1:] == [("conflict", "web"), act, ("resolved", "web")]
    assert deps.store.events()[0].from_port == 3000
    assert deps.store.events()[1].from_port == 3000  # whose server has ended is told with its port


def test_what_was_ended_is_told_of_the_service_that_has_the_port(deps: Deps, listen: Listen):
    allocate(deps, [Wish(name="web", preferred=(3000,))])
    there = replace(deps, place=deps.place._replace(workspace=Workspace(name="blog", root=None)))
    allocate(there, [Wish(name="cms", preferred=(3001,))])
    for port in (3000, 3001, 3002):
        listen(port, pid=port)
        apply_plan(deps, plan_free(deps, deps.observer.snapshot(), port, IpProtocol.TCP), consent=True)
    told = [event for event in reversed(deps.store.events()) if event.kind is EventKind.TERMINATED]
    assert [(event.workspace, event.service, event.from_port) for event in told] == [
        (deps.place.workspace.name, "web", 3000),
        ("blog", "cms", 3001),
        (deps.place.workspace.name, "", 3002),
    ]


def test_what_stays_in_trouble_was_found_only(deps: Deps, listen: Listen):
    allocate(deps, [Wish(name="web", preferred=(3000,), pin=True), Wish(name="api", preferred=(3001,))])
    for port in (3000, 3001):
        listen(port, pid=port)
    settle(deps, lambda snapshot: plan_resolve(deps, snapshot))
    assert history(deps)[2:] == [("conflict", "api"), ("moved", "api"), ("resolved", "api")]


def test_a_server_that_has_to_be_started_again_is_not_settled(deps: Deps, listen: Listen):
    allocate(deps, [Wish(name="web", preferred=(3000,))])
    assert SHOP.root
    listen(3000, cwd=SHOP.root)
    snapshot = deps.observer.snapshot()
    apply_plan(deps, plan_move(deps, snapshot, find_service(snapshot, "web").key, 3100))
    assert ("resolved", "web") not in history(deps)


def test_giving_back_and_undoing_settle_nothing(deps: Deps, listen: Listen):
    allocate(deps, [Wish(name="web", preferred=(3000,))])
    listen(3000)
    settle(deps, lambda snapshot: plan_release(deps, snapshot, [find_service(snapshot, "web").key]))
    settle(deps, lambda snapshot: plan_undo(deps, snapshot))
    assert history(deps) == [("assigned", "web"), ("released", "web"), ("assigned", "web")]


RIVAL = """
import sys, portdash
heard = []
manager = portdash.PortManager(store=sys.argv[1], workspace="shop")
done = __import__("threading").Event()
def hear(event):
    heard.append(event.service)
    if event.service == "last":
        done.set()
manager.on("assigned", hear)
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[2])):
    manager.allocate(f"theirs{number}", base=21000)
print("done", flush=True)
assert done.wait(60)
manager.close()
print(*heard, flush=True)
"""


def test_two_processes_hear_each_other_once_and_in_one_order(home: Path):
    url, count = f"sqlite:///{home / 'ports.db'}", 10
    manager = PortManager(store=url, workspace="shop")
    heard = Heard()
    manager.on("assigned", heard)
    with subprocess.Popen(
        [sys.executable, "-c", RIVAL, url, str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as rival:
        try:
            assert rival.stdin
            assert rival.stdout
            assert rival.stdout.readline() == "ready\n"
            rival.stdin.write("go\n")
            rival.stdin.flush()
            for number in range(count):
                manager.allocate(f"ours{number}", base=21000)
            assert rival.stdout.readline() == "done\n"
            manager.allocate("last", base=21000)
            theirs = rival.stdout.readline().split()
            assert rival.wait(60) == 0
        finally:
            rival.kill()
    ours = [heard.next().service for _ in range(2 * count + 1)]
    assert heard.now() == []
    manager.close()
    assert ours == theirs
    assert sorted(ours) == sorted([*(f"{whose}{n}" for whose in ("ours", "theirs") for n in range(count)), "last"])
