"""Writing a batch's effects into the tables of the SQLite store. The caller holds the transaction."""

import sqlite3
from collections.abc import Iterable, Sequence

from portdash.model.assignment import Assignment, Lease, ServiceKey
from portdash.model.history import Change, Event, Operation
from portdash.model.kept import QUARANTINE_SECONDS, PlanRecord, Quarantine
from portdash.model.requests import Request
from portdash.model.state import StoreState
from portdash.model.workspace import Workspace
from portdash.store.asked import request_body
from portdash.store.codec import assignment_body, key_columns
from portdash.store.fields import dumps
from portdash.store.history import event_body, operation_body
from portdash.store.kept import plan_body
from portdash.store.records import lease_body, workspace_body
from portdash.store.rows import Effects
from portdash.store.schema import APPLICATION_ID, BY_KEY, EVENTS_KEPT, OPERATIONS_KEPT, SCHEMA, SWEEP, VERSION
from portdash.store.seal import row_sum
from portdash.store.tables import Standing, searchable


def create(connection: sqlite3.Connection) -> None:
    """Make an empty file a store at revision 0."""
    for statement in SCHEMA:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("INSERT INTO meta VALUES (1, 0, '', ?)", (row_sum((1, 0, "")),))


def write(connection: sqlite3.Connection, effects: Effects, before: Standing) -> None:
    """Write all of `effects` into tables that stand as they did `before`."""
    operation = effects.operation
    _write_changes(connection, operation.changes)
    for key, lease in effects.leases.items():
        if lease is None:
            connection.execute(f"DELETE FROM lease {BY_KEY}", key_columns(key))  # noqa: S608 (our words)
        else:
            _replace(connection, "lease", _lease(lease))
    for host, workspace in effects.workspaces:
        _replace(connection, "workspace", _workspace(host, workspace))
    _write_quarantines(connection, effects, are_some=before.has_quarantines)
    for identity, plan in effects.plans.items():
        if plan is None:
            connection.execute("DELETE FROM plan WHERE id = ?", (identity,))
        else:
            _replace(connection, "plan", _plan(plan))
    for identity, request in effects.requests.items():
        if request is None:
            connection.execute("DELETE FROM request WHERE id = ?", (identity,))
        else:
            _replace(connection, "request", _request(request))
    _write_events(connection, effects.events, before.last_sequence)
    for identity in effects.undone:
        _mark_undone(connection, identity)
    _replace(connection, "operation", _operation(operation))
    _replace(connection, "meta", (1, operation.revision, operation.id))
    if operation.revision % SWEEP == 0:
        connection.execute("DELETE FROM operation WHERE revision <= ?", (operation.revision - OPERATIONS_KEPT,))
        latest = before.last_sequence + len(effects.events)
        connection.execute("DELETE FROM event WHERE sequence <= ?", (latest - EVENTS_KEPT,))


def restore(
    connection: sqlite3.Connection,
    *,
    operation: Operation,
    assignments: Iterable[Assignment],
    leases: Iterable[Lease],
    workspaces: Iterable[tuple[str, Workspace]],
    quarantines: Iterable[Quarantine],
    plans: Iterable[PlanRecord],
    operations: Iterable[Operation],
    events: Iterable[Event],
) -> None:
    """Fill an empty store with rows as they were; `operation` is what makes its revision."""
    rows: list[tuple[str, tuple[object, ...]]] = [("assignment", _assignment(row)) for row in assignments]
    rows += [("lease", _lease(lease)) for lease in leases]
    rows += [("workspace", _workspace(host, workspace)) for host, workspace in workspaces]
    rows += [("quarantine", _quarantine(quarantine)) for quarantine in quarantines]
    rows += [("plan", _plan(plan)) for plan in plans]
    rows += [("operation", _operation(each)) for each in (*operations, operation)]
    for table, values in rows:
        _insert(connection, table, values)
    for event in events:
        service = searchable(event.service.casefold())
        _insert(connection, "event", (event.sequence, service, dumps(event_body(event))))
    _replace(connection, "meta", (1, operation.revision, operation.id))


