"""Settling what a crashed process left behind."""

from collections.abc import Iterable
from dataclasses import replace
from uuid import uuid4

from portdash.manager.deps import Deps
from portdash.model.history import Operation
from portdash.model.kept import PlanRecord, PlanState
from portdash.model.storage import Batch, RecordPlan

_FAR_BACK = 100
"""Operations of a workspace among which that of a plan is looked for."""


def recover(deps: Deps, plans: Iterable[PlanRecord]) -> tuple[PlanRecord, ...]:
    """Settle plans whose process is gone, which frees the ports they kept; return those.

    Assignments change in one batch. A plan whose batch is not stored has changed nothing, and is marked as rolled back.
    One whose batch is, has asked the servers to move in that very batch: while they are at it the plan is left alone;
    then it is finished, or its rows are put back if a server could not be started.
    """
    abandoned = [(plan, _operation(deps, plan)) for plan in plans if not _is_alive(deps, plan)]
    unchanged = tuple(plan for plan, operation in abandoned if operation is None)
    finished = tuple(plan for plan, operation in abandoned if operation and _finished(deps, plan, operation))
    if unchanged:
        deps.store.apply(
            Batch(
                id=uuid4().hex,
                title="recover abandoned plans",
                workspace=deps.place.workspace.name,
                actor=deps.actor,
                at=deps.clock.now(),
                ops=tuple(RecordPlan(replace(plan, state=PlanState.ROLLED_BACK)) for plan in unchanged),
            )
        )
    return (*unchanged, *finished)


def _operation(deps: Deps, plan: PlanRecord) -> Operation | None:
    """Return what a plan has changed, None where it has not come so far."""
    if plan.operation is None:
        return None
    log = deps.store.operations(plan.workspace, limit=_FAR_BACK)
    return next((each for each in log if each.id == plan.operation), None)


def _finished(deps: Deps, plan: PlanRecord, operation: Operation) -> bool:
    """Finish a plan, or put it back; say whether it is over, which it is not while a server is being moved."""
    from portdash.manager.requests import is_alive  # noqa: PLC0415  rare
    from portdash.manager.restarting import asked_by, put_back, settle  # noqa: PLC0415

    state, now = deps.store.snapshot(), deps.clock.now()
    asked = [each for each in state.requests if each.id.startswith(asked_by(plan.id))]
    leases = {lease.token: lease for lease in state.leases.values()}
    open_ones = (each for each in asked if each.is_open and now < each.deadline)
    if any(lease and is_alive(deps, lease) for lease in (leases.get(each.token) for each in open_ones)):
        return False
    if any(each.ok is False for each in asked):
        put_back(deps, plan, operation, plan.title)
    else:
        settle(deps, plan, PlanState.APPLIED)
    return True


def _is_alive(deps: Deps, plan: PlanRecord) -> bool:
    if plan.host != deps.place.host:
        return True  # another machine's: it settles its own
    if plan.boot_id != deps.machine.boot_id():
        return False
    process = deps.machine.process(plan.pid)
    return process is not None and process.ticks == plan.started
