"""The last part of a plan: servers that portdash runs are started again where it moved them, or all goes back."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from portdash.errors import PlanFailed, PortdashError, Unanswered
from portdash.identifiers import new_id
from portdash.machine.living import lives
from portdash.manager.clearing import Progress
from portdash.manager.deps import Deps
from portdash.manager.requests import Question, ask, await_answer, requests_for
from portdash.manager.slots import restarts
from portdash.model.history import Change, Operation
from portdash.model.kept import PlanRecord, PlanState
from portdash.model.plan import Plan, Step
from portdash.model.requests import Request, RequestKind
from portdash.model.storage import Applied, Ask, Batch, Claim, MarkUndone, Op, RecordPlan, Remove
from portdash.text import clean


class Restarted(NamedTuple):
    """What became of the servers."""

    lines: tuple[str, ...]
    left: tuple[str, ...] = ()
    """Followers that did not start again: nothing of the plan rests on them."""


def moves(deps: Deps, plan: Plan, record: PlanRecord) -> tuple[Request, ...]:
    """Return the requests that belong into the plan's batch, so that whoever is asked knows when it is stored.

    Raises NotSupervised when one of those has ended.
    """
    moved = (step for step in restarts(plan) if _moves(step))
    questions = [Question(step.key, RequestKind.MOVE, step.to_port) for step in moved if step.key is not None]
    return requests_for(deps, questions, plan=record.id)


def see_moved(
    deps: Deps, record: PlanRecord, operation: Operation, requests: Sequence[Request], progress: Progress
) -> tuple[str, ...]:
    """Wait until every server listens on its new port; return what they answered.

    When one does not, rows and servers are put back. Raises PlanFailed, StoreError.
    """
    for each in requests:
        progress(f"restarting {clean(each.key.service)} on {each.port} …")
    lines: list[str] = []
    failures: list[str] = []
    for each in requests:
        try:
            reply = await_answer(deps, each)
        except Unanswered as error:
            failures.append(error.message)
        else:
            (lines if reply.ok else failures).append(clean(reply.answer or "", limit=None))
    if failures:
        raise put_back(deps, record, operation, "; ".join(failures))
    settle(deps, record, PlanState.APPLIED)
    return tuple(lines)


def restart_followers(deps: Deps, plan: Plan, progress: Progress) -> Restarted:
    """Start services again that stay where they are and want to know of a move."""
    lines: list[str] = []
    left: list[str] = []
    for step in restarts(plan):
        if step.key is None or _moves(step):
            continue
        progress(f"restarting {clean(step.key.service)} …")
        try:
            reply = ask(deps, step.key, RequestKind.RESTART)
        except PortdashError as error:
            left.append(error.message)
        else:
            (lines if reply.ok else left).append(clean(reply.answer or "", limit=None))
    return Restarted(tuple(lines), tuple(left))


def put_back(deps: Deps, record: PlanRecord, operation: Operation, why: str) -> PlanFailed:
    """Restore the rows, and the servers that have moved; return the error that says so. Raises StoreError."""
    gone_back = [
        Question(change.key, RequestKind.MOVE, change.before.port)
        for change in operation.changes
        if change.before and _has_moved(deps, record, change)
    ]
    asked = requests_for(deps, gone_back, plan=record.id)
    ops = (*_old_rows(operation), MarkUndone(operation.id), *map(Ask, asked))
    answer = _store(deps, record, (*ops, RecordPlan(replace(record, state=PlanState.ROLLED_BACK))))
    if answer is not None:
        settle(deps, record, PlanState.ROLLED_BACK)
        return PlanFailed(f"{why}; the ports could not be put back, for the store changed meanwhile: {answer}")
    problems = []
    for each in asked:
        try:
            reply = await_answer(deps, each)
        except Unanswered as error:
            problems.append(error.message)
        else:
            problems += [] if reply.ok else [clean(reply.answer or "", limit=None)]
    return PlanFailed("; ".join((why, "the ports are as they were", *problems)))


def settle(deps: Deps, record: PlanRecord, state: PlanState) -> None:
    """Write down that a plan is over."""
    _store(deps, record, (RecordPlan(replace(record, state=state)),))


def _moves(step: Step) -> bool:
    return step.from_port != step.to_port


def _has_moved(deps: Deps, record: PlanRecord, change: Change) -> bool:
    """Say whether a server was taken to its new port for this plan, and is still looked after."""
    state = deps.store.snapshot()
    lease = state.leases.get(change.key)
    mine = (each for each in state.requests if each.plan == record.id and each.key == change.key)
    return (
        lease is not None and lives(deps.machine, lease) and any(each.ok and each.token == lease.token for each in mine)
    )


def _old_rows(operation: Operation) -> Iterator[Op]:
    reason = "it could not be started on its new port"
    for change in operation.changes:
        before, after = change.before, change.after
        if before is not None:
            yield Claim(options=(before,), expected=after.revision if after else None, reason=reason)
        elif after is not None:
            yield Remove(key=after.key, expected=after.revision, reason=reason)


def _store(deps: Deps, record: PlanRecord, ops: tuple[Op, ...]) -> str | None:
    """Apply a batch in a plan's name; return why it was refused, None when it is stored."""
    answer = deps.store.apply(
        Batch(
            id=new_id(),
            title=record.title,
            workspace=record.workspace,
            actor=deps.actor,
            at=deps.clock.now(),
            ops=ops,
        )
    )
    if isinstance(answer, Applied):
        deps.events.publish(answer.events)
        return None
    return answer.detail
