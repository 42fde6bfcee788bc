"""What happened to assignments, an event a line: as cells for a table, and as JSON."""

from collections.abc import Mapping
from types import MappingProxyType

from portdash.model.history import Event, EventKind
from portdash.report.serialise import LONGEST_COMMAND, Json, iso
from portdash.report.words import short_host
from portdash.text import clean

_NONE: Mapping[str, str] = MappingProxyType({})
HEADINGS = ("WHEN", "SERVICE", "WHAT", "WHO", "WHY")


def cells(
    event: Event, *, when: str, here: str | None, host: str = "", labels: Mapping[str, str] = _NONE
) -> tuple[str, ...]:
    """Return one event in the order of `HEADINGS`; `when` is its time in words.

    The service is named with its workspace unless that is `here`, by its label if it is one of `labels`, and with its
    host unless that is `host`.
    """
    name = event.service or "-"
    is_far = bool(host) and not event.is_of(host)
    place = labels.get(event.workspace, event.workspace)
    service = name if event.workspace == here and not is_far else f"{place}/{name}"
    service += f" on host {short_host(event.host)}" if is_far else ""
    return (when, clean(service), what(event), clean(event.actor) or "-", clean(event.reason) or "-")


def what(event: Event) -> str:
    """Return what happened and to which port: `assigned 3000`, `moved 3000 to 3001`, `released 3000`."""
    verb, before, after = event.kind.value, event.from_port, event.to_port
    if before is not None and after is not None and before != after:
        return f"{verb} {before} to {after}"
    port = before if event.kind is EventKind.RELEASED or after is None else after
    return verb if port is None else f"{verb} {port}"


def event_json(event: Event) -> Json:
    """Return one event; its time is null where the clock that took it was out of its mind."""
    return {
        "at": _iso(event.at),
        "kind": event.kind.value,
        "workspace": clean(event.workspace),
        "service": clean(event.service) or None,
        "from": event.from_port,
        "to": event.to_port,
        "actor": clean(event.actor),
        "reason": clean(event.reason, limit=LONGEST_COMMAND),
        "revision": event.revision,
        "host": clean(event.host) or None,
    }


def _iso(at: float) -> str | None:
    try:
        return iso(at)
    except (OverflowError, ValueError, OSError):
        return None
