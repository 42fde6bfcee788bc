"""What a store can be asked for, and what it answers."""

from typing import Protocol

from portdash.model.assignment import Assignment, Lease, ServiceKey
from portdash.model.history import Event, Operation
from portdash.model.kept import PlanRecord
from portdash.model.requests import Request
from portdash.model.state import StoreState
from portdash.model.workspace import Workspace
from portdash.record import field, record


@record(kw_only=True)
class Claim:
    """Give the service the first of `options` whose port nobody has.

    The row must be at revision `expected` (None: must not exist). Options differ in port and in how they came about.
    """

    options: tuple[Assignment, ...]
    expected: int | None
    reason: str


@record(kw_only=True)
class Remove:
    """Delete the row, which must be at revision `expected`, and put its port in quarantine."""

    key: ServiceKey
    expected: int
    reason: str


@record
class RecordWorkspace:
    """Remember which root has which workspace name. A root that has a name keeps it."""

    host: str
    workspace: Workspace


@record
class TakeLease:
    """Note that a process uses the assignment; replaces an earlier lease of the service."""

    lease: Lease


@record
class DropLease:
    """End a lease; without effect when another token holds it by now."""

    key: ServiceKey
    token: str


@record
class RecordPlan:
    """Write down a plan or its new state."""

    record: PlanRecord


@record
class RecordEvent:
    """Add a line of history that no row change stands for."""

    event: Event


@record
class MarkUndone:
    """Note that an operation was taken back. The batch that does so is not offered for undoing itself."""

    operation_id: str


@record
class Ask:
    """Put a request to the supervisor whose lease has its token; refused when that lease is over."""

    request: Request


@record
class Answer:
    """Answer a request; without effect when it is gone, or answered already."""

    request_id: str
    ok: bool
    text: str


Op = Claim | Remove | RecordWorkspace | TakeLease | DropLease | RecordPlan | RecordEvent | MarkUndone | Ask | Answer


@record(kw_only=True)
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


@record
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


@record
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
