"""Planning a port for a service that has none yet."""

from portdash.config.ranges import without_range
from portdash.model.assignment import Reason, Source, Verdict
from portdash.model.plan import Strategy
from portdash.planning.candidates import Search, exhausted, find
from portdash.planning.drafting import Draft, Seat
from portdash.planning.giving import give
from portdash.planning.occupancy import Group
from portdash.planning.requests import Placement
from portdash.planning.rules import asked_ports, outside, own_range
from portdash.text import clean


def place_new(draft: Draft, placement: Placement, refused: tuple[Reason, ...]) -> None:
    """Draft the best port for a service that has none, as the strategy says. Raises NoPortAvailable."""
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
    from portdash.planning.displacement import exchange_row  # noqa: PLC0415  few insist
    from portdash.planning.forcing import force  # noqa: PLC0415

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
    if port in spec.preferred and (where := outside(spec, port, draft.snapshot.policy)):
        draft.notice(f"{clean(spec.name)} prefers {port}, which lies outside {where}")


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
