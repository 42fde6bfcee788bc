"""Storing what a plan changes: all rows in one batch, with preconditions."""

from collections.abc import Iterable, Iterator

from portdash.errors import PlanOutdated
from portdash.identifiers import new_id
from portdash.manager.deps import Deps
from portdash.manager.troubles import conflict_event
from portdash.model.assignment import Lease
from portdash.model.conflict import Conflict
from portdash.model.history import Event, EventKind, Operation
from portdash.model.kept import PlanRecord
from portdash.model.plan import Action, Plan, Step
from portdash.model.requests import Request
from portdash.model.storage import (
    Applied,
    Ask,
    Batch,
    Claim,
    MarkUndone,
    Op,
    RecordEvent,
    RecordPlan,
    RecordWorkspace,
    Rejected,
    Remove,
    TakeLease,
)
from portdash.record import replace


def commit(
    deps: Deps,
    plan: Plan,
    *,
    leases: tuple[Lease, ...] = (),
    ended: tuple[str, ...] = (),
    record: PlanRecord | None = None,
    requests: tuple[Request, ...] = (),
    found: tuple[Conflict, ...] = (),
    settled: tuple[Conflict, ...] = (),
) -> Operation:
    """Store the rows of a plan with everything that belongs to them, and tell the subscribers.

    `ended` is what was done to processes before, `record` the plan's row in its last state: the ports that it kept
    pass to the plan's services in this very batch. `requests` are put with the changes. History gets the conflicts
    that were `found` before the changes, and those `settled` after them. Raises PlanOutdated when a row is another by
    now, and StoreError.
    """
    at = None if plan.undoes else deps.clock.now()
    ops: list[Op] = [RecordWorkspace(deps.place.host, each) for each in plan.workspaces]
    ops += _conflict_lines(deps, EventKind.CONFLICT, found)
    ops += [op for step in plan.steps if (op := _op(step, at=at))]
    ops += [TakeLease(lease) for lease in leases]
    ops += [RecordEvent(each) for each in _terminated(deps, plan, ended)]
    ops += _conflict_lines(deps, EventKind.RESOLVED, settled)
    if record:
        ops.append(RecordPlan(record))
    if plan.undoes:
        ops.append(MarkUndone(plan.undoes))
    ops += map(Ask, requests)
    applied = store(deps, plan, tuple(ops), identity=record.operation if record else deps.operation)
    if deps.operation and applied.operation.undone:
        raise PlanOutdated(f"this was done before, as revision {applied.revision}, and taken back since")
    deps.events.publish(applied.events)
    return applied.operation


def store(deps: Deps, plan: Plan, ops: tuple[Op, ...], *, identity: str | None = None) -> Applied:
    """Apply one batch in the plan's name. Raises PlanOutdated when a precondition fails, and StoreError.

    `identity` is its id, where that has to be known before; one that the store has seen applies nothing again.
    """
    batch = Batch(
        id=identity or new_id(),
        title=plan.title,
        workspace=plan.workspace,
        actor=deps.actor,
        at=deps.clock.now(),
        ops=ops,
    )
    answer = deps.store.apply(batch)
    if isinstance(answer, Rejected):
        raise PlanOutdated(f"the store changed meanwhile: {answer.detail}")
    return answer


def _op(step: Step, *, at: float | None) -> Op | None:
    """Return the change of one row; a port that is new to the service is its own since `at`, not since the plan."""
    if step.action is Action.RESTART:
        return None
    expected = step.before.revision if step.before else None
    if step.action is Action.RELEASE and step.before:
        return Remove(key=step.before.key, expected=step.before.revision, reason=step.reason)
    if step.options:
        fresh = (
            row if at is None or row.port == step.from_port else replace(row, assigned_at=at) for row in step.options
        )
        return Claim(options=tuple(fresh), expected=expected, reason=step.reason)
    return None


def _conflict_lines(deps: Deps, kind: EventKind, conflicts: Iterable[Conflict]) -> Iterator[RecordEvent]:
    for each in conflicts:
        yield RecordEvent(conflict_event(kind, each, at=deps.clock.now(), actor=deps.actor))


def _terminated(deps: Deps, plan: Plan, ended: tuple[str, ...]) -> Iterator[Event]:
    """Yield an event for each line, with the port that it is about and the service that has it, ours before others'."""
    if not ended:
        return
    place = deps.place
    rows = [row for row in deps.store.snapshot().assignments.values() if place.is_of(row.key)]
    rows.sort(key=lambda row: row.key.workspace == plan.workspace)  # the last of a slot counts
    owners = {(row.port, row.key.protocol): row for row in rows}
    targets = [step.target for step in plan.steps if step.target]
    for number, line in enumerate(ended):
        target = targets[number] if number < len(targets) else None  # lines after these tell of a port once more
        owner = owners.get((target.port, target.protocol)) if target else None
        yield Event(
            kind=EventKind.TERMINATED,
            at=deps.clock.now(),
            workspace=owner.key.workspace if owner else plan.workspace,
            service=owner.name if owner else "",
            actor=deps.actor,
            reason=line,
            from_port=target.port if target else None,
            host=place.host,
        )
