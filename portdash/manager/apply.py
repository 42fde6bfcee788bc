"""Carrying a plan out: all of it or nothing, and exactly what was shown."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from os import getpid
from uuid import uuid4

from portdash.errors import LockedDown, PlanOutdated, PlanUnresolved, PortdashError, Refused
from portdash.manager.deps import Deps
from portdash.model.assignment import Assignment, Lease, Source
from portdash.model.plan import Action, Plan, Step
from portdash.model.ports import IpProtocol
from portdash.model.snapshot import Snapshot
from portdash.model.storage import (
    Applied,
    Batch,
    Change,
    Claim,
    Event,
    EventKind,
    MarkUndone,
    Op,
    Operation,
    PlanRecord,
    PlanState,
    RecordEvent,
    RecordPlan,
    RecordWorkspace,
    Rejected,
    Remove,
    TakeLease,
)
from portdash.planning.recognition import would_own

GRACE = 5.0
"""Seconds a process that is asked to end may take."""

Progress = Callable[[str], None]
Slot = tuple[IpProtocol, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was done."""

    operation: Operation | None
    """As the store recorded it; None when there was nothing to change."""
    lines: tuple[str, ...]
    """What happened, a sentence each."""


def apply_plan(
    deps: Deps,
    plan: Plan,
    *,
    snapshot: Snapshot | None = None,
    consent: bool = False,
    leases: tuple[Lease, ...] = (),
    progress: Progress | None = None,
) -> Outcome:
    """Apply `plan`, or raise and leave the store as it was.

    `snapshot` is a look at the world that is fresh enough to check the target ports against; without it a new one is
    taken. `consent` allows ending what is not ours. Raises LockedDown, PlanUnresolved, PlanOutdated, Refused or
    StoreError.
    """
    if deps.config.read_only:
        raise LockedDown(f"read-only: {plan.title} was not done")
    if plan.is_stuck:
        raise PlanUnresolved("; ".join(left.text for left in plan.unresolved if left.asked))
    if not plan.steps and not leases:
        return Outcome(operation=None, lines=("nothing to change",))
    if plan.needs_consent and not consent:
        ends = " and ".join(step.target.label for step in plan.steps if step.target)
        raise Refused(f"this would end {ends}, which is not portdash's", hint="say --terminate if that is meant")
    check_ports(deps, plan, snapshot or deps.observer.snapshot())
    ended = _clear_the_way(deps, plan, progress or _silent) if plan.needs_consent else ()
    operation = _commit(deps, plan, leases, ended)
    return Outcome(operation=operation, lines=(*ended, *describe(operation.changes)))


def check_ports(deps: Deps, plan: Plan, snapshot: Snapshot) -> None:
    """Raise PlanOutdated when a port that the plan hands out is not free any more."""
    for step in to_be_bound(plan):
        row = step.options[0]
        if problem := obstacle(deps, snapshot, row, plan):
            raise PlanOutdated(f"{row.name} cannot have {row.port} any more: {problem}")


def to_be_bound(plan: Plan) -> tuple[Step, ...]:
    """Return the steps that give a service a port it has yet to bind.

    Not those that leave the port as it is, share a parent's, or take over the one where a server was found; nor those
    whose port the plan itself frees. Undoing brings back what was, the conflict that was left by moving included.
    """
    if plan.undoes:
        return ()
    cleared = {(step.target.protocol, step.target.port) for step in plan.steps if step.target}
    kept = (Source.INHERITED, Source.DETECTED)
    return tuple(
        step
        for step in plan.steps
        if (row := step.after) and row.port != step.from_port and row.source not in kept and slot_of(row) not in cleared
    )


def slot_of(row: Assignment) -> Slot:
    """Return the protocol and port of a row."""
    return row.key.protocol, row.port


def obstacle(deps: Deps, snapshot: Snapshot, row: Assignment, plan: Plan) -> str | None:
    """Return who or what keeps a service from the port of `row` just now, None when it could bind it.

    Not in the way: a server of its own, and one whose service the plan moves off the port; the plan says who has to be
    started again.
    """
    slot = slot_of(row)
    leaving = {step.key for step in plan.steps if step.from_port == row.port != step.to_port}
    here = [seen for seen in snapshot.listeners if (seen.listener.protocol, seen.listener.port) == slot]
    for seen in here:
        if seen.key not in leaving and not would_own(snapshot, seen, row):
            return f"{seen.listener.label} listens there"
    return None if here else deps.machine.bind_error(*slot)


