"""The connections that this process has opened to ask servers how they are: they are nobody's clients.

Those of another portdash are not known here: to tell whose a connection is takes a walk over all processes.
"""

from collections import Counter

from portdash.forks import ForkLock

_lock = ForkLock()
_open: Counter[tuple[str, int]] = Counter()


def opened(address: str, port: int) -> None:
    """Note a connection to a server at an address of this machine, where it is no name."""
    with _lock:
        _open[address, port] += 1


def closed(address: str, port: int) -> None:
    """Note that one is no more."""
    with _lock:
        _open[address, port] -= 1
        if _open[address, port] <= 0:
            del _open[address, port]


def own_connections(address: str, port: int) -> int:
    """Return how many there are to a server."""
    with _lock:
        return _open.get((address, port), 0)
