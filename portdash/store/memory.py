"""The store that lives in memory: for tests, the demo and programs that want nothing kept."""

import threading
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TypeVar

from portdash.errors import StoreUnavailable
from portdash.model.assignment import Assignment, Lease, ServiceKey, Source
from portdash.model.history import Change, Event, Operation
from portdash.model.kept import PlanRecord, Quarantine
from portdash.model.ports import IpProtocol
from portdash.model.requests import Request
from portdash.model.state import StoreState
from portdash.model.storage import Applied, Batch, Rejected
from portdash.model.workspace import Workspace
from portdash.store.rows import Effects, Refusal, Slot, is_remembered, slot_of
from portdash.store.schema import EVENTS_KEPT, OPERATIONS_KEPT
from portdash.store.transition import transit
from portdash.store.validation import check_batch

Key = TypeVar("Key")
Row = TypeVar("Row")


@dataclass(slots=True)
class _Contents:
    """What the store holds. Implements `rows.Rows`."""

    assignments: dict[ServiceKey, Assignment] = field(default_factory=dict)
    owners: dict[Slot, ServiceKey] = field(default_factory=dict)
    leases: dict[ServiceKey, Lease] = field(default_factory=dict)
    workspaces: dict[tuple[str, str], Workspace] = field(default_factory=dict)
    """By host and name without regard to case."""
    quarantines: dict[Slot, Quarantine] = field(default_factory=dict)
    applying: dict[str, PlanRecord] = field(default_factory=dict)
    asked: dict[str, Request] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)
    """By id, oldest first."""
    events: deque[Event] = field(default_factory=lambda: deque(maxlen=EVENTS_KEPT))
    sequence: int = 0

    def assignment(self, key: ServiceKey) -> Assignment | None:
        return self.assignments.get(key)

    def owner(self, slot: Slot) -> ServiceKey | None:
        return self.owners.get(slot)

    def taken(self, host: str, protocol: IpProtocol, ports: Sequence[int]) -> Collection[int]:
        return {port for port in ports if (host, protocol, port) in self.owners}

    def lease(self, key: ServiceKey) -> Lease | None:
        return self.leases.get(key)

    def workspace_named(self, host: str, name: str) -> Workspace | None:
        return self.workspaces.get((host, name.casefold()))

    def workspace_at(self, host: str, root: str) -> Workspace | None:
        mine = (each for (owner, _), each in self.workspaces.items() if owner == host)
        return next((each for each in mine if each.root == root), None)

    def plans(self) -> tuple[PlanRecord, ...]:
        return tuple(record for _, record in sorted(self.applying.items()))

    def requests(self) -> tuple[Request, ...]:
        return tuple(request for _, request in sorted(self.asked.items()))

    def operation(self, identity: str) -> Operation | None:
        return self.operations.get(identity)

    def carry_out(self, effects: Effects) -> None:
        """Change the contents as the effects say."""
        operation = effects.operation
        self._change_rows(operation.changes)
        _update(self.leases, effects.leases)
        for host, workspace in effects.workspaces:
            self.workspaces[host, workspace.name.casefold()] = workspace
        _update(self.quarantines, effects.quarantines)
        self.quarantines = {slot: each for slot, each in self.quarantines.items() if is_remembered(each, operation.at)}
        _update(self.applying, effects.plans)
        _update(self.asked, effects.requests)
        for event in effects.events:
            self.sequence += 1
            self.events.append(replace(event, sequence=self.sequence))
        for identity in effects.undone:
            self.operations[identity] = replace(self.operations[identity], undone=True)
        self.operations[operation.id] = operation
        if len(self.operations) > OPERATIONS_KEPT:
            del self.operations[next(iter(self.operations))]

    def _change_rows(self, changes: Sequence[Change]) -> None:
        """Take all old rows out before the new ones go in: two services may have swapped."""
        for change in changes:
            if change.before is not None:
                del self.assignments[change.key]
                if change.before.source is not Source.INHERITED:
                    del self.owners[slot_of(change.before)]
        for change in changes:
            if change.after is not None:
                self.assignments[change.key] = change.after
                if change.after.source is not Source.INHERITED:
                    self.owners[slot_of(change.after)] = change.key


class MemoryStore:
    """Implements `model.storage.Store` for the threads of one process; what it holds ends with it.

    `host` limits the workspaces of a snapshot to those of one machine, as the other stores do; None means all.
    """

    def __init__(self, *, host: str | None = None) -> None:
        self._host = host
        self._contents = _Contents()
        self._state = StoreState()
        self._changed = threading.Condition()
        self._closed = False

    @property
    def url(self) -> str:
        """`memory:`."""
        return "memory:"

    def snapshot(self, since: StoreState | None = None) -> StoreState:
        """Return what the store holds; the same object while nothing has changed."""
        with self._changed:
            self._check_open()
            return since if since is not None and since == self._state else self._state

    def apply(self, batch: Batch) -> Applied | Rejected:
        """Do all of `batch` or nothing."""
        check_batch(batch)
        with self._changed:
            self._check_open()
            if seen := self._contents.operation(batch.id):
                return Applied(seen)
            try:
                effects = transit(self._contents, batch, self._state.revision + 1)
            except Refusal as refusal:
                return Rejected(self._state, str(refusal))
            self._contents.carry_out(effects)
            self._state = self._freeze(effects.operation.revision)
            self._changed.notify_all()
            return Applied(effects.operation, effects.events)

    def watch(self, since: int, timeout: float) -> int:
        """Wait until the revision differs from `since`, at most `timeout` seconds; return the revision then."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._state.revision != since, timeout)
            return self._state.revision

    def events(self, *, limit: int = 100, service: str | None = None) -> tuple[Event, ...]:
        """Return the latest events, newest first; `service` compares without case."""
        with self._changed:
            self._check_open()
            latest = reversed(self._contents.events)
            wanted = (each for each in latest if service is None or each.service.casefold() == service.casefold())
            return tuple(event for event, _ in zip(wanted, range(limit), strict=False))

    def operations(self, workspace: str, *, limit: int = 1) -> tuple[Operation, ...]:
        """Return the latest operations of a workspace that changed rows and are not undone, newest first."""
        with self._changed:
            self._check_open()
            latest = reversed(self._contents.operations.values())
            wanted = (each for each in latest if each.workspace == workspace and each.changes and not each.undone)
            return tuple(operation for operation, _ in zip(wanted, range(limit), strict=False))

    def close(self) -> None:
        """Refuse further use and wake whoever watches; closing twice is fine."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreUnavailable("the store is closed")

    def _freeze(self, revision: int) -> StoreState:
        held = self._contents
        mine = (each for (host, _), each in held.workspaces.items() if self._host in (None, host))
        return StoreState(
            revision=revision,
            assignments=MappingProxyType(held.assignments.copy()),
            leases=MappingProxyType(held.leases.copy()),
            workspaces=tuple(sorted(mine, key=lambda each: each.name)),
            quarantines=tuple(each for _, each in sorted(held.quarantines.items())),
            plans=held.plans(),
            requests=held.requests(),
        )


def _update(rows: dict[Key, Row], changes: Mapping[Key, Row | None]) -> None:
    for key, row in changes.items():
        if row is None:
            rows.pop(key, None)
        else:
            rows[key] = row
