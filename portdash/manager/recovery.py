"""Settling what a crashed process left behind."""

from collections.abc import Container, Iterable
from dataclasses import replace

from portdash.identifiers import new_id
from portdash.machine.living import lives
from portdash.manager.at_work import is_left
from portdash.manager.deps import Deps
from portdash.model.history import Operation
from portdash.model.kept import PlanRecord, PlanState
from portdash.model.requests import REQUEST_KEPT
from portdash.model.storage import Batch, RecordPlan

_FAR_BACK = 100
"""Operations of a workspace among which that of a plan is looked for."""


def recover(deps: Deps, plans: Iterable[PlanRecord]) -> tuple[PlanRecord, ...]:
    """Settle plans that nobody is at any more, which frees the ports they kept; return those.

    Assignments change in one batch. A plan whose batch is not stored has changed nothing, and is marked as rolled back.
    One whose batch is, has asked the servers to move in that very batch: while they are at it the plan is left alone;
    then it is finished, or its rows are put back if a server could not be started. That another process which made a
    plan lives keeps it only for as long as one waits for servers: it was interrupted, or could not write down the end.
    """
    found = [(plan, _operation(deps, plan)) for plan in plans if plan.host == deps.place.host]  # each host its own
    left = {plan.id for plan, _ in found if is_left(deps, plan)}
    finished = tuple(
        plan for plan, operation in found if operation and _finished(deps, plan, operation, is_left=plan.id in left)
    )
    return (*_rolled_back(deps, found, left), *finished)


def roll_back(deps: Deps, plans: Iterable[PlanRecord]) -> tuple[PlanRecord, ...]:
    """Settle those plans alone that have changed nothing, and return them: nobody has to be waited for."""
    found = [(plan, _operation(deps, plan)) for plan in plans if plan.host == deps.place.host]
    return _rolled_back(deps, found, {plan.id for plan, _ in found if is_left(deps, plan)})


def _rolled_back(
    deps: Deps, found: Iterable[tuple[PlanRecord, Operation | None]], left: Container[str]
) -> tuple[PlanRecord, ...]:
    unchanged = tuple(plan for plan, operation in found if operation is None and plan.id in left)
    if unchanged:
        deps.store.apply(
            Batch(
                id=new_id(),
                title="recover abandoned plans",
                workspace=deps.place.workspace.name,
                actor=deps.actor,
                at=deps.clock.now(),
                ops=tuple(RecordPlan(replace(plan, state=PlanState.ROLLED_BACK)) for plan in unchanged),
            )
        )
    return unchanged


def _operation(deps: Deps, plan: PlanRecord) -> Operation | None:
    """Return what a plan has changed, None where it has not come so far."""
    if plan.operation is None:
        return None
    log = deps.store.operations(plan.workspace, limit=_FAR_BACK)
    return next((each for each in log if each.id == plan.operation), None)


def _finished(deps: Deps, plan: PlanRecord, operation: Operation, *, is_left: bool) -> bool:
    """Finish a plan, or put it back; say whether it is over, which it is not while a server is being moved.

    `is_left` says that nobody is at it any more.
    """
    from portdash.manager.requests import PATIENCE  # noqa: PLC0415  rare
    from portdash.manager.restarting import put_back, settle  # noqa: PLC0415

    state, now = deps.store.snapshot(), deps.clock.now()
    asked = [each for each in state.requests if each.plan == plan.id]
    over = max((each.deadline for each in asked), default=operation.at + max(PATIENCE.values()))
    if not is_left and now < over + REQUEST_KEPT:
        return False
    living = {lease.token for lease in state.leases.values() if lives(deps.machine, lease)}
    unanswered = [each for each in asked if each.is_open and each.token in living]
    if any(now < each.deadline for each in unanswered):
        return False
    if unanswered or any(each.ok is False for each in asked):
        put_back(deps, plan, operation, plan.title)
    else:
        settle(deps, plan, PlanState.APPLIED)
    return True
