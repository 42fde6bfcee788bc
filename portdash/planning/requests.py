"""What the planner can be asked for."""

from portdash.model.assignment import ServiceKey, ServiceSpec
from portdash.named_tuple import NamedTuple
from portdash.record import record

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
