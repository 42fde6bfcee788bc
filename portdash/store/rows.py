"""The seam between the transition and the back ends: the rows it looks at, and what it answers."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from portdash.model.assignment import Assignment, Lease, ServiceKey
from portdash.model.history import Event, Operation
from portdash.model.kept import QUARANTINE_SECONDS, PlanRecord, Quarantine
from portdash.model.ports import IpProtocol
from portdash.model.requests import Request
from portdash.model.workspace import Workspace
from portdash.record import record

Slot = tuple[str, IpProtocol, int]
"""A port of a host, which at most one service has; services that inherit it aside."""


class Rows(Protocol):
    """The few rows that a transition looks at, one at a time."""

    def assignment(self, key: ServiceKey) -> Assignment | None:
        """Return the row of a service."""
        ...

    def owner(self, slot: Slot) -> ServiceKey | None:
        """Return whose port it is, services that inherit it aside."""
        ...

    def taken(self, host: str, protocol: IpProtocol, ports: Sequence[int]) -> Collection[int]:
        """Return those of the ports that are somebody's, services that inherit them aside."""
        ...

    def lease(self, key: ServiceKey) -> Lease | None:
        """Return the lease of a service."""
        ...

    def workspace_named(self, host: str, name: str) -> Workspace | None:
        """Return the workspace of that name; case does not count."""
        ...

    def workspace_at(self, host: str, root: str) -> Workspace | None:
        """Return the workspace of that root."""
        ...

    def plans(self) -> Iterable[PlanRecord]:
        """Return the plans in state `applying`."""
        ...

    def requests(self) -> Iterable[Request]:
        """Return what supervisors are asked for, by id."""
        ...

    def operation(self, identity: str) -> Operation | None:
        """Return an operation that is still in the log."""
        ...


class Refusal(Exception):
    """A precondition failed, or no option was free; `str()` says which, for people."""


@record(kw_only=True)
class Effects:
    """All that a batch changes. None in a mapping means that the row goes."""

    operation: Operation
    events: tuple[Event, ...]
    leases: Mapping[ServiceKey, Lease | None]
    workspaces: tuple[tuple[str, Workspace], ...]
    quarantines: Mapping[Slot, Quarantine | None]
    plans: Mapping[str, PlanRecord | None]
    requests: Mapping[str, Request | None]
    undone: tuple[str, ...]


def slot_of(row: Assignment) -> Slot:
    """Return the port that a row stands for."""
    return row.key.host, row.key.protocol, row.port


def is_remembered(quarantine: Quarantine, now: float) -> bool:
    """Whether a port given back still counts; a clock that was set back must not keep it for years."""
    return abs(now - quarantine.released_at) < QUARANTINE_SECONDS
