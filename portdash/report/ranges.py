"""The ranges and how full they are: as rows for a table, as JSON, and what is worth noticing about them."""

from collections.abc import Iterable, Iterator

from portdash.model.utilisation import Utilisation
from portdash.report.serialise import Json
from portdash.text import and_list, clean, plural

HEADINGS = ("RANGE", "TYPE", "PRIORITY", "PORTS", "USED", "ASSIGNED", "LISTENING", "UNUSABLE", "FREE", "PERCENT")
_SHOWN = 5


def row(use: Utilisation) -> tuple[str, ...]:
    """Return one range as cleaned cells, in the order of `HEADINGS`."""
    counts = (use.used, use.assigned, use.listening, use.unusable, use.free)
    kind = clean(use.type) if use.type else "-"
    return (clean(use.name), kind, str(use.priority), str(use.ports), *map(str, counts), f"{use.percent:.1f}")


def range_json(use: Utilisation) -> Json:
    """Return one range; `type` is null for the sequential search."""
    return {
        "name": clean(use.name),
        "type": clean(use.type) if use.type else None,
        "priority": use.priority,
        "first": use.ports.first,
        "last": use.ports.last,
        "total": use.total,
        "used": use.used,
        "assigned": use.assigned,
        "listening": use.listening,
        "unusable": use.unusable,
        "free": use.free,
        "percent": use.percent,
        "ephemeral": [use.ephemeral.first, use.ephemeral.last] if use.ephemeral else None,
        "reserved": list(use.reserved),
    }


def notices(uses: Iterable[Utilisation]) -> Iterator[str]:
    """Yield where a range and the operating system get in each other's way, and which ranges are full."""
    for use in uses:
        name = f"{clean(use.name)} ({use.ports})"
        if use.ephemeral:
            yield f"{name}: the system also hands out {use.ephemeral} to outgoing connections, so none of it is given"
        if use.reserved:
            more = len(use.reserved) - _SHOWN
            ports = [str(port) for port in use.reserved[:_SHOWN]] + ([f"{more} more"] if more > 0 else [])
            yield f"{name}: the system reserves {and_list(ports)}"
        if not use.free:
            yield f"{name} is full: {plural(use.used, 'port')} in use, {use.unusable} that cannot be given"
