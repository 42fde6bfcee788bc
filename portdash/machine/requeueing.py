"""Listeners at which only the number of waiting clients is another: all else that is known of them still holds."""

from collections.abc import Iterable, Sequence

from portdash.model.listener import Listener
from portdash.model.ports import IpProtocol
from portdash.model.sockets import Socket
from portdash.record import replace


def order(row: Socket | Listener) -> tuple[int, IpProtocol, str]:
    """Return what listeners are sorted by."""
    return row.port, row.protocol, row.address


def requeued(
    before: Iterable[Socket], rows: Iterable[Socket], listeners: Sequence[Listener]
) -> tuple[Listener, ...] | None:
    """Return the listeners that were made of `before` as they are by `rows`; None where more than queues changed."""
    old, new = sorted(before, key=order), sorted(rows, key=order)
    if len(old) != len(new) or len(old) != len(listeners):
        return None
    found = []
    for was, row, listener in zip(old, new, listeners, strict=True):
        if was is row or was == row:
            found.append(listener)
        elif was._replace(queue=row.queue) == row:
            found.append(replace(listener, queue=row.queue))
        else:
            return None
    return tuple(found)
