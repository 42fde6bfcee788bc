"""What a table of sockets says, before anything else is known of it."""

from portdash.model.ports import IpProtocol
from portdash.named_tuple import NamedTuple


class Socket(NamedTuple):
    """One row of the socket table, as a `SocketSource` reads it."""

    protocol: IpProtocol
    address: str
    port: int
    pids: tuple[int, ...] = ()
    """Processes that share it; empty when they may not be read."""
    uid: int | None = None
    """User the socket belongs to, where the table tells."""
    connections: int | None = None
    dual_stack: bool | None = None
    queue: int | None = None
    """Connections that wait to be accepted, where the kernel tells."""
