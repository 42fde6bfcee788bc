"""Counting the connections that came in at a listener."""

from collections import Counter
from collections.abc import Container, Mapping

from portdash.model.ports import IpProtocol

Slot = tuple[IpProtocol, str, int]
"""Protocol, address and port: what one row of ours stands for."""
WILDCARDS = ("0.0.0.0", "::")  # noqa: S104 (these are compared with, not bound)


def count_connections(slot: Slot, listening: Container[Slot], connected: Mapping[int, Counter[str]]) -> int:
    """Count the connections that came in here: those to this very address, and for a wildcard what nobody else has.

    Those of this very process do not count: see `own_connections`.
    """
    protocol, address, port = slot
    if port not in connected:
        return 0
    if address not in WILDCARDS:
        return _others(connected[port][address], address, port)
    dual = address == "::" and (protocol, WILDCARDS[0], port) not in listening
    return sum(
        _others(count, local, port)
        for local, count in connected[port].items()
        if (protocol, local, port) not in listening and (dual or (":" in local) == (address == "::"))
    )


def _others(count: int, address: str, port: int) -> int:
    if not count:
        return 0
    from portdash.machine.own_connections import own_connections  # noqa: PLC0415  mostly nobody is connected

    return max(0, count - own_connections(address, port))
