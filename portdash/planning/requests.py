"""What the planner can be asked for."""

from collections.abc import Iterable

from portdash.model.assignment import Assignment, ServiceKey, ServiceSpec
from portdash.model.snapshot import Snapshot
from portdash.named_tuple import NamedTuple
from portdash.record import record, replace

ANY_KIND = "*"
"""Stands for every kind of server."""


class Override(NamedTuple):
    """An environment variable that says which port a service shall have."""

    variable: str
    value: str
    """As found; it need not be a port. Our own export come back is filtered out before."""


@record
class Placement:
    """A service that wants a port, with everything it asks for."""

    key: ServiceKey
    spec: ServiceSpec
    override: Override | None = None
    detect: str | None = None
    """Kind of server whose port it takes over where one of its own runs; `ANY_KIND` for any, None for none."""
    strict: bool = False
    """Whether an override that cannot be had is an error instead of a notice."""


def wished_by(snapshot: Snapshot, row: Assignment) -> ServiceSpec:
    """Return what a service with a port asks for by now: as declared, else as stored; a rule once learnt is kept.

    Whose port it shares is changed by allocating it alone, not by the way.
    """
    declared = next((each.spec for each in snapshot.declarations if each.key == row.key), None)
    if declared is None or declared.inherit_from != row.spec.inherit_from:
        return row.spec
    return replace(declared, match=declared.match or row.spec.match)


def asking_otherwise(snapshot: Snapshot, keys: Iterable[ServiceKey]) -> tuple[Placement, ...]:
    """Return the services whose declaration was changed since they got their port, with what they ask for now."""
    rows = (snapshot.assignments[key] for key in keys if key in snapshot.assignments)
    wishes = ((row, wished_by(snapshot, row)) for row in rows)
    return tuple(Placement(row.key, wish) for row, wish in wishes if wish != row.spec)
