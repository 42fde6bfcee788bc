"""The cheapest exchange of ports that gives a service one although none of its candidates is free.

The claimant takes the port of one service, which takes that of a second, and so on, until the last finds a free one.
Cheapest is: the fewest running services disturbed, then the fewest moved, then the fewest first choices lost; what is
equal is decided by the order of the candidates. A service with its children is one node.

This is the shortest augmenting path of a weighted bipartite matching of services and ports. What earlier claimants of
the same plan got is not settled: one may take another port for a later one's sake, which costs nothing, and a service
that was displaced may go elsewhere or back where it was, which gives back what its move had cost. So the plan for
several claimants is the cheapest for all of them together, whatever their order.
"""

from collections.abc import Iterator, Mapping
from heapq import heappop, heappush

from portdash.model.assignment import Assignment, ServiceKey
from portdash.model.snapshot import SeenListener
from portdash.planning.candidates import Search, find
from portdash.planning.chains import Chain, Link
from portdash.planning.displacement import Price, may_displace, price_of
from portdash.planning.drafting import Draft
from portdash.planning.occupancy import Group, Slot
from portdash.planning.rules import every_candidate
from portdash.record import record

MOST_EXPANSIONS = 200_000
"""Ports looked at for an exchange before the search gives up being exact: a tenth of a second at most."""

_NOTHING: Price = (0, 0, 0)


@record
class _Way:
    """How a service can be pushed off its port: what that costs in all, and who takes whose port for it."""

    price: Price
    ranks: tuple[int, ...]
    """Places of the ports in their services' orders, to decide between ways of one price."""
    links: tuple[Link, ...]
    passed: frozenset[int] = frozenset()
    """The services that pushed, each by `id` of its group: a search has one object for each."""


def cheapest_chain(draft: Draft, claimant: Group, *, avoid: frozenset[int] = frozenset()) -> Chain | None:
    """Return the cheapest chain over the claimant's candidates but those in `avoid`, None when there is none.

    One that is not proved to be the cheapest makes the draft say so.
    """
    search = _Exchange(draft, claimant, avoid)
    chain = search.run()
    draft.optimal = draft.optimal and search.is_exact
    return chain


