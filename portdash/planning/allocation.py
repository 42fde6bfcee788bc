"""Planning ports for services that ask for one: all of them, or none."""

from collections.abc import Sequence

from portdash.config.ranges import without_range
from portdash.errors import UsageError
from portdash.model.assignment import Reason, ServiceKey, Source, Verdict
from portdash.model.plan import Plan, Strategy
from portdash.model.snapshot import Snapshot
from portdash.planning.candidates import Search, exhausted, find
from portdash.planning.displacement import exchange_row
from portdash.planning.drafting import Draft, Seat
from portdash.planning.exporting import check_variables
from portdash.planning.forcing import force
from portdash.planning.inheritance import chain, check_acyclic
from portdash.planning.inheriting import place_child
from portdash.planning.keeping import keep
from portdash.planning.occupancy import Group
from portdash.planning.overriding import place_override
from portdash.planning.requests import Placement
from portdash.planning.rescue import give
from portdash.planning.rules import asked_ports, own_range, ranges_of_type
from portdash.planning.wording import title
from portdash.text import clean


def plan_allocate(snapshot: Snapshot, placements: Sequence[Placement], *, strategy: Strategy, actor: str) -> Plan:
    """Plan a port for every placement; one that has a usable port keeps it, and nothing changes for it.

    The more important is served first, then by name; a service that inherits comes after its parent. Raises UsageError
    (a circle, a service asked for twice, one variable for two), NoSuchService (a parent without a port),
    NoPortAvailable, and with `strict` InvalidPort.
    """
    keys = [each.key for each in placements]
    if twice := next((each for each in placements if keys.count(each.key) > 1), None):
        raise UsageError(f"{clean(twice.spec.name)} is asked for twice")
    draft = Draft(snapshot, strategy=strategy, actor=actor, placements=placements)
    check_acyclic(keys, draft.occupancy.specs)
    for placement in sorted(placements, key=lambda each: _turn(draft, each)):
        if placement.spec.inherit_from is not None:
            place_child(draft, placement)
        else:
            _place(draft, placement)
    check_variables(draft, keys)
    return draft.finish(title("allocate", (each.spec.name for each in placements)))


def _turn(draft: Draft, placement: Placement) -> tuple[int, int, ServiceKey]:
    """Order placements: those that stop sharing a port first, for they are in the way there, then parents first."""
    row = draft.occupancy.rows.get(placement.key)
    if placement.spec.inherit_from is None and row is not None and row.source is Source.INHERITED:
        return 0, 0, placement.key
    depth = sum(1 for _ in chain(placement.key, draft.occupancy.specs))
    return depth, draft.occupancy.priority(draft.occupancy.group(placement.key)), placement.key


def _place(draft: Draft, placement: Placement) -> None:
    """Draft one service's port: by its variable, or the one it has, or a new one."""
    group = draft.occupancy.group(placement.key)
    decided, refused = place_override(draft, placement, group)
    if decided:
        return
    if placement.key in draft.occupancy.rows:
        keep(draft, placement, refused)
    else:
        _place_new(draft, placement, refused)


def _place_new(draft: Draft, placement: Placement, refused: tuple[Reason, ...]) -> None:
    group = draft.occupancy.group(placement.key)
    if draft.strategy is Strategy.AGGRESSIVE and _insist(draft, group):
        return
    found = find(draft.occupancy, group, refused=refused, actor=draft.actor)
    if draft.strategy is Strategy.CONSERVATIVE:
        _check_conservative(placement, found)
    if found.options:
        row = found.options[0]
        _say_if_outside(draft, placement, row.port)
        _say_if_rangeless(draft, placement)
        give(draft, group, found, Seat(_why(row.source, found.reasons)))
    elif not give(draft, group, found, Seat("no other port was free for it")):
        raise exhausted(found)


def _check_conservative(placement: Placement, found: Search) -> None:
    """Raise NoPortAvailable when others would have to change for a new service, be they only remains."""
    if not found.options:
        raise exhausted(found)
    if found.last_verdict is Verdict.VANISHED:
        holder = next(each.holder for each in found.reasons if each.verdict is Verdict.VANISHED)
        text = f"No free port is left for {clean(placement.spec.name)} but those of vanished workspaces ({holder})."
        raise exhausted(found, text)


def _insist(draft: Draft, group: Group) -> bool:
    """Get a new service its first choice; say whether that decided the matter, be it as unresolved."""
    occupancy = draft.occupancy
    for port in asked_ports(group.spec):
        fellows = [key for key in occupancy.rivals(group, port) if draft.touches((key,)) or key in draft.claimants]
        if fellows or occupancy.forbidden(group, port):
            continue
        problem = force(draft, group, port)
        if problem is None:
            draft.set_row((exchange_row(draft, group, port),), "it is what it asked for")
        else:
            draft.leave(f"{occupancy.label(group.root)} cannot have {port}: {problem}", asked=True)
        return True
    return False


def _say_if_outside(draft: Draft, placement: Placement, port: int) -> None:
    """A preferred port outside the range of the service or its type is honoured, and said."""
    spec = placement.spec
    if port not in spec.preferred:
        return
    own = own_range(spec)
    ranges = (own,) if own else ranges_of_type(spec.type, draft.snapshot.policy)
    if ranges and not any(port in each for each in ranges):
        where = " and ".join(str(each) for each in ranges)
        whose = "its own range" if own else f"the range of type {clean(spec.type or '')}"
        draft.notice(f"{clean(spec.name)} prefers {port}, which lies outside {whose} ({where})")


def _say_if_rangeless(draft: Draft, placement: Placement) -> None:
    """A type that no range is set aside for may be a slip of the pen; with a range of its own it is a mere label."""
    spec = placement.spec
    if spec.type is not None and own_range(spec) is None:
        told = without_range(spec.type, draft.snapshot.policy.ranges)
        if told:
            draft.notice(f"{clean(spec.name)}: {told}")


def _why(source: Source, refused: tuple[Reason, ...]) -> str:
    """Return the reason of a choice, as history tells it."""
    if source is Source.PREFERRED:
        return "it is what it asked for"
    if not refused:
        return "the next free port"
    first = refused[0]
    told = f"{first.port} is {first.verdict.value.replace('_', ' ')}"
    return f"{told}: {first.holder}" if first.holder else told
