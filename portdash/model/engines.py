"""What container engines say of a machine beside who listens on it."""

from collections.abc import Mapping
from types import MappingProxyType

from portdash.model.listener import Container
from portdash.model.ports import IpProtocol
from portdash.named_tuple import NamedTuple


class EngineFacts(NamedTuple):
    """What the engines said, or why they said nothing."""

    published: Mapping[tuple[IpProtocol, int], Container] = MappingProxyType({})
    """Ports where nobody listens and which a container publishes whenever it runs."""
    notices: tuple[str, ...] = ()
    """Which engine could not be asked, why, and what to do; one line each."""
