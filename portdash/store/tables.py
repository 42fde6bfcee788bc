"""Reading the tables of the SQLite store, whole or one row at a time.

Every row passes its checksum and the strict decoder; one that does not raises Undecodable.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from portdash.model.assignment import Assignment, Lease, ServiceKey
from portdash.model.ports import IpProtocol
from portdash.model.workspace import Workspace
from portdash.named_tuple import NamedTuple
from portdash.store.codec import key_columns, key_from
from portdash.store.columns import (
    Changed,
    Columns,
    assignment_of,
    changed_by,
    event_of,
    intact,
    lease_of,
    operation_of,
    plan_of,
    quarantine_of,
    request_of,
    workspace_of,
)
from portdash.store.fields import Undecodable, text, whole
from portdash.store.schema import BY_KEY, SELECT_ASSIGNMENT, SELECT_WORKSPACE

if TYPE_CHECKING:
    from portdash.model.history import Event, Operation
    from portdash.model.kept import PlanRecord, Quarantine
    from portdash.model.requests import Request
    from portdash.store.rows import Slot

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
_TAKEN_BETWEEN = (
    "SELECT port FROM assignment WHERE host = ? AND port BETWEEN ? AND ? AND protocol = ? AND source <> 'inherited'"
)
_NEAR = 64
"""Ports that are no further apart are looked for along the index, which is found once, not for each of them."""
_EVENT = "SELECT sequence, service, body, sum FROM event"
_STANDING = """SELECT (SELECT coalesce(max(sequence), 0) FROM event), EXISTS (SELECT 1 FROM operation WHERE id = ?),
  EXISTS (SELECT 1 FROM plan), EXISTS (SELECT 1 FROM request), EXISTS (SELECT 1 FROM quarantine),
  one, revision, operation, sum FROM meta"""


class Version(NamedTuple):
    """Which state of a store it is: two files with one revision may still have had different pasts."""

    revision: int = 0
    operation: str = ""
    """Id of the latest operation."""


class Standing(NamedTuple):
    """What a writer has to know of the tables as they are, by one look: others wait meanwhile."""

    revision: int
    last_sequence: int
    """The number of the latest event, 0 when there is none."""
    is_seen: bool
    """Whether the batch is in the log."""
    has_plans: bool
    has_requests: bool
    has_quarantines: bool


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

    def standing(self, identity: str) -> Standing:
        """Return how things stand for the batch of that id."""
        found = self._fetch(_STANDING, identity)
        if len(found) != 1:
            raise Undecodable("its revision is missing")
        last, seen, plans, requests, quarantines, *meta = found[0]
        ((_, revision, _),) = intact([tuple(meta)])
        return Standing(whole(revision), whole(last), bool(seen), bool(plans), bool(requests), bool(quarantines))

    def assignment(self, key: ServiceKey) -> Assignment | None:
        """Return the row of a service."""
        return next(self._assignments(f"{SELECT_ASSIGNMENT} {BY_KEY}", *key_columns(key)), None)

    def assignments(self) -> dict[ServiceKey, Assignment]:
        """Return every row."""
        return self.assignments_to_be()()

    def assignments_to_be(self) -> Callable[[], dict[ServiceKey, Assignment]]:
        """Read every row, and return what makes of it what it says: that needs neither the tables nor the moment."""
        found = self._fetch(SELECT_ASSIGNMENT)
        return lambda: {row.key: row for row in map(assignment_of, intact(found))}

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
            first, last = min(some), max(some)
            if last - first < _NEAR:
                rows = self._connection.execute(_TAKEN_BETWEEN, (host, first, last, protocol.value))
            else:
                filling = [some[0]] * (_AT_ONCE - len(some))
                rows = self._connection.execute(_TAKEN, (host, *some, *filling, protocol.value))
            found.update([whole(number) for (number,) in rows])
        return found.intersection(ports)

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
        return len(found), lambda: changed_by(found)

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
        return intact(self._fetch(sql, *parameters))

    def _fetch(self, sql: str, *parameters: object) -> list[Columns]:
        """Return the rows with their sums, whatever these are."""
        return self._connection.execute(sql, parameters).fetchall()
