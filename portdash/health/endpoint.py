"""Where a probe goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from portdash.model.listener import Listener


class Endpoint(NamedTuple):
    """One address of this machine that is connected to; names are never looked up."""

    address: str
    """`127.0.0.1` or `::1`, or the address of the network that a server is bound to."""
    port: int


def endpoint_of(listener: Listener) -> Endpoint:
    """Return where a listener is reached from here: a wildcard on the loopback address of a family it answers."""
    address = listener.address
    if address == "0.0.0.0":  # noqa: S104  compared, not bound
        address = "127.0.0.1"
    elif address == "::":
        address = "::1" if listener.dual_stack is False else "127.0.0.1"
    return Endpoint(address, listener.port)
