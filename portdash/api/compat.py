"""`/api/ports` and `/api/health`, in the shapes that the clients of another port manager read. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from portdash.api.publishing import is_server
from portdash.model.assignment import Assignment, url_of
from portdash.model.names import base_name
from portdash.model.snapshot import ServiceView, Snapshot
from portdash.planning.rules import WEB_TYPES
from portdash.planning.well_known import TYPES, well_known
from portdash.report.serialise import Json
from portdash.text import clean

_WEBSOCKETS = ("websocket", "websockets", "ws", "wss", "socket")
"""Names of services that are spoken to by websocket."""
_OWN_KEYS = ("environment", "urls")
"""Keys of the document that no service of that name takes."""


def ports_json(snapshot: Snapshot) -> Json:
    """Return the ports of the workspace by service, and the URLs of those that browsers talk to."""
    rows = [view.assignment for view in _here(snapshot) if view.assignment]
    ports: Json = {clean(row.name): row.port for row in rows if row.name not in _OWN_KEYS}
    urls = {clean(row.name): url_of(row.port, scheme) for row in rows if (scheme := scheme_of(row))}
    return {"success": True, "data": {**ports, "environment": clean(snapshot.environment), "urls": urls}}


def health_json(snapshot: Snapshot, *, now: float, detailed: bool) -> Json:
    """Return how the services of the workspace do, all in one word or, `detailed`, one by one. `now` is unix time."""
    views = list(_here(snapshot))
    ill = any(view.health.state.is_ill for view in views)
    summary: Json = {"status": "unhealthy" if ill else "healthy", "timestamp": moment(now)}
    if not detailed:
        return summary
    return {**summary, "services": {clean(view.name): _service(view, now) for view in views}}


def scheme_of(row: Assignment) -> str | None:
    """Return how browsers talk to a service: `ws`, `http`, None for a database and its like."""
    name, known = base_name(row.key.service), well_known(row.name)
    kind = row.spec.type or (known.type if known else name if name in TYPES else None)
    if kind == "websocket" or name in _WEBSOCKETS:
        return "ws"
    return "http" if kind is None or kind in WEB_TYPES else None


def moment(at: float) -> str:
    """Return unix time in seconds as `2025-08-18T15:01:00.802Z`."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _here(snapshot: Snapshot) -> Iterator[ServiceView]:
    """Yield the services of the workspace, without the API itself: who asks it knows where it is."""
    for view in snapshot.services:
        is_here = view.key.workspace == snapshot.workspace and view.key.environment == snapshot.environment
        if is_here and not is_server(view.key):
            yield view


def _service(view: ServiceView, now: float) -> Json:
    listener = view.listeners[0] if view.listeners else None
    started = listener.owner.started_at if listener and listener.owner else None
    return {
        "status": view.health.state.value,
        "connections": listener.connections if listener else None,
        "uptime": None if started is None else round(max(0.0, now - started), 3),
        "timestamp": moment(now),
    }