def describe(changes: tuple[Change, ...]) -> Iterator[str]:
    """Yield a sentence for each changed row."""
    for change in changes:
        before, after = change.before, change.after
        if before and after and before.port != after.port:
            yield f"{after.name} is {after.port}, was {before.port}"
        elif before and after:
            yield f"{after.name} stays on {after.port}, its settings changed"
        elif after:
            yield f"{after.name} is {after.port} ({after.source})"
        elif before:
            yield f"{before.name} gave {before.port} back"


def _silent(_line: str) -> None:
    """Progress that nobody asked for."""


def _clear_the_way(deps: Deps, plan: Plan, progress: Progress) -> tuple[str, ...]:
    """End what the plan ends, under a plan row that keeps the ports meanwhile; return what happened."""
    targets = [step.target for step in plan.steps if step.target]
    own = deps.machine.process(getpid())
    record = PlanRecord(
        id=uuid4().hex,
        host=deps.place.host,
        workspace=plan.workspace,
        title=plan.title,
        state=PlanState.APPLYING,
        pid=getpid(),
        started=own.ticks if own else 0,
        boot_id=deps.machine.boot_id(),
        reserved=tuple((target.protocol, target.port) for target in targets),
    )
    _store(deps, plan, (RecordPlan(record),))
    lines: list[str] = []
    try:
        for target in targets:
            progress(f"ending {target.label} …")
            lines.append(deps.machine.terminate(target, grace=GRACE))
            progress(lines[-1])
    except PortdashError as error:
        if lines:
            error.message = f"{error.message}; done before that: {'; '.join(lines)}"
        raise
    finally:
        # From here on the batch itself decides who gets the ports; a crash before this line is settled by recovery.
        state = PlanState.APPLIED if len(lines) == len(targets) else PlanState.ROLLED_BACK
        _store(deps, plan, (RecordPlan(replace(record, state=state)),))
    return tuple(lines)


def _commit(deps: Deps, plan: Plan, leases: tuple[Lease, ...], ended: tuple[str, ...]) -> Operation:
    ops: list[Op] = [RecordWorkspace(deps.place.host, each) for each in plan.workspaces]
    ops += [op for step in plan.steps if (op := _op(step, at=None if plan.undoes else deps.clock.now()))]
    ops += [TakeLease(lease) for lease in leases]
    ops += [RecordEvent(_terminated(deps, plan, line)) for line in ended]
    if plan.undoes:
        ops.append(MarkUndone(plan.undoes))
    try:
        applied = _store(deps, plan, tuple(ops))
    except PlanOutdated as error:
        if ended:
            error.message = f"{error.message}; done before that and not undoable: {'; '.join(ended)}"
        raise
    deps.events.publish(_events(applied.operation))
    return applied.operation


def _op(step: Step, *, at: float | None) -> Op | None:
    """Return the change of one row; a port that is new to the service is its own since `at`, not since the plan."""
    expected = step.before.revision if step.before else None
    if step.action is Action.RELEASE and step.before:
        return Remove(key=step.before.key, expected=step.before.revision, reason=step.reason)
    if step.options:
        fresh = (
            row if at is None or row.port == step.from_port else replace(row, assigned_at=at) for row in step.options
        )
        return Claim(options=tuple(fresh), expected=expected, reason=step.reason)
    return None


def _store(deps: Deps, plan: Plan, ops: tuple[Op, ...]) -> Applied:
    batch = Batch(
        id=uuid4().hex,
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


def _terminated(deps: Deps, plan: Plan, line: str) -> Event:
    return Event(
        kind=EventKind.TERMINATED,
        at=deps.clock.now(),
        workspace=plan.workspace,
        service="",
        actor=deps.actor,
        reason=line,
    )


def _events(operation: Operation) -> Iterator[Event]:
    """Yield the events that subscribers hear, one a changed row."""
    for change in operation.changes:
        row = change.after or change.before
        assert row is not None
        yield Event(
            kind=_kind(change),
            at=operation.at,
            workspace=row.key.workspace,
            service=row.name,
            actor=operation.actor,
            reason=operation.title,
            from_port=change.before.port if change.before else None,
            to_port=change.after.port if change.after else None,
            revision=operation.revision,
        )


def _kind(change: Change) -> EventKind:
    if change.after is None:
        return EventKind.RELEASED
    if change.before is None:
        return EventKind.ADOPTED if change.after.source is Source.DETECTED else EventKind.ASSIGNED
    return EventKind.UPDATED if change.before.port == change.after.port else EventKind.MOVED
