"""How full the ranges are: what is assigned in each, what listens there, what can never be had, what is left."""

from collections.abc import Iterator

from portdash.model.assignment import ServiceSpec
from portdash.model.policy import DEFAULT_PRIORITY, Policy, PortLimits, TypeRange
from portdash.model.ports import PortRange
from portdash.model.snapshot import Snapshot
from portdash.model.utilisation import Utilisation
from portdash.planning.rules import sequence, static_refusal

SEQUENCE = "sequential"
"""What the search of services that ask for nothing is called among the ranges."""


def utilisation(snapshot: Snapshot) -> tuple[Utilisation, ...]:
    """Return every range of the policy in its order, then the sequential search."""
    assigned = frozenset(row.port for row in snapshot.assignments.values())
    listening = frozenset(seen.listener.port for seen in snapshot.listeners)
    return tuple(_of(each, assigned, listening, snapshot.policy, snapshot.limits) for each in _ranges(snapshot.policy))


def fill(snapshot: Snapshot) -> dict[str, tuple[int, int]]:
    """Return how many ports each range has, and how many of them are used: a fraction of the work of all the rest."""
    taken = {row.port for row in snapshot.assignments.values()} | {seen.listener.port for seen in snapshot.listeners}
    return {
        each.name: (len(each.ports), sum(1 for port in taken if port in each.ports))
        for each, _type in _ranges(snapshot.policy)
    }


def _ranges(policy: Policy) -> Iterator[tuple[TypeRange, str | None]]:
    yield from ((each, each.type) for each in policy.ranges)
    yield TypeRange(SEQUENCE, sequence(policy), "", DEFAULT_PRIORITY), None


def _of(
    one: tuple[TypeRange, str | None],
    assigned: frozenset[int],
    listening: frozenset[int],
    policy: Policy,
    limits: PortLimits,
) -> Utilisation:
    found, kind = one
    ports = found.ports
    used = {port for port in assigned | listening if port in ports}
    asking = ServiceSpec(name=found.name, type=kind)
    return Utilisation(
        name=found.name,
        type=kind,
        priority=found.priority,
        ports=ports,
        assigned=sum(1 for port in assigned if port in ports),
        listening=sum(1 for port in listening if port in ports),
        used=len(used),
        unusable=sum(1 for port in ports if port not in used and static_refusal(asking, port, policy, limits)),
        ephemeral=_common(ports, limits.ephemeral),
        reserved=tuple(sorted(port for port in limits.reserved if port in ports)),
    )


def _common(one: PortRange, other: PortRange | None) -> PortRange | None:
    """Return the ports that two ranges have in common."""
    if other is None or other.first > one.last or one.first > other.last:
        return None
    return PortRange(max(one.first, other.first), min(one.last, other.last))
