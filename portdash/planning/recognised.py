"""What comes of finding the service that each listener belongs to."""

from collections.abc import Mapping

from portdash.model.assignment import ServiceKey
from portdash.model.listener import Listener
from portdash.model.snapshot import SeenListener
from portdash.named_tuple import NamedTuple


class Recognised(NamedTuple):
    """Listeners with their services."""

    seen: tuple[SeenListener, ...]
    """All of them, in the order given."""
    here: Mapping[ServiceKey, list[SeenListener]]
    """Who listens on each service's port, judged from the side of that service."""
    elsewhere: Mapping[ServiceKey, list[Listener]]
    """A service's own servers on other ports."""


NOBODY = Recognised((), {}, {})
"""Where nobody listens."""
