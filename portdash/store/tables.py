"""Reading the tables of the SQLite store, whole or one row at a time.

Every row passes its checksum and the strict decoder; one that does not raises Undecodable.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from portdash.model.assignment import Assignment, Lease, ServiceKey
from portdash.model.ports import IpProtocol
from portdash.model.workspace import Workspace
from portdash.named_tuple import NamedTuple
from portdash.store.codec import PROTOCOLS, assignment_from, key_columns, key_from, source_from
from portdash.store.fields import Fields, Undecodable, port, text, whole, word_of
from portdash.store.records import lease_from, workspace_from
from portdash.store.schema import BY_KEY, SELECT_ASSIGNMENT, SELECT_WORKSPACE
from portdash.store.seal import row_sum

if TYPE_CHECKING:
    from portdash.model.history import Event, Operation
    from portdash.model.kept import PlanRecord, Quarantine
    from portdash.model.requests import Request
    from portdash.store.rows import Slot

Columns = tuple[object, ...]
Changed = list[tuple[ServiceKey, Assignment | None]]
"""Rows as they became, in order; None for one that went."""

_LEASE = "SELECT host, user, workspace, environment, service, protocol, body, sum FROM lease"
_QUARANTINE = "SELECT host, protocol, port, released_at, service, sum FROM quarantine"
_PLAN = "SELECT id, host, body, sum FROM plan"
_REQUEST = "SELECT id, body, sum FROM request"
_OPERATION = "SELECT revision, id, workspace, changed, undone, body, sum FROM operation"
_AT_ONCE = 16
_TAKEN = (  # one text for any number, which SQLite has prepared
    f"SELECT port FROM assignment WHERE host = ? AND port IN ({', '.join('?' * _AT_ONCE)}) "  # noqa: S608 (our words)
    "AND protocol = ? AND source <> 'inherited'"
)
_EVENT = "SELECT sequence, service, body, sum FROM event"


class Version(NamedTuple):
    """Which state of a store it is: two files with one revision may still have had different pasts."""

    revision: int = 0
    operation: str = ""
    """Id of the latest operation."""


def searchable(words: str) -> bytes:
    """Return a foreign text as a column holds it for looking up: lone surrogates would not go into a TEXT."""
    return words.encode("utf-8", "surrogatepass")


class Tables:
    """A store's rows as a connection sees them. Implements `rows.Rows`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def version(self) -> Version:
        """Return the revision and what made it."""
        rows = self._select("SELECT one, revision, operation, sum FROM meta")
        if len(rows) != 1:
            raise Undecodable("its revision is missing")
        _, revision, operation = rows[0]
        return Version(whole(revision), text(operation))

    def assignment(self, key: ServiceKey) -> Assignment | None:
        """Return the row of a service."""
        return next(self._assignments(f"{SELECT_ASSIGNMENT} {BY_KEY}", *key_columns(key)), None)

    def assignments(self) -> dict[ServiceKey, Assignment]:
        """Return every row."""
        return self.assignments_to_be()()

    def assignments_to_be(self) -> Callable[[], dict[ServiceKey, Assignment]]:
        """Read every row, and return what makes of it what it says: that needs neither the tables nor the moment."""
        found = self._fetch(SELECT_ASSIGNMENT)
        return lambda: {row.key: row for row in map(assignment_of, _intact(found))}

    def revisions(self) -> dict[ServiceKey, int]:
        """Return the revision of every row, and nothing else of it."""
        columns = "host, user, workspace, environment, service, protocol, revision"
        rows = self._connection.execute(f"SELECT {columns} FROM assignment")  # noqa: S608 (our words)
        return {key_from(parts): whole(revision) for *parts, revision in rows}

    def owner(self, slot: Slot) -> ServiceKey | None:
        """Return whose port it is, services that inherit it aside."""
        where = "WHERE host = ? AND port = ? AND protocol = ? AND source <> 'inherited'"
        host, protocol, number = slot
        rows = self._select(f"{SELECT_ASSIGNMENT} {where}", host, number, protocol.value)
        return key_from(rows[0][:6]) if rows else None

    def taken(self, host: str, protocol: IpProtocol, ports: Sequence[int]) -> set[int]:
        """Return those of the ports that are somebody's, services that inherit them aside.

        A row that does not fit its sum counts as well: it takes a port from others, and is noticed when it is read.
        """
        found: set[int] = set()
        for start in range(0, len(ports), _AT_ONCE):
            some = ports[start : start + _AT_ONCE]
            filling = [some[0]] * (_AT_ONCE - len(some))
            asked = (host, *some, *filling, protocol.value)
            found.update(whole(number) for (number,) in self._connection.execute(_TAKEN, asked))
        return found

    def lease(self, key: ServiceKey) -> Lease | None:
        """Return the lease of a service."""
        return next(map(lease_of, self._select(f"{_LEASE} {BY_KEY}", *key_columns(key))), None)

    def leases(self) -> dict[ServiceKey, Lease]:
        """Return every lease."""
        return {lease.key: lease for lease in map(lease_of, self._select(_LEASE))}

    def workspace_named(self, host: str, name: str) -> Workspace | None:
        """Return the workspace of that name; case does not count."""
        rows = self._select(f"{SELECT_WORKSPACE} WHERE host = ? AND folded = ?", host, name.casefold())
        return next(map(workspace_of, rows), None)

    def workspace_at(self, host: str, root: str) -> Workspace | None:
        """Return the workspace of that root."""
        rows = self._select(f"{SELECT_WORKSPACE} WHERE host = ? AND root = ?", host, searchable(root))
        return next(map(workspace_of, rows), None)

    def workspaces(self, host: str) -> tuple[Workspace, ...]:
        """Return the workspaces of a host, by name."""
        rows = self._select(f"{SELECT_WORKSPACE} WHERE host = ?", host)
        return tuple(sorted(map(workspace_of, rows), key=lambda each: each.name))

    def quarantines(self) -> tuple[Quarantine, ...]:
        """Return the ports given back, by host, protocol and number."""
        return tuple(map(quarantine_of, self._select(f"{_QUARANTINE} ORDER BY host, protocol, port")))

    def plans(self) -> tuple[PlanRecord, ...]:
        """Return the plans in state `applying`, by id."""
        return tuple(map(plan_of, self._select(f"{_PLAN} ORDER BY id")))

    def requests(self) -> tuple[Request, ...]:
        """Return what supervisors are asked for, by id."""
        return tuple(map(request_of, self._select(f"{_REQUEST} ORDER BY id")))

    def operation(self, identity: str) -> Operation | None:
        """Return an operation that is still in the log."""
        return next(map(operation_of, self._select(f"{_OPERATION} WHERE id = ?", identity)), None)

    def operation_at(self, revision: int) -> str | None:
        """Return the id of the operation that made a revision, None when it is not in the log."""
        row = self._connection.execute("SELECT id FROM operation WHERE revision = ?", (revision,)).fetchone()
        return text(row[0]) if row else None

    def changes_after(self, revision: int) -> tuple[int, Callable[[], Changed]]:
        """Read the operations that followed on `revision`: how many, and what tells the rows that they changed."""
        found = self._fetch(f"{_OPERATION} WHERE revision > ? ORDER BY revision", revision)
        return len(found), lambda: _changed_by(found)

    def operations(self, workspace: str, limit: int) -> tuple[Operation, ...]:
        """Return the latest operations of a workspace that changed rows and are not undone, newest first."""
        where = "WHERE workspace = ? AND changed = 1 AND undone = 0 ORDER BY revision DESC LIMIT ?"
        return tuple(map(operation_of, self._select(f"{_OPERATION} {where}", workspace, limit)))

    def events(self, limit: int, service: str | None) -> tuple[Event, ...]:
        """Return the latest events, newest first."""
        last = "ORDER BY sequence DESC LIMIT ?"
        if service is None:
            rows = self._select(f"{_EVENT} {last}", limit)
        else:
            rows = self._select(f"{_EVENT} WHERE service = ? {last}", searchable(service.casefold()), limit)
        return tuple(map(event_of, rows))

    def _assignments(self, sql: str, *parameters: object) -> Iterator[Assignment]:
        return map(assignment_of, self._select(sql, *parameters))

    def _select(self, sql: str, *parameters: object) -> list[Columns]:
        """Return the rows without their sums, which are right."""
        return _intact(self._fetch(sql, *parameters))

    def _fetch(self, sql: str, *parameters: object) -> list[Columns]:
        """Return the rows with their sums, whatever these are."""
        return self._connection.execute(sql, parameters).fetchall()


def _intact(rows: Iterable[Columns]) -> list[Columns]:
    """Return the rows without their sums, which are right."""
    found = []
    for *values, expected in rows:
        if row_sum(values) != expected:
            raise Undecodable("a row does not fit its checksum")
        found.append(tuple(values))
    return found


def _changed_by(log: Iterable[Columns]) -> Changed:
    from portdash.store.history import rows_after  # noqa: PLC0415  only who looks again

    return [row for columns in _intact(log) for row in rows_after(Fields.parse(text(columns[5])))]


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
