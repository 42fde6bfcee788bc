"""A chain of moves that ends on a free port and frees one for the claimant, and how it becomes steps of a plan."""

from collections.abc import Sequence

from portdash.model.assignment import Assignment, Reason, Verdict
from portdash.planning.candidates import MOST_REASONS, Search, find
from portdash.planning.displacement import exchange_row, release_vanished
from portdash.planning.drafting import Draft, displaced
from portdash.planning.occupancy import Group
from portdash.record import record, replace


@record
class Link:
    """One service of a chain and the port it takes."""

    group: Group
    port: int


@record
class Chain:
    """A way to place the claimant: it takes the first link's port, whose service is the second link, and so on."""

    links: tuple[Link, ...]
    last: Group
    """The service that ends up on a free port."""
    landing: Search
    """Where that one can go."""


def carry_out(draft: Draft, chain: Chain) -> int:
    """Add the moves of a chain to the draft, last first; return the port that is free for the claimant then."""
    landing = chain.landing
    taken = landing.options
    if landing.last_verdict is Verdict.VANISHED:
        taken = taken[:1]
        release_vanished(draft, chain.last, taken[0].port)
    onward = [_takes_over(draft, link) for link in chain.links[1:]]
    movers = [*(link.group for link in chain.links[1:]), chain.last]
    for link, group, options in reversed(list(zip(chain.links, movers, (*onward, taken), strict=True))):
        _move(draft, group, options, link)
    return chain.links[0].port


def _takes_over(draft: Draft, link: Link) -> tuple[Assignment, ...]:
    """Return the row of a service that takes another one's port, with what it would have tried before."""
    avoid = frozenset({draft.occupancy.rows[link.group.root].port})
    failed = find(draft.occupancy, link.group, avoid=avoid, actor=draft.actor)
    return (exchange_row(draft, link.group, link.port, failed),)


def _move(draft: Draft, group: Group, options: Sequence[Assignment], link: Link) -> None:
    """Draft that a service makes room for the one that takes its port: by going elsewhere, or back where it was."""
    root = group.root
    taker = draft.occupancy.label(link.group.root)
    before, seat = draft.before(root), draft.seats.get(root)
    if seat is not None:  # a claimant of this plan, which has the port on paper only
        refusal = Reason(link.port, Verdict.ASSIGNED, taker)
        draft.seat([_tried(each, refusal) for each in options], seat)
        draft.say_what_runs(group, options[0].port)
        return
    if before is not None and before.port == options[0].port:
        draft.restore(root)
        return
    row = before or draft.occupancy.rows[root]
    draft.displaced.add(root)
    draft.set_row([displaced(row, each) for each in options], f"makes room for {taker} on {link.port}")
    draft.say_what_runs(group, options[0].port)


def _tried(row: Assignment, refusal: Reason) -> Assignment:
    """Return the row with one more candidate tried in vain."""
    return replace(row, reasons=(refusal, *row.reasons[-(MOST_REASONS - 1) :]), attempts=row.attempts + 1)
