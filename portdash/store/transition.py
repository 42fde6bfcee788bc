"""What a batch does to a store: pure, and the same for every back end.

A batch is judged by its end: rows that it changes or removes give up their ports first, so two services may swap, and
only then does each claim, in order, take the first of its options that nobody has.
"""

from portdash.model.assignment import Assignment, Lease, ServiceKey, Source
from portdash.model.history import Change, Event, EventKind, Operation
from portdash.model.kept import PlanRecord, PlanState, Quarantine
from portdash.model.storage import (
    Answer,
    Ask,
    Batch,
    Claim,
    DropLease,
    MarkUndone,
    Op,
    RecordEvent,
    RecordPlan,
    RecordWorkspace,
    Remove,
    TakeLease,
)
from portdash.model.workspace import Workspace
from portdash.record import field, record, replace
from portdash.store import refusals
from portdash.store.asking import Asked
from portdash.store.places import Places
from portdash.store.rows import Effects, Refusal, Rows, Slot, slot_of


def transit(rows: Rows, batch: Batch, revision: int) -> Effects:
    """Return what `batch` does as revision `revision`. Raises Refusal, and then nothing is to be done."""
    draft = _Draft(rows, batch, revision)
    for op in batch.ops:
        draft.take(op)
    return draft.effects()


@record(frozen=False)
class _Row:
    """A row that the batch touches: as the store has it, as it is by now, and why."""

    before: Assignment | None
    now: Assignment | None
    reason: str = ""

    @property
    def is_change(self) -> bool:
        """Whether there is anything to tell of it."""
        return self.before is not None or self.now is not None


