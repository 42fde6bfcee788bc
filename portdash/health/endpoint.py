"""Where a probe goes."""

from typing import NamedTuple


class Endpoint(NamedTuple):
    """One address of this machine that is connected to; names are never looked up."""

    address: str
    """`127.0.0.1` or `::1`, or the address of the network that a server is bound to."""
    port: int
