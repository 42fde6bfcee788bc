"""What history says of a scope, in figures: ports given, and how many conflicts were settled."""

from collections.abc import Iterable

from portdash.model.history import Event, EventKind
from portdash.model.snapshot import Snapshot
from portdash.record import record
from portdash.report.scope import Scope
from portdash.text import plural


@record(kw_only=True)
class Record:
    """Counts of what happened, as far back as history is kept."""

    given: int = 0
    """Services that got a port, adopted ones among them."""
    moved: int = 0
    released: int = 0
    found: int = 0
    """Conflicts that portdash dealt with, and those that are there now."""
    resolved: int = 0
    """Those of them that it settled. One that went away by itself is none of either."""

    @property
    def rate(self) -> float | None:
        """Resolved conflicts in percent of those found, to one decimal; None where there were none."""
        return round(100 * self.resolved / self.found, 1) if self.found else None

    @property
    def ports_phrase(self) -> str:
        """`12 ports given, 3 moved, 1 given back`."""
        return f"{plural(self.given, 'port')} given, {self.moved} moved, {self.released} given back"

    @property
    def conflicts_phrase(self) -> str:
        """`found 3, resolved 2 (66.7%)`."""
        return f"found {self.found}, resolved {self.resolved} ({self.rate}%)" if self.found else "none found"


def record_of(events: Iterable[Event], snapshot: Snapshot, scope: Scope) -> Record:
    """Count the `events` of `scope` on the snapshot's host, oldest first, with the conflicts that are there now.

    A store may be that of several hosts, and the report is about one. A conflict is one service in trouble on one port,
    however often it was looked at before it was settled.
    """
    counts = dict.fromkeys(EventKind, 0)
    found = resolved = 0
    unsettled: set[tuple[str, str, int | None]] = set()
    for event in events:
        if not (event.is_of(snapshot.host) and _covers(scope, event)):
            continue
        counts[event.kind] += 1
        trouble = (event.workspace, event.service.casefold(), event.from_port)
        if event.kind is EventKind.CONFLICT and trouble not in unsettled:
            unsettled.add(trouble)
            found += 1
        elif event.kind is EventKind.RESOLVED and trouble in unsettled:
            unsettled.remove(trouble)
            resolved += 1
    there = scope.conflicts(snapshot)
    now = {(each.key.workspace, each.key.service, each.port) for each in there if not each.kind.is_notice}
    return Record(
        given=counts[EventKind.ASSIGNED] + counts[EventKind.ADOPTED],
        moved=counts[EventKind.MOVED],
        released=counts[EventKind.RELEASED],
        found=found + len(now - unsettled),
        resolved=resolved,
    )


def _covers(scope: Scope, event: Event) -> bool:
    if scope.service is not None:
        return (event.workspace, event.service.casefold()) == (scope.service.workspace, scope.service.service)
    return scope.workspace in (None, event.workspace)