@record(frozen=False)
class _Draft:
    """A batch half worked through."""

    rows: Rows
    batch: Batch
    revision: int
    touched: dict[ServiceKey, _Row] = field(default_factory=dict)
    history: list[_Row | Event] = field(default_factory=list)
    """What becomes an event, in order: a touched row, or an event as it was handed in."""
    leases: dict[ServiceKey, Lease | None] = field(default_factory=dict)
    workspaces: list[tuple[str, Workspace]] = field(default_factory=list)
    quarantines: dict[Slot, Quarantine | None] = field(default_factory=dict)
    plans: dict[str, PlanRecord | None] = field(default_factory=dict)
    undone: list[str] = field(default_factory=list)
    places: Places = field(init=False)
    asked: Asked = field(init=False)

    def __post_init__(self) -> None:
        ops, plans = self.batch.ops, tuple(self.rows.plans())
        vacated = [
            op.options[0].key if isinstance(op, Claim) else op.key for op in ops if isinstance(op, Claim | Remove)
        ]
        own = {op.record.id for op in ops if isinstance(op, RecordPlan)}
        reserved = frozenset((plan.host, *slot) for plan in plans if plan.id not in own for slot in plan.reserved)
        self.places = Places(self.rows, vacated=vacated, reserved=reserved)
        self.asked = Asked(self.rows.requests(), self.batch.at, {plan.id for plan in plans})

    def take(self, op: Op) -> None:
        """Work one op in."""
        match op:
            case Claim():
                self._claim(op)
            case Remove():
                self._remove(op)
            case TakeLease():
                self._take_lease(op.lease)
            case DropLease():
                self._drop_lease(op)
            case Ask():
                self.asked.ask(op.request, self._held(op.request.key))
            case Answer():
                self.asked.answer(op)
            case _:
                self._note(op)

    def _note(self, op: RecordWorkspace | RecordPlan | RecordEvent | MarkUndone) -> None:
        """Work in what is merely written down."""
        match op:
            case RecordWorkspace():
                self._record_workspace(op.host, op.workspace)
            case RecordPlan():
                self.plans[op.record.id] = op.record if op.record.state is PlanState.APPLYING else None
            case RecordEvent():
                self.history.append(replace(op.event, revision=self.revision))
            case MarkUndone():
                self._mark_undone(op.operation_id)

    def effects(self) -> Effects:
        """Return the sum of it all."""
        for key, row in self.touched.items():
            if row.now is None:
                self.leases[key] = None
        operation = Operation(
            id=self.batch.id,
            title=self.batch.title,
            workspace=self.batch.workspace,
            actor=self.batch.actor,
            at=self.batch.at,
            revision=self.revision,
            changes=tuple([Change(row.before, row.now) for row in self.touched.values() if row.is_change]),
            undone=bool(self.undone),
        )
        events = [
            entry if isinstance(entry, Event) else self._event(entry)
            for entry in self.history
            if isinstance(entry, Event) or entry.is_change
        ]
        return Effects(
            operation=operation,
            events=tuple(events),
            leases=self.leases,
            workspaces=tuple(self.workspaces),
            quarantines=self.quarantines,
            plans=self.plans,
            requests=self.asked.changes,
            undone=tuple(self.undone),
        )

    def _claim(self, op: Claim) -> None:
        key, name = op.options[0].key, op.options[0].name
        row = self._row(key)
        self._expect(name, row.now, op.expected)
        chosen = self.places.first_free(op.options)
        if chosen is None:
            first = op.options[0]
            raise Refusal(refusals.taken(name, first.port, self.places.obstacle(first)))
        self._give_up(row)
        row.now, row.reason = replace(chosen, revision=self.revision), op.reason
        if chosen.source is not Source.INHERITED:
            self.places.put(chosen)
            self.quarantines[slot_of(chosen)] = None  # somebody's port again

    def _remove(self, op: Remove) -> None:
        row = self._row(op.key)
        gone = row.now
        self._expect(op.key.service, gone, op.expected)
        if gone is None:
            raise Refusal(refusals.gone_already(op.key.service))
        self._give_up(row)
        row.now, row.reason = None, op.reason
        if gone.source is not Source.INHERITED:  # an inherited port is still its parent's
            host, protocol, port = slot = slot_of(gone)
            if slot not in self.places:
                self.quarantines[slot] = Quarantine(
                    host=host, protocol=protocol, port=port, service=gone.name, released_at=self.batch.at
                )

    def _row(self, key: ServiceKey) -> _Row:
        row = self.touched.get(key)
        if row is None:
            before = self.places.before(key)
            row = self.touched[key] = _Row(before, before)
            self.history.append(row)
        return row

    @staticmethod
    def _expect(name: str, row: Assignment | None, expected: int | None) -> None:
        if (row.revision if row else None) == expected:
            return
        raise Refusal(refusals.moved(name, row.port) if row else refusals.gone(name))

    def _give_up(self, row: _Row) -> None:
        """Forget where an earlier op of this batch placed the service."""
        if row.now is not None:
            self.places.take_back(row.now)

    def _take_lease(self, lease: Lease) -> None:
        row = self.touched[lease.key].now if lease.key in self.touched else self.rows.assignment(lease.key)
        if row is None:
            raise Refusal(refusals.not_leased(lease.key.service))
        self.leases[lease.key] = lease

    def _held(self, key: ServiceKey) -> Lease | None:
        return self.leases[key] if key in self.leases else self.rows.lease(key)

    def _drop_lease(self, op: DropLease) -> None:
        held = self._held(op.key)
        if held is not None and held.token == op.token:
            self.leases[op.key] = None

    def _record_workspace(self, host: str, workspace: Workspace) -> None:
        """Write a workspace down; a root keeps the name it has, and a name the root."""
        named, there = self._known_workspaces(host, workspace)
        if there is not None and there.name != workspace.name:
            raise Refusal(refusals.rooted(workspace.root, there.name))
        if named is not None and workspace.root is not None and named.root != workspace.root:
            raise Refusal(refusals.named(named.name))
        if named is None or (workspace.root is not None and named != workspace):
            self.workspaces.append((host, workspace))

    def _known_workspaces(self, host: str, workspace: Workspace) -> tuple[Workspace | None, Workspace | None]:
        """Return the workspace that has the name, and the one that has the root, with those of this batch."""
        named = self.rows.workspace_named(host, workspace.name)
        there = self.rows.workspace_at(host, workspace.root) if workspace.root is not None else None
        for owner, other in self.workspaces:
            if owner == host and other.name.casefold() == workspace.name.casefold():
                named = other
            if owner == host and workspace.root is not None and other.root == workspace.root:
                there = other
        return named, there

    def _mark_undone(self, identity: str) -> None:
        operation = self.rows.operation(identity)
        if operation is None:
            raise Refusal(refusals.TOO_LONG_AGO)
        if operation.undone or identity in self.undone:
            raise Refusal(refusals.undone_already(operation.title))
        self.undone.append(identity)

    def _event(self, row: _Row) -> Event:
        shown = row.now or row.before
        assert shown is not None
        return Event(
            kind=_kind(row),
            at=self.batch.at,
            workspace=shown.key.workspace,
            service=shown.name,
            actor=self.batch.actor,
            reason=row.reason,
            from_port=row.before.port if row.before else None,
            to_port=row.now.port if row.now else None,
            revision=self.revision,
            host=shown.key.host,
        )


def _kind(row: _Row) -> EventKind:
    if row.now is None:
        return EventKind.RELEASED
    if row.before is None:
        return EventKind.ADOPTED if row.now.source is Source.DETECTED else EventKind.ASSIGNED
    return EventKind.UPDATED if row.before.port == row.now.port else EventKind.MOVED
