"""The cheapest chain of moves that frees a port for a service which has no free candidate.

The claimant takes the port of one service, which takes that of a second, and so on, until the last finds a free one.
Cheapest is: the fewest running services disturbed, then the fewest moved, then the fewest first choices lost; what is
equal is decided by the order of the candidates. A service with its children is one node. Costs lie on the services
alone, so Dijkstra's search over services is exact.
"""

from dataclasses import dataclass
from heapq import heappop, heappush

from portdash.model.assignment import Assignment, ServiceKey, Verdict
from portdash.planning.candidates import Search, find, new_row
from portdash.planning.drafting import Draft, displaced, loses
from portdash.planning.occupancy import Group, Occupancy
from portdash.planning.requests import Placement
from portdash.planning.rules import candidate_ports, source_of

MOST_EXPANSIONS = 20_000
"""Ports looked at for an exchange before the search gives up being exact."""

Price = tuple[int, int, int]
"""Running services disturbed, services moved, first choices lost."""


@dataclass(frozen=True, slots=True)
class Link:
    """One service of a chain and the port it takes."""

    group: Group
    port: int
    failed: Search | None
    """What the service tried before, where it is not the claimant."""


@dataclass(frozen=True, slots=True)
class Chain:
    """A way to place the claimant: it takes the first link's port, whose service is the second link, and so on."""

    links: tuple[Link, ...]
    last: Group
    """The service that ends up on a free port."""
    landing: Search
    """Where that one can go."""
    price: Price


def cheapest_chain(draft: Draft, claimant: Group, *, avoid: frozenset[int] = frozenset()) -> Chain | None:
    """Return the cheapest chain over the claimant's candidates but those in `avoid`, None when there is none.

    One that is not proved to be the cheapest makes the draft say so.
    """
    search = _Exchange(draft, claimant, avoid)
    chain = search.run()
    draft.optimal = draft.optimal and search.is_exact
    return chain


def may_displace(draft: Draft, claimant: Group, group: Group) -> bool:
    """Say whether a service may be moved for the claimant's sake."""
    occupancy, snapshot = draft.occupancy, draft.snapshot
    return not (
        group.members & claimant.members
        or group.members & draft.claimants
        or draft.touches(group.members)
        or group.root.user != claimant.root.user
        or occupancy.is_pinned(group)
        or occupancy.priority(group) < occupancy.priority(claimant)
        or (not snapshot.policy.trusted and any(key.workspace != snapshot.workspace for key in group.members))
    )


def price_of(occupancy: Occupancy, group: Group) -> Price:
    """Return what it costs to move a service from where it is."""
    row = occupancy.rows[group.root]
    return int(bool(occupancy.servers(group))), 1, int(loses(row, None))


def carry_out(draft: Draft, chain: Chain) -> int:
    """Add the moves of a chain to the draft, last first; return the port that is free for the claimant then."""
    occupancy = draft.occupancy
    landing = chain.landing
    taken = landing.options
    if landing.last_verdict is Verdict.VANISHED:
        taken = taken[:1]
        release_vanished(draft, chain.last, taken[0].port)
    for number in range(len(chain.links) - 1, -1, -1):
        group = chain.last if number == len(chain.links) - 1 else chain.links[number + 1].group
        link = chain.links[number]
        row = occupancy.rows[group.root]
        if number < len(chain.links) - 1:
            onward = chain.links[number + 1]
            taken = (exchange_row(draft, group, onward.port, onward.failed),)
        claimant = occupancy.label(link.group.root)
        draft.set_row(tuple(displaced(row, each) for each in taken), f"makes room for {claimant} on {link.port}")
        draft.say_what_runs(group, taken[0].port)
    return chain.links[0].port


def release_vanished(draft: Draft, group: Group, port: int) -> None:
    """Release the rows of workspaces that are gone from `port`, those that inherit first."""
    for key in filter(draft.occupancy.is_vanished, draft.occupancy.rivals(group, port)):
        for each in (*reversed(draft.occupancy.below(key)), key):
            if each in draft.occupancy.rows:
                draft.release(each, f"the directory of {draft.occupancy.names.workspace(each.workspace)} is gone")


def exchange_row(draft: Draft, group: Group, port: int, failed: Search | None = None) -> Assignment:
    """Return the row of a group that takes over `port`; where a search failed before, with what that tried."""
    placement = Placement(group.root, group.spec)
    return new_row(
        draft.snapshot,
        placement,
        port,
        source_of(group.spec, port),
        reasons=failed.reasons if failed else (),
        attempts=max(failed.attempts, 1) if failed else 1,
        actor=draft.actor,
    )


class _Exchange:
    """One search. Its queue holds services to be displaced, by price and then by the ranks of the ports on the way."""

    def __init__(self, draft: Draft, claimant: Group, avoid: frozenset[int]) -> None:
        self._draft = draft
        self._occupancy = draft.occupancy
        self._claimant = claimant
        self._avoid = avoid
        self._expansions = 0
        self._queue: list[tuple[Price, tuple[int, ...], ServiceKey, tuple[Link, ...]]] = []
        self._groups: dict[ServiceKey, Group | None] = {}

    @property
    def is_exact(self) -> bool:
        """Whether nothing was left out."""
        return self._expansions <= MOST_EXPANSIONS

    def run(self) -> Chain | None:
        """Return the cheapest way; past the limit, the cheapest of those in the queue by then."""
        self._expand(self._claimant, (0, 0, 0), (), (), None)
        done: set[ServiceKey] = set()
        while self._queue:
            price, ranks, key, links = heappop(self._queue)
            group = self._groups[key]
            if key in done or group is None:
                continue
            done.add(key)
            avoid = frozenset((self._occupancy.rows[key].port, *(link.port for link in links)))
            landing = find(self._occupancy, group, avoid=avoid, actor=self._draft.actor)
            if landing.options:
                return Chain(links, group, landing, price)
            if self.is_exact:
                self._expand(group, price, ranks, links, landing)
        return None

    def _expand(
        self, group: Group, price: Price, ranks: tuple[int, ...], links: tuple[Link, ...], failed: Search | None
    ) -> None:
        """Queue every service that `group` could push off one of its candidates."""
        for rank, port in enumerate(candidate_ports(group.spec, self._draft.snapshot.policy)):
            self._expansions += 1
            holder = None if port in self._avoid and not links else self._holder(group, port)
            if holder is None:
                continue
            more = price_of(self._occupancy, holder)
            total = (price[0] + more[0], price[1] + more[1], price[2] + more[2])
            heappush(self._queue, (total, (*ranks, rank), holder.root, (*links, Link(group, port, failed))))

    def _holder(self, group: Group, port: int) -> Group | None:
        """Return the one service that keeps `group` from `port` and may be moved, None when that is not all."""
        occupancy = self._occupancy
        rivals = occupancy.rivals(group, port)
        if not rivals or occupancy.forbidden(group, port):
            return None
        holder = self._displaceable(occupancy.root(rivals[0]))
        if holder is None or not holder.members.issuperset(rivals) or occupancy.is_vanished(holder.root):
            return None
        if any(occupancy.rows[key].port != port for key in holder.members):
            return None
        strangers = [
            seen for seen in occupancy.strangers(group, port) if not (seen.is_owned and seen.key in holder.members)
        ]
        return None if occupancy.blocked(group, port, strangers) else holder

    def _displaceable(self, root: ServiceKey) -> Group | None:
        if root not in self._groups:
            known = root in self._occupancy.rows
            group = self._occupancy.group(root) if known else None
            may = group is not None and may_displace(self._draft, self._claimant, group)
            self._groups[root] = group if may else None
        return self._groups[root]
