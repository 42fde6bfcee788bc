"""Plans that move servers and that nobody sees to their end: when they are settled by another, and how."""

from dataclasses import replace

import pytest

from portdash.demo.clock import FrozenClock
from portdash.demo.machine import FakeMachine
from portdash.manager.allocate import allocate
from portdash.manager.deps import Deps
from portdash.manager.recovery import recover
from portdash.manager.requests import PATIENCE, Question, answer, requests_for
from portdash.manager.wishes import Wish
from portdash.model.assignment import Lease
from portdash.model.kept import PlanRecord, PlanState
from portdash.model.listener import Process
from portdash.model.requests import REQUEST_KEPT, Request, RequestKind
from portdash.model.storage import Applied, Ask, Batch, Claim, Op, RecordPlan, TakeLease

LONG = PATIENCE[RequestKind.MOVE] + REQUEST_KEPT


@pytest.fixture
def moving(deps: Deps, machine: FakeMachine) -> Request:
    """A request to move web from 3000 to 3005, stored with its plan; pid 98 runs web, pid 99 has made the plan."""
    row = allocate(deps, [Wish(name="web", preferred=(3000,))]).assignments[0]
    for pid in (98, 99):
        machine.start(Process(pid=pid, ticks=5))
    lease = Lease(key=row.key, pid=98, started=5, boot_id=machine.boot_id(), token="t", supervised=True)  # noqa: S106
    put(deps, TakeLease(lease))
    (move,) = requests_for(deps, [Question(row.key, RequestKind.MOVE, 3005)], plan="p")
    plan = PlanRecord(
        id="p",
        host="here",
        workspace="shop",
        title="move web",
        state=PlanState.APPLYING,
        pid=99,
        started=5,
        boot_id=machine.boot_id(),
        operation="moved",
    )
    claim = Claim(options=(replace(row, port=3005),), expected=row.revision, reason="asked for")
    put(deps, claim, Ask(move), RecordPlan(plan), batch="moved")
    return move


def put(deps: Deps, *ops: Op, batch: str | None = None) -> None:
    made = Batch(
        id=batch or f"b{deps.store.snapshot().revision}",
        title="t",
        workspace="shop",
        actor="x",
        at=deps.clock.now(),
        ops=ops,
    )
    assert isinstance(deps.store.apply(made), Applied)


def advance(deps: Deps, seconds: float) -> None:
    assert isinstance(deps.clock, FrozenClock)
    deps.clock.advance(seconds)


def settled(deps: Deps) -> int | None:
    """Let another process open the store; return where web is then, None while the plan is at work."""
    plans = deps.store.snapshot().plans
    found = recover(deps, plans)
    assert (deps.store.snapshot().plans == ()) is (found == plans)
    (row,) = deps.store.snapshot().assignments.values()
    return row.port if found else None


@pytest.mark.parametrize(("ok", "port"), [(True, 3005), (False, 3000)])
def test_that_its_maker_lives_keeps_a_plan_only_so_long(deps: Deps, moving: Request, *, ok: bool, port: int):
    answer(deps, moving, ok=ok, text="x")
    advance(deps, LONG - 1)
    assert settled(deps) is None
    advance(deps, 1)
    assert settled(deps) == port


@pytest.mark.parametrize(("ok", "port"), [(True, 3005), (False, 3000)])
def test_one_whose_maker_is_gone_is_settled_by_its_answers_however_late(
    deps: Deps, machine: FakeMachine, moving: Request, *, ok: bool, port: int
):
    machine.start(Process(pid=99, ticks=6))
    assert settled(deps) is None  # the server is on its way
    answer(deps, moving, ok=ok, text="x")
    advance(deps, 10 * LONG)
    put(deps)  # any change forgets the requests whose time is over
    assert settled(deps) == port


def test_a_server_that_was_never_moved_keeps_its_port(deps: Deps, machine: FakeMachine, moving: Request):
    machine.start(Process(pid=99, ticks=6))
    advance(deps, moving.deadline - moving.at - 1)
    assert settled(deps) is None
    advance(deps, 1)
    assert settled(deps) == 3000


def test_where_nobody_runs_the_service_any_more_the_plan_is_done(deps: Deps, machine: FakeMachine, moving: Request):
    machine.start(Process(pid=98, ticks=6))
    assert settled(deps) is None
    machine.start(Process(pid=99, ticks=6))
    assert settled(deps) == 3005
    assert deps.store.snapshot().requests == (moving,)