class _Exchange:
    """One search. A way to a service may be replaced by a better one late: who goes back where it was pays less."""

    def __init__(self, draft: Draft, claimant: Group, avoid: frozenset[int]) -> None:
        self._draft = draft
        self._occupancy = draft.occupancy
        self._claimant = claimant
        self._avoid = avoid
        self._claimants = [*(draft.occupancy.group(root) for root in draft.seats), claimant]
        self._expansions = 0
        self._left_out = False
        self._ways: dict[ServiceKey, _Way] = {}
        self._queue: list[tuple[Price, tuple[int, ...], ServiceKey]] = []
        self._groups: dict[ServiceKey, Group | None] = {}
        self._candidates: dict[ServiceKey, tuple[int, ...]] = {}
        self._prices: dict[ServiceKey, Price] = {}
        self._reached: dict[int, Price] = {}
        """What was paid, without the push itself, for the best way so far to the service on a port."""
        self._taken = draft.occupancy.plainly_taken()
        self._assigned = draft.occupancy.assigned_ports()

    @property
    def is_exact(self) -> bool:
        """Whether nothing was left out."""
        return self._expansions <= MOST_EXPANSIONS and not self._left_out

    def run(self) -> Chain | None:
        """Return the cheapest way; past the limit, the cheapest of those in the queue by then.

        The first that lands on a free port is it: what earlier claimants of the plan got was the cheapest for them, so
        from no service onward can more be given back than has to be paid.
        """
        self._expand(self._claimant, _Way(_NOTHING, (), ()))
        while self._queue:
            price, ranks, key = heappop(self._queue)
            way, group = self._ways[key], self._groups[key]
            if group is None or (way.price, way.ranks) != (price, ranks):
                continue  # a better way to it was found since
            landing = self._landing(group, way)
            if landing is not None:
                if self._is_allowed(way, landing):
                    return Chain(way.links, group, landing)
            elif self._expansions <= MOST_EXPANSIONS:
                self._expand(group, way)
        return None

    def _landing(self, group: Group, way: _Way) -> Search | None:
        """Return the free ports a service could go to, None when there is none.

        Those on the way to it do not count, for they are taken by then. The full search, which notes a reason for each
        port, is made only when a look at what is plainly taken does not rule it out.
        """
        seat = self._draft.seats.get(group.root)
        passed = {link.port for link in way.links} | {self._occupancy.rows[group.root].port}
        avoid = passed if seat is None else passed | seat.avoid
        taken = self._taken.of(group)
        ports = self._ports(group)
        self._expansions += len(ports)
        if avoid.issuperset([port for port in ports if port not in taken]):
            return None
        found = find(self._occupancy, group, avoid=frozenset(avoid), actor=self._draft.actor)
        return found if found.options else None

    def _expand(self, group: Group, way: _Way) -> None:
        """Queue every service that `group` could push off one of its candidates, where that is a better way to it."""
        before = self._draft.before(group.root) if group.root in self._draft.displaced else None
        back = None if before is None else _minus(way.price, price_of(self._occupancy, group, before))
        for rank, port in self._choices(group, before):
            paid = way.price if back is None or before is None or port != before.port else back
            if port in self._reached and self._reached[port] <= paid:
                continue  # its service was pushed for no more already
            holder = self._holder(group, port)
            if holder is None or id(holder) in way.passed:
                continue
            self._reached[port] = paid
            price, links = _plus(paid, self._push(holder)), (*way.links, Link(group, port))
            better = _Way(price, (*way.ranks, rank), links, way.passed | {id(group)})
            self._ways[holder.root] = better
            heappush(self._queue, (better.price, better.ranks, holder.root))

    def _choices(self, group: Group, before: Assignment | None) -> Iterator[tuple[int, int]]:
        """Yield the ports of others that a service may take, with ranks.

        One that was displaced may also go back, to where it was `before`, which gives back what its move had cost.
        """
        seat = self._draft.seats.get(group.root)
        avoid = self._avoid if group.root == self._claimant.root else seat.avoid if seat else frozenset[int]()
        if before is not None:
            yield -1, before.port
        assigned = self._assigned
        for rank, port in [(rank, port) for rank, port in enumerate(self._ports(group)) if port in assigned]:
            if port not in avoid and (before is None or port != before.port):
                yield rank, port

    def _ports(self, group: Group) -> tuple[int, ...]:
        """Return every port a service may take, best first."""
        found = self._candidates.get(group.root)
        if found is None:
            found = self._candidates[group.root] = every_candidate(group.spec, self._draft.snapshot.policy)
        return found

    def _push(self, group: Group) -> Price:
        """Return what it costs that a service leaves its port: nothing, once the plan has moved it anyway."""
        root = group.root
        price = self._prices.get(root)
        if price is None:
            moved = root in self._draft.seats or root in self._draft.displaced
            price = _NOTHING if moved else price_of(self._occupancy, group, self._occupancy.rows[root])
            self._prices[root] = price
        return price

    def _holder(self, group: Group, port: int) -> Group | None:
        """Return the one service that keeps `group` from `port` and may be moved, None when that is not all."""
        occupancy = self._occupancy
        rivals = occupancy.rivals(group, port)
        if not rivals or occupancy.forbidden(group, port):
            return None
        holder = self._displaceable(occupancy.root(rivals[0]))
        if holder is None or occupancy.is_vanished(holder.root):
            return None
        if not holder.members.issuperset(rivals):
            self._left_out = True  # two services would have to make room at once
            return None
        if any(occupancy.rows[key].port != port for key in holder.members):
            return None
        strangers = [seen for seen in occupancy.strangers(group, port) if not self._makes_room(seen, holder)]
        return None if occupancy.blocked(group, port, strangers) else holder

    def _makes_room(self, seen: SeenListener, holder: Group) -> bool:
        """Say whether a listener is that of the holder, or of a service which the plan has moved from there already."""
        if not seen.is_owned or seen.key is None:
            return False
        return seen.key in holder.members or self._occupancy.root(seen.key) in self._draft.displaced

    def _displaceable(self, root: ServiceKey) -> Group | None:
        if root not in self._groups:
            self._groups[root] = self._find_displaceable(root)
        return self._groups[root]

    def _find_displaceable(self, root: ServiceKey) -> Group | None:
        if root not in self._occupancy.rows or root == self._claimant.root:
            return None
        group = self._occupancy.group(root)
        if root in self._draft.seats or root in self._draft.displaced:
            return group
        return group if any(may_displace(self._draft, each, group) for each in self._claimants) else None

    def _is_allowed(self, way: _Way, landing: Search) -> bool:
        """Say whether each displaced service may be moved for the claimant at whose chain's head it is in the end.

        Only claimants that differ in importance can make a difference: a chain may pass from one to another.
        """
        if len(self._claimants) == 1:
            return True
        rows = self._occupancy.rows
        ends = {root: rows[root].port for root in (*self._draft.seats, *self._draft.displaced)}
        ends |= {link.group.root: link.port for link in way.links} | {landing.options[0].key: landing.options[0].port}
        groups = {root: self._occupancy.group(root) for root in ends}
        takers = {(protocol, port): root for root, port in ends.items() for protocol in groups[root].protocols}
        heads = {each.root: each for each in self._claimants}
        for root in ends.keys() - heads.keys():
            if self._origin(root) != ends[root] and not self._may_be_moved(groups, root, takers, heads):
                self._left_out = True
                return False
        return True

    def _may_be_moved(
        self,
        groups: Mapping[ServiceKey, Group],
        root: ServiceKey,
        takers: Mapping[Slot, ServiceKey],
        heads: Mapping[ServiceKey, Group],
    ) -> bool:
        """Follow those who take a service's port, and the port of those, up to the claimants it is moved for."""
        found: set[ServiceKey] = set()
        waiting, seen = [root], {root}
        while waiting:
            each = waiting.pop()
            slots = ((protocol, self._origin(each)) for protocol in groups[each].protocols)
            for taker in {takers[slot] for slot in slots if slot in takers} - seen:
                seen.add(taker)
                (found.add if taker in heads else waiting.append)(taker)
        group = groups[root]
        return bool(found) and all(
            may_displace(self._draft, heads[each], group, whatever_was_done=True) for each in found
        )

    def _origin(self, root: ServiceKey) -> int:
        """Return the port that a service had before the plan."""
        before = self._draft.before(root) if root in self._draft.displaced else None
        return (before or self._occupancy.rows[root]).port


def _plus(one: Price, other: Price) -> Price:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]


def _minus(one: Price, other: Price) -> Price:
    return one[0] - other[0], one[1] - other[1], one[2] - other[2]
