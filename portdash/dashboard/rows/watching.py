"""What nobody writes down, and only who watches can tell: when a service last ran, and that it never did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portdash.dashboard.rows.row import service_row_key
from portdash.model.assignment import ServiceKey, Source
from portdash.model.snapshot import ServiceView, Snapshot

if TYPE_CHECKING:
    from portdash.dashboard.rows.facts import Facts

GAP = 60.0
"""Seconds without a look after which nobody can tell what was never there."""


def last_running(snapshot: Snapshot, before: Facts | None) -> dict[ServiceKey, float]:
    """Return when each service was last seen to run, as far as this dashboard has watched."""
    running = dict(before.last_running) if before else {}
    running.update((view.key, snapshot.taken_at) for view in snapshot.services if view.is_running)
    return running


def is_watched(snapshot: Snapshot, before: Facts) -> bool:
    """Whether little enough time has passed since the last look that a server would have been seen."""
    return snapshot.taken_at - before.snapshot.taken_at < GAP


def unseen_since(snapshot: Snapshot, before: Facts | None) -> frozenset[ServiceKey]:
    """Return the services that got their port before our eyes and were never seen to run since.

    One that was adopted ran, and so did one of which a process is told. Of a service that was there at the first look,
    or while nobody looked, it is not known whether it ever ran.
    """
    if before is None or not is_watched(snapshot, before):
        return frozenset()
    found = set()
    for view in snapshot.services:
        row = view.assignment
        if row is None or not (before.unseen or row.assigned_at >= before.snapshot.taken_at):
            continue  # so it is with nearly all of thousands
        if row.source is Source.DETECTED or view.is_running or view.key in snapshot.leases:
            continue
        if view.key in before.unseen or not (_had_port(view, before) or view.key in before.last_running):
            found.add(view.key)
    return frozenset(found)


def _had_port(view: ServiceView, before: Facts) -> bool:
    known = before.subjects.get(service_row_key(view))
    return isinstance(known, ServiceView) and known.assignment is not None
