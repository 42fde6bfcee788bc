"""Ending what stands in a plan's way, under a row in the store that keeps the ports meanwhile."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from os import getpid

from portdash.errors import PlanOutdated, PortdashError, StoreError
from portdash.manager.committing import store
from portdash.manager.deps import Deps
from portdash.manager.slots import Slot, cleared_slots, slot_of
from portdash.model.kept import PlanRecord, PlanState
from portdash.model.plan import Plan, Target, grace_of
from portdash.model.storage import RecordPlan

_LINGERING = "a server that does not set SO_REUSEADDR has to wait until the last connections are over, up to a minute"

Progress = Callable[[str], None]


@contextmanager
def kept_ports(deps: Deps, plan: Plan, identity: str) -> Iterator[PlanRecord]:
    """Keep every port of the plan from everybody else; yield its row as it has to be stored with the changes.

    Whatever goes wrong inside marks the plan rolled back. A crash, or a store that does not take that, leaves it
    `applying`, for whoever opens the store or acts next to settle.
    """
    own = deps.machine.process(getpid())
    record = PlanRecord(
        id=identity,
        host=deps.place.host,
        workspace=plan.workspace,
        title=plan.title,
        state=PlanState.APPLYING,
        pid=getpid(),
        started=own.ticks if own else 0,
        boot_id=deps.machine.boot_id(),
        reserved=tuple(sorted(_slots(plan))),
    )
    store(deps, plan, (RecordPlan(record),))
    try:
        yield replace(record, state=PlanState.APPLIED)
    except BaseException:
        with suppress(StoreError):  # what went wrong first is what has to be said, with what was done before that
            store(deps, plan, (RecordPlan(replace(record, state=PlanState.ROLLED_BACK)),))
        raise


def clear_the_way(deps: Deps, plan: Plan, progress: Progress) -> tuple[str, ...]:
    """End what the plan ends, one after the other, and try the ports; return what happened, a line each.

    Raises what the machine raises (Refused), or PlanOutdated when a port stays taken; the message then says what had
    been done before that, for a process that has ended cannot be brought back.
    """
    lines: list[str] = []
    try:
        for target in _targets(plan):
            progress(f"{'stopping' if target.tool or target.container_id else 'ending'} {target.whole} …")
            lines.append(deps.machine.terminate(target, grace=grace_of(target)))
            progress(lines[-1])
        for protocol, port in sorted(cleared_slots(plan)):
            if problem := deps.machine.bind_error(protocol, port):
                if not plan.only_frees:
                    raise PlanOutdated(f"{port} is still not free: {problem}")
                lines.append(f"nobody listens on {port} any more; {_LINGERING} ({problem})")
                progress(lines[-1])
    except PortdashError as error:
        say_what_was_done(error, lines)
        raise
    return tuple(lines)


def say_what_was_done(error: PortdashError, lines: list[str] | tuple[str, ...]) -> None:
    """Add to an error what cannot be undone any more."""
    if lines:
        error.message = f"{error.message}; done before that, and not undoable: {'; '.join(lines)}"


def _targets(plan: Plan) -> list[Target]:
    return [step.target for step in plan.steps if step.target]


def _slots(plan: Plan) -> set[Slot]:
    """Return the ports that the plan frees, takes and leaves."""
    rows = [row for step in plan.steps for row in (step.before, step.after) if row]
    return cleared_slots(plan) | {slot_of(row) for row in rows}
