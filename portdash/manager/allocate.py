"""From a wish to a port that is really free: observe, plan, try the bind, claim, and again when a rival was faster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from os import getpid
from typing import TYPE_CHECKING

from portdash.errors import NoPortAvailable, PlanOutdated
from portdash.identifiers import new_id
from portdash.manager.allocation_log import AllocationLog
from portdash.manager.apply import Outcome, apply_plan, describe, obstacle, to_be_bound
from portdash.manager.deps import Deps
from portdash.manager.glancing import Glance, glance
from portdash.manager.looking import look
from portdash.manager.plans import plan_allocate
from portdash.manager.slots import Slot, slot_of
from portdash.manager.wishes import Wish, place
from portdash.model.assignment import Assignment, Lease, Reason, ServiceKey
from portdash.model.plan import Plan, Step, Strategy
from portdash.model.snapshot import Snapshot
from portdash.record import record, replace

if TYPE_CHECKING:
    from portdash.model.history import Change
    from portdash.planning.requests import Placement

TRIED = 16
"""Candidates tried by a bind before a claim: enough that a crowd of rivals rarely empties the list.

Each time that one did, twice as many are tried, as far as a plan has options.
"""
ROUNDS = 32
"""How often a plan is made at most because the world changed under it.

Each round that a crowd of rivals makes vain has given ports to as many of them as the plan had options: 2,000 of them
may ask at one moment.
"""

MOST_TOLD = 5
"""Refusals that an error's hint tells; neighbours of one kind count as one."""

MakePlan = Callable[[Snapshot], Plan]
WantedLeases = Callable[[Snapshot], tuple[Lease, ...]]
"""Says which leases are to be taken with a plan that was made from a snapshot."""


@record
class Allocation:
    """What became of a request for ports."""

    assignments: tuple[Assignment, ...]
    """One for each wish, in their order; then of those beside."""
    notices: tuple[str, ...] = ()
    """Worth saying: an override that was no port, a service that had to make room, a server to be started again."""


def allocate(
    deps: Deps,
    wishes: Sequence[Wish],
    *,
    strategy: Strategy | None = None,
    lease: bool = False,
    supervised: bool = False,
    beside: Sequence[Wish] = (),
) -> Allocation:
    """Give every wish its port, or none; a service that has a usable one keeps it.

    `lease` notes that the calling process uses them, `supervised` that it can be asked to restart who does. Those
    `beside` get theirs in the same batch, without a lease. Raises UsageError, NoSuchService, NoPortAvailable,
    PlanUnresolved, Refused, StoreError.
    """
    every = (*wishes, *beside)
    keys: tuple[ServiceKey, ...] = ()
    notices: tuple[str, ...] = ()
    rows: dict[ServiceKey, Assignment] = {}
    log = AllocationLog(deps.log, count=len(every))

    def begin(snapshot: Snapshot, placements: Sequence[Placement]) -> None:
        nonlocal keys, rows
        keys, rows = tuple(each.key for each in placements), dict(snapshot.assignments)
        log.begin(snapshot, placements)

    def make_plan(snapshot: Snapshot) -> Plan:
        nonlocal notices
        placements = [place(deps, snapshot, wish) for wish in every]
        begin(snapshot, placements)
        plan = _plan(deps, snapshot, every, strategy, placements)
        notices = (*_of_stale(snapshot), *plan.notices)
        return plan

    def wanted(snapshot: Snapshot) -> tuple[Lease, ...]:
        return _leases(deps, snapshot, keys[: len(wishes)], supervised=supervised)

    outcome = None
    if not lease and (seen := glance(deps, every, strategy)):
        begin(seen.snapshot, seen.placements)
        outcome = _apply_seen(deps, seen)
    if outcome is None:
        outcome = settle(deps, make_plan, leases=wanted if lease else None)
    changes = outcome.operation.changes if outcome.operation else ()
    rows |= {change.key: change.after for change in changes if change.after}
    here = deps.place.workspace.name
    others = describe((change for change in changes if change.key not in keys), here=here)
    log.end((rows[key] for key in keys), {change.key for change in changes if _is_placed(change)}, deps.config.policy())
    return Allocation(tuple(rows[key] for key in keys), (*notices, *others, *outcome.left))