def write_state(
    connection: sqlite3.Connection, state: StoreState, *, host: str, operation: str, changed: Iterable[ServiceKey]
) -> None:
    """Make the tables hold `state`, which the operation of that id made, and no log.

    `host` is the machine whose workspaces a state names, `changed` the rows in which the tables differ from it.
    """
    keys = tuple(changed)
    for key in keys:  # all of them first: two services may have swapped
        connection.execute(f"DELETE FROM assignment {BY_KEY}", key_columns(key))  # noqa: S608 (our words)
    for key in keys:
        if row := state.assignments.get(key):
            _insert(connection, "assignment", _assignment(row))
    for table in ("lease", "workspace", "quarantine", "plan", "request"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 (our words)
    for lease in state.leases.values():
        _insert(connection, "lease", _lease(lease))
    for workspace in state.workspaces:
        _insert(connection, "workspace", _workspace(host, workspace))
    for quarantine in state.quarantines:
        _insert(connection, "quarantine", _quarantine(quarantine))
    for plan in state.plans:
        _insert(connection, "plan", _plan(plan))
    for request in state.requests:
        _insert(connection, "request", _request(request))
    _replace(connection, "meta", (1, state.revision, operation))


def _write_changes(connection: sqlite3.Connection, changes: Sequence[Change]) -> None:
    """Delete first, insert then: the unique index must see two services that swap only when both are done."""
    for change in changes:
        if change.before is not None:
            connection.execute(f"DELETE FROM assignment {BY_KEY}", key_columns(change.key))  # noqa: S608 (our words)
    for change in changes:
        if change.after is not None:
            _insert(connection, "assignment", _assignment(change.after))


def _write_quarantines(connection: sqlite3.Connection, effects: Effects, *, are_some: bool) -> None:
    for (host, protocol, port), quarantine in effects.quarantines.items():
        if quarantine is not None:
            _replace(connection, "quarantine", _quarantine(quarantine))
        elif are_some:
            slot = (host, protocol.value, port)
            connection.execute("DELETE FROM quarantine WHERE host = ? AND protocol = ? AND port = ?", slot)
    if are_some:
        now = effects.operation.at
        connection.execute("DELETE FROM quarantine WHERE abs(released_at - ?) >= ?", (now, QUARANTINE_SECONDS))


def _write_events(connection: sqlite3.Connection, events: Sequence[Event], last: int) -> None:
    for sequence, event in enumerate(events, last + 1):
        service = searchable(event.service.casefold())
        _insert(connection, "event", (sequence, service, dumps(event_body(event))))


def _mark_undone(connection: sqlite3.Connection, identity: str) -> None:
    sql = "SELECT revision, id, workspace, changed, body FROM operation WHERE id = ?"
    *front, body = connection.execute(sql, (identity,)).fetchone()
    _replace(connection, "operation", (*front, 1, body))


def _insert(connection: sqlite3.Connection, table: str, values: tuple[object, ...]) -> None:
    """Insert a row in the order of its columns, with its sum as the last one."""
    marks = ", ".join("?" * (len(values) + 1))
    connection.execute(f"INSERT INTO {table} VALUES ({marks})", (*values, row_sum(values)))  # noqa: S608 (our words)


def _replace(connection: sqlite3.Connection, table: str, values: tuple[object, ...]) -> None:
    """Insert a row in place of the one with its key."""
    marks = ", ".join("?" * (len(values) + 1))
    connection.execute(f"REPLACE INTO {table} VALUES ({marks})", (*values, row_sum(values)))  # noqa: S608 (our words)


def _assignment(row: Assignment) -> tuple[object, ...]:
    return *key_columns(row.key), row.port, row.source.value, row.revision, dumps(assignment_body(row))


def _lease(lease: Lease) -> tuple[object, ...]:
    return *key_columns(lease.key), dumps(lease_body(lease))


def _workspace(host: str, workspace: Workspace) -> tuple[object, ...]:
    root = None if workspace.root is None else searchable(workspace.root)
    return host, workspace.name.casefold(), root, dumps(workspace_body(workspace))


def _quarantine(quarantine: Quarantine) -> tuple[object, ...]:
    place = (quarantine.host, quarantine.protocol.value, quarantine.port)
    return *place, float(quarantine.released_at), quarantine.service


def _plan(plan: PlanRecord) -> tuple[object, ...]:
    return plan.id, plan.host, dumps(plan_body(plan))


def _request(request: Request) -> tuple[object, ...]:
    return request.id, dumps(request_body(request))


def _operation(operation: Operation) -> tuple[object, ...]:
    place = (operation.revision, operation.id, operation.workspace)
    return *place, int(bool(operation.changes)), int(operation.undone), dumps(operation_body(operation))
