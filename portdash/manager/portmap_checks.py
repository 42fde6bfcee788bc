"""What the planner and the machine say to the ports of a map that is to be taken in."""

from collections.abc import Collection, Iterator, Mapping

from portdash.model.assignment import Assignment, Reason, ServiceKey, ServiceSpec
from portdash.model.snapshot import Snapshot
from portdash.planning.occupancy import Occupancy
from portdash.planning.requests import Placement
from portdash.planning.rules import own_range
from portdash.record import record
from portdash.store.projection.portmap import Entry
from portdash.store.projection.scope import Scope
from portdash.text import clean


@record
class Wanted:
    """A service, and the port that a map says."""

    key: ServiceKey
    spec: ServiceSpec
    port: int


def asked(scope: Scope, rows: Mapping[str, Assignment], entries: Mapping[str, Entry]) -> dict[str, Wanted]:
    """Return what a map asks for, by folded name; a service that shares another's port asks for nothing itself."""
    found: dict[str, Wanted] = {}
    for name, entry in entries.items():
        row = rows.get(name)
        spec = scope.declared.get(name) or scope.spec(name, row) or ServiceSpec(name=entry.name)
        if not spec.inherit_from:
            found[name] = Wanted(row.key if row else scope.key(name, spec.protocol), spec, entry.port)
    return found


def in_the_way(snapshot: Snapshot, moving: Collection[Wanted]) -> Iterator[str]:
    """Say which ports are held by something on the machine that is neither the service's own nor one of `moving`."""
    occupancy, keys = _occupancy(snapshot, moving), {each.key for each in moving}
    for each in moving:
        if taken := _blocked(occupancy, each, keys):
            yield f"{clean(each.spec.name)} cannot have {each.port}: {_word(taken)}: {taken.holder}"


def oddities(snapshot: Snapshot, wanted: Collection[Wanted], moving: Collection[Wanted]) -> Iterator[str]:
    """Say which ports break a rule of their service, or are its own already while something else sits there."""
    occupancy, keys = _occupancy(snapshot, wanted), {each.key for each in moving}
    for each in wanted:
        name, port, own = clean(each.spec.name), each.port, own_range(each.spec)
        if rule := occupancy.forbidden(occupancy.group(each.key), port):
            yield f"{port}, for {name}, is {_word(rule)}"
        elif own is not None and port not in own:
            yield f"{port}, for {name}, is outside its range {own.first}-{own.last}"
        if each.key not in keys and (taken := _blocked(occupancy, each, keys)):
            yield f"{port} is {name}'s already, and {_word(taken)}: {taken.holder}"


def _occupancy(snapshot: Snapshot, wanted: Collection[Wanted]) -> Occupancy:
    return Occupancy(snapshot, [Placement(each.key, each.spec) for each in wanted])


def _blocked(occupancy: Occupancy, wanted: Wanted, moving: Collection[ServiceKey]) -> Reason | None:
    """Return what keeps a service from its port. The server of one that gets another port is expected to follow."""
    group = occupancy.group(wanted.key)
    strangers = occupancy.strangers(group, wanted.port)
    staying = [seen for seen in strangers if not (seen.is_owned and seen.key in moving)]
    return occupancy.blocked(group, wanted.port, staying)


def _word(reason: Reason) -> str:
    return reason.verdict.value.replace("_", " ")
