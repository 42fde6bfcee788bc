"""What becomes of a service whose own port is in trouble: held by a stranger, or shared with another service."""

from portdash.model.assignment import Assignment, Reason, ServiceKey, Source, Verdict
from portdash.model.plan import Strategy
from portdash.planning.candidates import Search, find
from portdash.planning.displacement import exchange_row, may_displace, price_of
from portdash.planning.drafting import Draft, Seat, displaced
from portdash.planning.forcing import force
from portdash.planning.giving import give
from portdash.planning.occupancy import Group
from portdash.planning.wording import holders_text
from portdash.record import replace
from portdash.text import and_list


def trouble_text(draft: Draft, group: Group, port: int) -> str:
    """Return who is in the way of a group on its own port: `node 4121 (shop@fix-login) holds 3000`."""
    occupancy = draft.occupancy
    rivals = [occupancy.label(key) for key in occupancy.rivals(group, port)]
    if rivals:
        return f"{and_list(rivals)} {'has' if len(rivals) == 1 else 'have'} {port} too"
    return f"{holders_text(seen.listener for seen in occupancy.strangers(group, port))} holds {port}"


def rescue(draft: Draft, key: ServiceKey, *, asked: bool) -> bool:
    """Draft the way out for a root whose port it cannot use, as the strategy says; say whether there is one.

    Where there is none it is noted as unresolved, `asked` as given.
    """
    occupancy = draft.occupancy
    group = occupancy.group(key)
    row = occupancy.rows[key]
    trouble = trouble_text(draft, group, row.port)
    name = occupancy.label(key)
    if draft.strategy is Strategy.CONSERVATIVE:
        draft.leave(f"{name} stays on {row.port} though {trouble}", asked=asked)
        return False
    if draft.strategy is Strategy.AGGRESSIVE:
        problem = force(draft, group, row.port)
        if problem is not None:
            draft.leave(f"{name} cannot have {row.port}: {problem}", asked=asked)
        return problem is None
    if push_cheaper(draft, group, row):
        return True
    if occupancy.is_pinned(group):
        draft.leave(f"{name} is pinned to {row.port}, and {trouble}", asked=asked)
        return False
    found = step_aside(draft, group, row, trouble)
    if found is not None:
        draft.leave(f"{name} stays on {row.port}, for {trouble} and no other port is free for it", asked=asked)
    return found is None


def step_aside(draft: Draft, group: Group, row: Assignment, reason: str) -> Search | None:
    """Move a group off its port to its next best one, if need be at the cost of others; its port stays its home.

    Returns None when that is drafted, else the search that found nothing.
    """
    avoid = frozenset({row.port})
    found = find(draft.occupancy, group, refused=(why_left(draft, group, row),), avoid=avoid, actor=draft.actor)
    return None if give(draft, group, found, Seat(reason, avoid=avoid, home=row)) else found


def why_left(draft: Draft, group: Group, row: Assignment) -> Reason:
    """Return why a group does not stay on its port, to begin the trail of the next with."""
    refusal = draft.occupancy.refusal(group, row.port)
    return refusal or Reason(row.port, Verdict.LEFT_BEHIND)


def push_cheaper(draft: Draft, group: Group, row: Assignment) -> bool:
    """Where the port is shared with one other service: move that one instead, if that costs less and is allowed."""
    occupancy = draft.occupancy
    rivals = occupancy.rivals(group, row.port)
    strangers = occupancy.strangers(group, row.port)
    if not rivals:
        return False
    other = occupancy.group(occupancy.root(rivals[0]))
    theirs = [seen for seen in strangers if seen.is_owned and seen.key in other.members]
    if not other.members.issuperset(rivals) or len(theirs) != len(strangers):
        return False
    if other.root not in occupancy.rows or not may_displace(draft, group, other):
        return False
    more_important = occupancy.priority(group) < occupancy.priority(other)
    cheaper = price_of(occupancy, other, occupancy.rows[other.root]) < price_of(occupancy, group, row)
    if not (occupancy.is_pinned(group) or more_important or cheaper):
        return False
    reason = f"makes room for {occupancy.label(group.root)} on {row.port}"
    return step_aside(draft, other, occupancy.rows[other.root], reason) is None


def keep_where_it_runs(draft: Draft, key: ServiceKey, port: int) -> str | None:
    """Move a service's assignment to the port its server runs on; return why that cannot be, None when drafted."""
    occupancy = draft.occupancy
    group = occupancy.group(key)
    row = occupancy.rows[key]
    refusal = occupancy.refusal(group, port)
    if heirs := [each.key for each in occupancy.rows.values() if each.home == port and each.key not in group.members]:
        return f"{port} is the home of {occupancy.label(min(heirs))}"
    if refusal is not None and refusal.verdict is Verdict.ASSIGNED:
        return f"{port} is {refusal.holder}'s"
    if refusal is not None and refusal.verdict is Verdict.PREFERRED_BY:
        return f"{refusal.holder} asks for {port}"
    if refusal is not None and refusal.verdict is not Verdict.QUARANTINED:
        return f"{port} is {refusal.verdict.value.replace('_', ' ')}"
    option = exchange_row(draft, group, port)
    if option.source is not Source.PREFERRED:
        option = replace(option, source=Source.DETECTED)
    draft.set_row((displaced(row, option),), f"its server runs on {port}")
    return None
