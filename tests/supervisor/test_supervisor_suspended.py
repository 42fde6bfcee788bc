"""A machine that slept for hours: the clock of the wall has gone on, and nothing is done that comes too late."""

import asyncio
from dataclasses import replace

import pytest

from portdash.config.settings import Config
from portdash.demo.clock import FrozenClock
from portdash.demo.machine import FakeMachine
from portdash.manager.allocate import allocate
from portdash.manager.deps import Deps, Place
from portdash.manager.requests import Question, put, requests_for
from portdash.manager.wishes import Wish
from portdash.model.assignment import Lease
from portdash.model.listener import Process
from portdash.model.requests import Request, RequestKind
from portdash.model.storage import Ask, TakeLease
from portdash.model.workspace import Workspace
from portdash.store.memory import MemoryStore
from portdash.supervisor.budget import STARTS, Budget
from portdash.supervisor.inbox import Inbox

NIGHT = 8 * 3600.0
TOKEN = "t"  # noqa: S105
LIMIT = 30.0


@pytest.fixture
def deps() -> Deps:
    machine = FakeMachine(host="here", user="dev", processes=(Process(pid=98, ticks=5),))
    made = Deps(
        store=MemoryStore(),
        machine=machine,
        config=Config(),
        clock=FrozenClock(1_800_000_000.0),
        place=Place("here", "dev", Workspace(name="shop", root="/home/dev/shop"), "development"),
        actor="test",
    )
    row = allocate(made, [Wish(name="web")]).assignments[0]
    lease = Lease(key=row.key, pid=98, started=5, boot_id=machine.boot_id(), token=TOKEN, supervised=True)
    put(made, "run", [TakeLease(lease)])
    return made


def asked(deps: Deps, kind: RequestKind) -> Request:
    (request,) = requests_for(deps, [Question(deps.place.key("web"), kind)])
    put(deps, "ask", [Ask(request)])
    return request


def advance(deps: Deps, seconds: float) -> None:
    assert isinstance(deps.clock, FrozenClock)
    deps.clock.advance(seconds)


def test_what_was_asked_before_the_sleep_is_not_done_after_it(deps: Deps):
    said: list[str] = []

    async def run() -> Request:
        inbox = Inbox(deps, said.append)
        with inbox.open():
            asked(deps, RequestKind.STOP)
            await inbox.serve(TOKEN)  # it is heard, and the machine goes to sleep before it is looked at
            advance(deps, NIGHT)
            late = asked(deps, RequestKind.RESTART)
            found = await asyncio.wait_for(inbox.next(), LIMIT)
            assert found == late
            deps.store.close()
        return found

    assert asyncio.run(run()).kind is RequestKind.RESTART
    assert said == []


def test_a_lease_outlives_the_sleep_and_ends_with_the_boot(deps: Deps):
    key = deps.place.key("web")
    advance(deps, NIGHT)
    assert key in deps.observer.snapshot().leases
    lease = deps.store.snapshot().leases[key]
    put(deps, "another boot", [TakeLease(replace(lease, boot_id="before"))])
    assert key not in deps.observer.snapshot().leases


@pytest.mark.parametrize("now", [0.0, NIGHT])
def test_what_fails_often_is_left_alone_whatever_the_clock_says_until_it_was_well_for_long(now: float):
    budget = Budget()
    for each in range(STARTS):
        budget = budget.spent(now + each)
    assert budget.wait(now + STARTS) is None
    assert budget.wait(now + NIGHT) == 1.0
