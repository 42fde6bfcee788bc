"""What a store keeps, the changes it can be asked for, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from portdash.model.assignment import Assignment, Lease, ServiceKey
from portdash.model.ports import IpProtocol
from portdash.model.workspace import Workspace

QUARANTINE_SECONDS = 60.0
"""How long a port that was given back is kept from other services: browsers, clients and TIME_WAIT remember it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantine:
    """A port that was given back a moment ago."""

    host: str
    protocol: IpProtocol
    port: int
    service: str
    """Who had it."""
    released_at: float
    """Unix time in seconds."""


class PlanState(StrEnum):
    """How far a plan that touches processes has come."""

    APPLYING = "applying"
    APPLIED = "applied"
    ROLLED_BACK = "rolled_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRecord:
    """A plan that ends processes, written down before it starts so that a crash leaves a trace."""

    id: str
    host: str
    workspace: str
    title: str
    state: PlanState
    pid: int
    """Process that applies it."""
    started: int
    """Start of that process in kernel ticks, 0 where the system does not tell."""
    boot_id: str
    reserved: tuple[tuple[IpProtocol, int], ...] = ()
    """Ports nobody else may take until it is over."""


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Give the service the first of `options` whose port nobody has.

    The row must be at revision `expected` (None: must not exist). Options differ in port and in how they came about.
    """

    options: tuple[Assignment, ...]
    expected: int | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove:
    """Delete the row, which must be at revision `expected`, and put its port in quarantine."""

    key: ServiceKey
    expected: int
    reason: str


@dataclass(frozen=True, slots=True)
class RecordWorkspace:
    """Remember which root has which workspace name. A root that has a name keeps it."""

    host: str
    workspace: Workspace


@dataclass(frozen=True, slots=True)
class TakeLease:
    """Note that a process uses the assignment; replaces an earlier lease of the service."""

    lease: Lease


@dataclass(frozen=True, slots=True)
class DropLease:
    """End a lease; without effect when another token holds it by now."""

    key: ServiceKey
    token: str


@dataclass(frozen=True, slots=True)
class RecordPlan:
    """Write down a plan or its new state."""

    record: PlanRecord


@dataclass(frozen=True, slots=True)
class RecordEvent:
    """Add a line of history that no row change stands for."""

    event: Event


@dataclass(frozen=True, slots=True)
class MarkUndone:
    """Note that an operation was taken back. The batch that does so is not offered for undoing itself."""

    operation_id: str


Op = Claim | Remove | RecordWorkspace | TakeLease | DropLease | RecordPlan | RecordEvent | MarkUndone


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Changes that happen together or not at all, as one revision."""

    id: str
    """Made by the client; a batch whose id the store has seen has no second effect."""
    title: str
    """What history and undo call it: `allocate web`."""
    workspace: str
    actor: str
    at: float
    """Unix time in seconds."""
    ops: tuple[Op, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreState:
    """Everything a store holds, at one revision."""

    revision: int = 0
    assignments: Mapping[ServiceKey, Assignment] = field(default_factory=lambda: MappingProxyType({}))
    leases: Mapping[ServiceKey, Lease] = field(default_factory=lambda: MappingProxyType({}))
    workspaces: tuple[Workspace, ...] = ()
    """Those of this host."""
    quarantines: tuple[Quarantine, ...] = ()
    plans: tuple[PlanRecord, ...] = ()
    """Those in state `applying`."""
    stale_since: float | None = None
    """Unix time of the last contact with an authority that is out of reach, None while what is here is current."""
    notices: tuple[str, ...] = ()
    """What is worth knowing about the store itself, a sentence each."""


@dataclass(frozen=True, slots=True)
class Applied:
    """The batch is stored; it was acknowledged after it became durable."""

    operation: Operation
    """With the rows as they are now; a replayed batch gets the first answer again."""
    events: tuple[Event, ...] = field(default=(), compare=False)
    """What happened, as it stands in history but for its place there; none for a batch that was replayed."""

    @property
    def revision(self) -> int:
        """The store's revision with this batch."""
        return self.operation.revision


@dataclass(frozen=True, slots=True)
class Rejected:
    """A precondition failed, or no option was free; nothing was stored."""

    state: StoreState
    """What the store holds now: plan again from here."""
    detail: str
    """Which precondition, for people."""


class Store(Protocol):
    """Where assignments live. Safe to use from several threads and, but for the memory store, several processes."""

    @property
    def url(self) -> str:
        """How this store is named in configuration."""
        ...

    def snapshot(self, since: StoreState | None = None) -> StoreState:
        """Return what the store holds. With `since`, return that same object when nothing has changed. StoreError."""
        ...

    def apply(self, batch: Batch) -> Applied | Rejected:
        """Store all of `batch` or nothing, durably, raising the revision by exactly one. Raises StoreError."""
        ...

    def watch(self, since: int, timeout: float) -> int:
        """Wait until the revision differs from `since`, at most `timeout` seconds; return the revision then."""
        ...

    def events(self, *, limit: int = 100, service: str | None = None) -> tuple[Event, ...]:
        """Return the latest events, newest first; `service` compares without case."""
        ...

    def operations(self, workspace: str, *, limit: int = 1) -> tuple[Operation, ...]:
        """Return the latest operations of a workspace that changed rows and are not undone, newest first."""
        ...

    def close(self) -> None:
        """Let go of files and connections; closing twice is fine."""
        ...


class RemoteStore(Store, Protocol):
    """A store on another machine, which cannot see whether a process lives: a lease is over unless it is renewed."""

    def heartbeat(self, lease: Lease) -> bool:
        """Let a lease live on from now; False when it is over, or another's by now. Raises StoreError."""
        ...
