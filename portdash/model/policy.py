"""The rules that placement follows: from the configuration, and from the operating system."""

from portdash.model.plan import Strategy
from portdash.model.ports import PortRange
from portdash.record import record

DEFAULT_PRIORITY = 3
DEFAULT_BASE_PORT = 4000
MOST_PREFERRED = 100
"""Ports that one service may prefer: each is shown with its reasons, and kept from others; more are a search."""
MANY_PREFERRED = "for a search say `range`, its first and last port"
"""What to do instead of naming more."""


@record
class TypeRange:
    """The ports set aside for one type of service."""

    name: str
    ports: PortRange
    type: str
    """`dynamic` marks the pool that any service may overflow into."""
    priority: int = DEFAULT_PRIORITY


@record(kw_only=True)
class Policy:
    """What the configuration says about placement."""

    strategy: Strategy = Strategy.MINIMAL
    base_port: int = DEFAULT_BASE_PORT
    """Start of the sequential search for services that ask for nothing."""
    span: int = 1000
    """Ports in the sequential search."""
    ranges: tuple[TypeRange, ...] = ()
    bounds: PortRange = PortRange(1, 65535)
    """No port outside is ever chosen (PORTDASH_PORT_MIN and PORTDASH_PORT_MAX)."""
    return_home: bool = True
    """Whether a displaced service that is not running goes back to its home once that is free."""
    trusted: bool = True
    """Whether this project may displace services of other workspaces."""


@record(kw_only=True)
class PortLimits:
    """What the operating system says about ports, read at run time."""

    ephemeral: PortRange | None = None
    """Handed out to outgoing connections."""
    reserved: frozenset[int] = frozenset()
    """Set aside by the administrator or the system."""
    unprivileged_start: int = 1024
    """Ports below it need a privilege."""
    privileged: bool = False
    """Whether we have that privilege."""
