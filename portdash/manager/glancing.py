"""Services that keep their ports, or get new ones, told without asking whose the sockets are that listen elsewhere.

It is what scripts ask most, and on a busy machine that question costs more than all the rest of the command. Nobody
listens on the ports in question, so that whoever listens on others could only speak for another answer by being a
service's own server. Of one that has a port, the plan made as if there were none has something to do then, and the
answer is not this one's. Of one that is neither known nor declared no server can be told to be its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from portdash.errors import PortdashError
from portdash.manager.plans import plan_allocate
from portdash.manager.wishes import Wish, place
from portdash.model.plan import Action, Plan, Step, Strategy
from portdash.named_tuple import NamedTuple
from portdash.planning.rules import candidate_ports
from portdash.record import replace

if TYPE_CHECKING:
    from portdash.manager.deps import Deps
    from portdash.model.assignment import Assignment, ServiceKey
    from portdash.model.ports import IpProtocol
    from portdash.model.snapshot import Snapshot
    from portdash.planning.requests import Placement

    Slots = Collection[tuple[IpProtocol, int]]


class Glance(NamedTuple):
    """What was seen, and a plan that a full look would make as well."""

    snapshot: Snapshot
    """Without listeners."""
    placements: tuple[Placement, ...]
    """One for each wish, in their order."""
    plan: Plan
    """It changes nothing, or gives new services their ports; of these it may have fewer options."""


def glance(deps: Deps, wishes: Sequence[Wish], strategy: Strategy | None) -> Glance | None:
    """Return the plan for services whose ports nobody listens on; None where a full look has to decide.

    What goes wrong is left to the full look to say.
    """
    if deps.held is None:
        return None
    try:
        snapshot = deps.observer.unpeopled()
        placements = tuple(place(deps, snapshot, wish) for wish in wishes)
        if snapshot.stale_since is not None or any(each.detect for each in placements):
            return None
        plan = _plan(deps, snapshot, wishes, placements, strategy)
    except (PortdashError, OSError):
        return None
    return Glance(snapshot, placements, plan) if plan else None


def _plan(
    deps: Deps,
    snapshot: Snapshot,
    wishes: Sequence[Wish],
    placements: Sequence[Placement],
    strategy: Strategy | None,
) -> Plan | None:
    rows = [snapshot.assignments.get(each.key) for each in placements]
    new = {each.key: each for each, row in zip(placements, rows, strict=True) if row is None}
    if new and not _are_unknown(deps, snapshot, new, strategy):
        return None
    listening = deps.machine.listening()
    ports = {port for _, port in listening}
    if any(row and row.port in ports for row in rows):
        return None
    plan = plan_allocate(deps, snapshot, wishes, strategy=strategy, placements=placements)
    if plan.unresolved or plan.notices:
        return None
    steps = tuple(_as_seen(plan, new, snapshot, listening))
    return replace(plan, steps=steps) if len(steps) == len(plan.steps) >= len(new) else None


def _are_unknown(deps: Deps, snapshot: Snapshot, new: dict[ServiceKey, Placement], strategy: Strategy | None) -> bool:
    """Say whether nothing but the ports that they would get bears on what new services get.

    A declared one may run already, and is told where. An engine may have given ports to containers that do not run.
    """
    declared = {each.key for each in snapshot.declarations}
    return (
        (strategy or snapshot.policy.strategy) is not Strategy.AGGRESSIVE
        and not any(key in declared or each.override or each.spec.inherit_from for key, each in new.items())
        and not deps.machine.has_engines()
    )


def _as_seen(plan: Plan, new: dict[ServiceKey, Placement], snapshot: Snapshot, listening: Slots) -> Iterator[Step]:
    """Yield those steps that do not depend on who listens, with the options of which the same is true."""
    rows = snapshot.assignments.items()
    taken = {(key.protocol, row.port) for key, row in rows if key.workspace not in snapshot.vanished}
    heard = frozenset(listening) - taken
    for step in plan.steps:
        placement = new.get(step.key) if step.key else None
        if placement is not None and step.action is Action.ASSIGN:
            options = tuple(_unheard(step, placement, snapshot, heard))
            if options:
                yield replace(step, options=options)


def _unheard(step: Step, placement: Placement, snapshot: Snapshot, heard: Slots) -> Iterator[Assignment]:
    """Yield the options before which nothing was tried that anybody listens on, unless it is a service's anyhow.

    One that had to wait until everything was tried, because it is better left alone, is none of them.
    """
    options = iter(step.options)
    option = next(options, None)
    for number, port in enumerate(candidate_ports(placement.spec, snapshot.policy), 1):
        if option is None or (placement.key.protocol, port) in heard:
            return
        if port == option.port:
            if option.attempts != number:
                return
            yield option
            option = next(options, None)
