"""Carrying a plan out: all of it or nothing, and exactly what was shown.

What commits, and what ends processes, is loaded by plans that have something to do: most have nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from portdash.errors import LockedDown, PlanOutdated, PlanUnresolved, Refused
from portdash.manager.allocation_log import tell_detected
from portdash.manager.deps import Deps
from portdash.manager.looking import look
from portdash.manager.slots import cleared_slots, restarts, slot_of
from portdash.model.assignment import Assignment, Lease, Source
from portdash.model.plan import Action, Plan, Step
from portdash.model.snapshot import Snapshot
from portdash.record import record
from portdash.text import clean

if TYPE_CHECKING:
    from portdash.manager.clearing import Progress
    from portdash.model.history import Change, Operation
    from portdash.report.starting import ToDo


@record(kw_only=True)
class Outcome:
    """What was done."""

    operation: Operation | None
    """As the store recorded it; None when there was nothing to change."""
    lines: tuple[str, ...]
    """What happened, a sentence each."""
    left: tuple[str, ...] = ()
    """What is left for the person to do, or stays as it is: `api still runs on 3000: start it again on 3002`."""
    to_do: tuple[ToDo, ...] = ()
    """What is to be started by hand, and with which command."""


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
    taken. `consent` allows ending what is not ours; a process that has been ended stays so, even when a later step
    raises, and the error says so. What portdash runs and the plan moves is started again there; when it cannot be, rows
    and servers are put back. Raises LockedDown, PlanUnresolved, PlanOutdated, PlanFailed, Refused or StoreError.
    """
    check_allowed(deps, plan, consent=consent)
    if not plan.steps and not leases:
        return Outcome(operation=None, lines=("nothing to change",), left=_left(plan))
    from portdash.manager.committing import commit  # noqa: PLC0415
    from portdash.manager.troubles import settled_by  # noqa: PLC0415

    world = snapshot or look(deps)
    check_ports(deps, plan, world)
    found, settled = settled_by(world, plan)
    left = _to_do(plan, world)
    if not (plan.needs_consent or restarts(plan)):
        operation = commit(deps, plan, leases=leases, found=found, settled=settled)
        tell_detected(deps.log, world, (change.after for change in operation.changes if change.before is None))
        lines = tuple(describe(operation.changes, here=plan.workspace, world=world))
        if not any(step.action is Action.MOVE for step in plan.steps):
            return Outcome(operation=operation, lines=lines, left=_left(plan), to_do=left)
        from portdash.manager.written import rewrite_recorded  # noqa: PLC0415

        written = rewrite_recorded(deps, plan)
        return Outcome(
            operation=operation,
            lines=(*lines, *written.lines),
            left=(*_left(plan), *written.left),
            to_do=left,
        )
    from portdash.manager.phases import apply_in_phases  # noqa: PLC0415

    done = apply_in_phases(deps, plan, progress or _silent, leases=leases, found=found, settled=settled)
    return Outcome(
        operation=done.operation,
        lines=(*done.ended, *describe(done.operation.changes, here=plan.workspace, world=world), *done.restarted),
        left=(*_left(plan), *done.left),
        to_do=left,
    )


def check_allowed(deps: Deps, plan: Plan, *, consent: bool) -> None:
    """Raise when the plan must not be applied at all: LockedDown, PlanUnresolved, Refused."""
    if deps.config.read_only:
        raise LockedDown(f"read-only: {plan.title} was not done")
    if plan.is_stuck:
        raise PlanUnresolved("; ".join(left.text for left in plan.unresolved if left.asked))
    if plan.needs_consent and not consent:
        targets = [step.target for step in plan.steps if step.target]
        ends = " and ".join(target.label for target in targets)
        raise Refused(
            f"this would end {ends}, and nobody has agreed to that",
            hint=f"`portdash who {targets[0].port}` says what it is: end it yourself, or take another port",
        )


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
    cleared = cleared_slots(plan)
    kept = (Source.INHERITED, Source.DETECTED)
    return tuple(
        step
        for step in plan.steps
        if (row := step.after)
        and step.action is not Action.RESTART
        and row.port != step.from_port
        and row.source not in kept
        and slot_of(row) not in cleared
    )


def obstacle(deps: Deps, snapshot: Snapshot, row: Assignment, plan: Plan) -> str | None:
    """Return who or what keeps a service from the port of `row` just now, None when it could bind it.

    Not in the way: a server of its own, and one whose service the plan moves off the port; the plan says who has to be
    started again.
    """
    slot = slot_of(row)
    leaving = {step.key for step in plan.steps if step.from_port == row.port != step.to_port}
    here = [seen for seen in snapshot.listeners if (seen.listener.protocol, seen.listener.port) == slot]
    if not here:
        return deps.machine.bind_error(*slot)
    from portdash.planning.recognition import would_own  # noqa: PLC0415  mostly nobody listens there

    for seen in here:
        if seen.key not in leaving and not would_own(snapshot, seen, row):
            return f"{seen.listener.label} listens there"
    return None


def describe(changes: Iterable[Change], *, here: str | None = None, world: Snapshot | None = None) -> Iterator[str]:
    """Yield a sentence for each changed row; a service of another workspace than `here` is named with its own.

    The workspace has the label that people know it by where it is one of `world`.
    """
    for change in changes:
        before, after = change.before, change.after
        row = after or before
        if row is None:
            continue
        name = row.name
        if here not in (None, row.key.workspace):
            workspace = world.workspace_named(row.key.workspace) if world else None
            name = f"{clean(workspace.label) if workspace else row.key.workspace}/{name}"
        if before and after and before.port != after.port:
            yield f"{name} is {after.port}, was {before.port}"
        elif before and after:
            yield f"{name} stays on {after.port}, its settings changed"
        elif after:
            yield f"{name} is {after.port} ({after.source})"
        else:
            yield f"{name} gave {row.port} back"


def _silent(_line: str) -> None:
    """Progress that nobody asked for."""


def _to_do(plan: Plan, world: Snapshot) -> tuple[ToDo, ...]:
    """Return what is to be started by hand when the plan is done; most plans leave nothing of that kind."""
    if not (plan.unresolved or plan.needs_consent or any(step.action is Action.MOVE for step in plan.steps)):
        return ()
    from portdash.report.to_do import to_do  # noqa: PLC0415  as the rest

    return to_do(plan, world)


def _left(plan: Plan) -> tuple[str, ...]:
    return tuple(left.text for left in plan.unresolved)
