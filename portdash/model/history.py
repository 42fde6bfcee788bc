"""What became of assignments: changed rows, the operations that changed them, and the lines of history."""

from enum import StrEnum

from portdash.model.assignment import Assignment, ServiceKey
from portdash.record import record


@record
class Change:
    """One row before and after a batch."""

    before: Assignment | None
    after: Assignment | None

    @property
    def key(self) -> ServiceKey:
        """The service whose row it is."""
        row = self.after or self.before
        assert row is not None
        return row.key


@record(kw_only=True)
class Operation:
    """A batch that was applied, kept so that it can be undone and so that a retry has no second effect."""

    id: str
    title: str
    workspace: str
    actor: str
    at: float
    revision: int
    changes: tuple[Change, ...]
    undone: bool = False
    """Whether a later operation took it back, or it took back one itself: undoing again goes further into the past."""


class EventKind(StrEnum):
    """What happened to an assignment or a listener."""

    ASSIGNED = "assigned"
    MOVED = "moved"
    UPDATED = "updated"
    ADOPTED = "adopted"
    RELEASED = "released"
    TERMINATED = "terminated"
    CONFLICT = "conflict"
    RESOLVED = "resolved"
    FAILOVER = "failover"
    """Requests of a client went on from one instance to another, several times within a minute."""
    HEALTH = "health"
    """A service does better or worse: told to who listens, and never stored."""


@record(kw_only=True)
class Event:
    """One line of history."""

    kind: EventKind
    at: float
    """Unix time in seconds."""
    workspace: str
    service: str
    """The name as it was written."""
    actor: str
    reason: str
    from_port: int | None = None
    to_port: int | None = None
    revision: int = 0
    sequence: int = 0
    """Rises with every event of a store; 0 before it is stored."""
    host: str = ""
    """On which host: a store may be that of several. Empty where nobody wrote it down."""

    def is_of(self, host: str) -> bool:
        """Whether it may have happened on a host."""
        return self.host in ("", host)
