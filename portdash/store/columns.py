"""What a row of the SQLite store's tables says. One that does not fit its checksum, or does not decode, is none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from portdash.model.assignment import Assignment, Lease, ServiceKey
from portdash.model.workspace import Workspace
from portdash.store.codec import PROTOCOLS, assignment_from, key_from, source_from
from portdash.store.fields import Fields, Undecodable, port, text, whole, word_of
from portdash.store.records import lease_from, workspace_from
from portdash.store.seal import row_sum

if TYPE_CHECKING:
    from portdash.model.history import Event, Operation
    from portdash.model.kept import PlanRecord, Quarantine
    from portdash.model.requests import Request

Columns = tuple[object, ...]
Changed = list[tuple[ServiceKey, Assignment | None]]
"""Rows as they became, in order; None for one that went."""


def intact(rows: Iterable[Columns]) -> list[Columns]:
    """Return the rows without their sums, which are right. Raises Undecodable."""
    found = []
    for *values, expected in rows:
        if row_sum(values) != expected:
            raise Undecodable("a row does not fit its checksum")
        found.append(tuple(values))
    return found


def changed_by(log: Iterable[Columns]) -> Changed:
    """Return the rows that operations changed, by their columns with the sums. Raises Undecodable."""
    from portdash.store.history import rows_after  # noqa: PLC0415  only who looks again

    return [row for columns in intact(log) for row in rows_after(Fields.parse(text(columns[5])))]


def assignment_of(columns: Columns) -> Assignment:
    """Return an assignment from its columns, the sum left out. Raises Undecodable."""
    *parts, number, source, revision, body = columns
    fields = Fields.parse(text(body))
    return assignment_from(key_from(parts), port(number), source_from(source), whole(revision), fields)


def lease_of(columns: Columns) -> Lease:
    """Return a lease from its columns, the sum left out. Raises Undecodable."""
    *parts, body = columns
    return lease_from(key_from(parts), Fields.parse(text(body)))


def workspace_of(columns: Columns) -> Workspace:
    """Return a workspace from its columns, the sum left out. Raises Undecodable."""
    return workspace_from(Fields.parse(text(columns[3])))


def quarantine_of(columns: Columns) -> Quarantine:
    """Return a quarantine from its columns, the sum left out. Raises Undecodable."""
    from portdash.model.kept import Quarantine  # noqa: PLC0415  mostly no port is kept

    host, protocol, number, released_at, service = columns
    if type(released_at) is not float:
        raise Undecodable("a quarantine has no time")
    return Quarantine(
        host=text(host),
        protocol=word_of(PROTOCOLS, protocol, "a protocol"),
        port=port(number),
        service=text(service),
        released_at=released_at,
    )


def plan_of(columns: Columns) -> PlanRecord:
    """Return a plan from its columns, the sum left out. Raises Undecodable."""
    from portdash.store.kept import plan_from  # noqa: PLC0415  mostly no port is kept

    identity, host, body = columns
    return plan_from(text(identity), text(host), Fields.parse(text(body)))


def request_of(columns: Columns) -> Request:
    """Return a request from its columns, the sum left out. Raises Undecodable."""
    from portdash.store.asked import request_from  # noqa: PLC0415  mostly nothing is asked

    identity, body = columns
    return request_from(text(identity), Fields.parse(text(body)))


def operation_of(columns: Columns) -> Operation:
    """Return an operation from its columns, the sum left out. Raises Undecodable."""
    from portdash.store.history import operation_from  # noqa: PLC0415  the past is asked for by few

    revision, identity, workspace, _, undone, body = columns
    return operation_from(
        identity=text(identity),
        revision=whole(revision),
        workspace=text(workspace),
        undone=bool(whole(undone)),
        body=Fields.parse(text(body)),
    )


def event_of(columns: Columns) -> Event:
    """Return an event from its columns, the sum left out. Raises Undecodable."""
    from portdash.store.history import event_from  # noqa: PLC0415  the past is asked for by few

    sequence, _, body = columns
    return event_from(whole(sequence), Fields.parse(text(body)))