def _apply_seen(deps: Deps, seen: Glance) -> Outcome | None:
    """Apply what a glance was enough for; None where a port cannot be bound, or a rival was faster.

    Who applies it tries to bind the first choices, just before they are claimed.
    """
    snapshot, plan = seen.snapshot, seen.plan
    if plan.steps:
        plan = replace(plan, steps=tuple(_bindable(deps, snapshot, plan, step, TRIED) for step in plan.steps))
    with suppress(PlanOutdated):
        return apply_plan(deps, plan, snapshot=snapshot)
    return None


def _plan(
    deps: Deps,
    snapshot: Snapshot,
    wishes: Sequence[Wish],
    strategy: Strategy | None,
    placements: Sequence[Placement],
) -> Plan:
    """Plan, and let the error of a search that found nothing say who is in the way."""
    try:
        return plan_allocate(deps, snapshot, wishes, strategy=strategy, placements=placements)
    except NoPortAvailable as error:
        from portdash.report.words import trail  # noqa: PLC0415  only for what is rare

        told = list(trail(each for each in error.reasons if isinstance(each, Reason)))
        if told and error.hint == error.default_hint:
            error.hint = "; ".join(told[:MOST_TOLD]) + (
                f"; {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
            )
        raise


def _is_placed(change: Change) -> bool:
    """Say whether a service has another port than before."""
    return change.after is not None and (change.before is None or change.before.port != change.after.port)


def settle(deps: Deps, make_plan: MakePlan, *, leases: WantedLeases | None = None) -> Outcome:
    """Make a plan and apply it, and do so again while the world changes in between. It ends no process."""
    for number in range(ROUNDS - 1):
        with suppress(PlanOutdated):
            return _settle_once(deps, make_plan, leases, tried=TRIED << number)
    return _settle_once(deps, make_plan, leases, tried=TRIED << ROUNDS - 1)


def _settle_once(deps: Deps, make_plan: MakePlan, leases: WantedLeases | None, *, tried: int) -> Outcome:
    snapshot, plan = draft(deps, make_plan, tried=tried)
    wanted = leases(snapshot) if leases and snapshot.stale_since is None else ()  # a store out of reach takes none
    return apply_plan(deps, plan, snapshot=snapshot, leases=wanted)


def draft(deps: Deps, make_plan: MakePlan, *, tried: int = TRIED) -> tuple[Snapshot, Plan]:
    """Make a plan whose ports the kernel lets us bind; return it with the snapshot that it was made from.

    Of each step's options the first `tried` are kept, as far as they could be bound. A first choice that could not is
    planned again, so that the trail says why; later ones just fall away.
    """
    snapshot = look(deps)
    bound: dict[Slot, str] = {}
    while True:
        plan = make_plan(replace(snapshot, bound=bound))
        refused = {
            slot_of(step.options[0]): problem
            for step in to_be_bound(plan)
            if (problem := obstacle(deps, snapshot, step.options[0], plan))
        }
        if refused.keys() <= bound.keys():
            steps = (_bindable(deps, snapshot, plan, step, tried) for step in plan.steps)
            return snapshot, replace(plan, steps=tuple(steps))
        bound |= refused


def _bindable(deps: Deps, snapshot: Snapshot, plan: Plan, step: Step, tried: int) -> Step:
    """Return the step with its first option and those of the next few that could be bound as well."""
    if step not in to_be_bound(plan):
        return step
    later = (option for option in step.options[1:tried] if not obstacle(deps, snapshot, option, plan))
    return replace(step, options=(step.options[0], *later))


def _of_stale(snapshot: Snapshot) -> tuple[str, ...]:
    """Return what has to be said of ports that come from what a store held when it was last within reach."""
    return () if snapshot.stale_since is None else (*snapshot.notices, "the port is that of the last contact")


def _leases(deps: Deps, snapshot: Snapshot, keys: Sequence[ServiceKey], *, supervised: bool) -> tuple[Lease, ...]:
    """Leases for the calling process; those it holds already are left alone, so that asking again changes nothing."""
    process = deps.machine.process(getpid())
    started = process.ticks if process else 0
    boot_id = deps.machine.boot_id()
    held, own = snapshot.leases, (getpid(), started, boot_id, supervised)
    return tuple(
        Lease(key=key, pid=getpid(), started=started, boot_id=boot_id, token=new_id(), supervised=supervised)
        for key in keys
        if not ((lease := held.get(key)) and (lease.pid, lease.started, lease.boot_id, lease.supervised) == own)
    )
