"""Planning another port for one service, because somebody wants it to."""

from collections.abc import Iterable

from portdash.errors import NoSuchService, UsageError
from portdash.model.assignment import Reason, ServiceKey, Verdict
from portdash.model.plan import Plan, Strategy
from portdash.model.ports import check_port
from portdash.model.snapshot import Snapshot
from portdash.planning.candidates import exhausted, find
from portdash.planning.displacement import exchange_row, release_vanished
from portdash.planning.drafting import Draft, Seat
from portdash.planning.forcing import force
from portdash.planning.giving import give
from portdash.planning.occupancy import Group
from portdash.planning.requests import Placement, wished_by
from portdash.planning.rescue import why_left
from portdash.planning.rules import preferable
from portdash.text import clean

_NEVER = (Verdict.PRIVILEGED, Verdict.OUT_OF_RANGE, Verdict.OS_RESERVED)
"""Rules that hold against an explicit wish too: the port could not be used, or lies outside the bounds."""


def plan_move(snapshot: Snapshot, key: ServiceKey, to: int | None, *, strategy: Strategy, actor: str) -> Plan:
    """Plan `to` for a service, or with None its next best port; what inherits from it moves along.

    A named port that cannot be had leaves the plan stuck, naming the holder; only the aggressive way takes it from
    there. Raises NoSuchService (no port yet), UsageError (it inherits), InvalidPort, NoPortAvailable (no other port).
    """
    row = snapshot.assignments.get(key)
    if row is None:
        raise NoSuchService(f"{clean(key.service)} has no port yet", hint=f"`portdash allocate {clean(key.service)}`")
    name = clean(row.name)
    if row.spec.inherit_from is not None:
        parent = clean(row.spec.inherit_from)
        raise UsageError(f"{name} shares the port of {parent}", hint=f"move {parent}: {name} follows")
    draft = Draft(snapshot, strategy=strategy, actor=actor, placements=(Placement(key, wished_by(snapshot, row)),))
    if to is None:
        _move_on(draft, key)
    else:
        _move_to(draft, key, check_port(to))
    port = draft.occupancy.rows[key].port if to is None else to
    return draft.finish(f"move {name} to {port}")


def plan_homing(snapshot: Snapshot, keys: Iterable[ServiceKey], *, actor: str) -> Plan:
    """Plan for services the port that each would rather have, where it can be had now: nobody is ended or moved for it.

    Those that have it, or cannot have it yet, stay where they are; of the latter the plan says why.
    """
    rows = [row for key in keys if (row := snapshot.assignments.get(key)) and row.spec.inherit_from is None]
    placements = tuple(Placement(row.key, wished_by(snapshot, row)) for row in rows)
    draft = Draft(snapshot, strategy=Strategy.MINIMAL, actor=actor, placements=placements)
    for row in rows:
        wanted = preferable(row)
        if wanted is None:
            continue
        group = draft.occupancy.group(row.key)
        if problem := _problem(draft, group, wanted):
            draft.leave(f"{clean(row.name)} stays on {row.port}: {wanted}: {problem}", asked=False)
            continue
        draft.set_row((exchange_row(draft, group, wanted),), "it can be had again")
        draft.say_what_runs(group, wanted)
    return draft.finish("all back to the ports they would rather have")


def _move_on(draft: Draft, key: ServiceKey) -> None:
    occupancy = draft.occupancy
    group = occupancy.group(key)
    row = occupancy.rows[key]
    avoid = frozenset({row.port})
    found = find(occupancy, group, refused=(why_left(draft, group, row),), avoid=avoid, actor=draft.actor)
    if draft.strategy is Strategy.CONSERVATIVE:
        if not found.options:
            raise exhausted(found)
        if found.last_verdict is Verdict.VANISHED:
            raise exhausted(found, "No free port is left but those of vanished workspaces.")
    if not give(draft, group, found, Seat("the next best port", avoid=avoid)):
        raise exhausted(found)


def _move_to(draft: Draft, key: ServiceKey, port: int) -> None:
    occupancy = draft.occupancy
    group = occupancy.group(key)
    name = occupancy.label(key)
    if occupancy.rows[key].port == port:
        draft.notice(f"{name} has {port} already")
        return
    problem = _problem(draft, group, port)
    if problem is not None:
        draft.leave(f"{name} cannot have {port}: {problem}", asked=True)
        return
    draft.set_row((exchange_row(draft, group, port),), "that port was asked for")
    draft.say_what_runs(group, port)


def _problem(draft: Draft, group: Group, port: int) -> str | None:
    """Return why a named port cannot be had; clears it where the strategy lets us."""
    occupancy = draft.occupancy
    rule = occupancy.forbidden(group, port)
    if rule is not None:
        if rule.verdict in _NEVER:
            return f"it is {_word(rule)}"
        draft.notice(f"{port} is {_word(rule)}, and taken because it was asked for")
    if draft.strategy is Strategy.AGGRESSIVE:
        return force(draft, group, port)
    rivals, strangers = occupancy.rivals(group, port), occupancy.strangers(group, port)
    taken = occupancy.assigned(group, rivals, port) or occupancy.blocked(group, port, strangers)
    if taken is not None:
        return f"{taken.holder} has it" if taken.verdict is Verdict.ASSIGNED else f"{_word(taken)}: {taken.holder}"
    if rivals and draft.strategy is Strategy.CONSERVATIVE:
        return f"{occupancy.label(rivals[0])} has it, whose workspace is gone"
    release_vanished(draft, group, port)
    soft = occupancy.spoken_for(group, port)
    if soft is not None:
        draft.notice(f"{port} is {_word(soft)}: {soft.holder}")
    return None


def _word(reason: Reason) -> str:
    return reason.verdict.value.replace("_", " ")
