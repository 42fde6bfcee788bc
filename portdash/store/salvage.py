"""What can still be read of a damaged store: row by row, each held to its checksum, by every way that leads to it.

It works on a copy, cut to whole pages and with a fresh first page where the old one is gone; the damaged file is read
once, from end to end, and left alone.
"""

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from portdash.model.assignment import Assignment, Lease, ServiceKey
from portdash.model.history import Event, Operation
from portdash.model.kept import PlanRecord, Quarantine
from portdash.model.workspace import Workspace
from portdash.store.columns import (
    Columns,
    assignment_of,
    event_of,
    lease_of,
    operation_of,
    plan_of,
    quarantine_of,
    workspace_of,
)
from portdash.store.fields import Undecodable
from portdash.store.rows import Slot
from portdash.store.schema import APPLICATION_ID
from portdash.store.seal import row_sum
from portdash.store.writing import create

LARGEST = 256 << 20
"""Bytes of the largest file that is looked into; a store has a few hundred kilobytes."""
_PAGE = 4096
_MAGIC = b"SQLite format 3\0"


@dataclass(slots=True)
class Salvage:
    """Rows that were read, and how many could not be trusted."""

    revision: int = 0
    """The highest that any row tells of."""
    assignments: dict[ServiceKey, Assignment] = field(default_factory=dict)
    leases: dict[ServiceKey, Lease] = field(default_factory=dict)
    workspaces: dict[tuple[str, str], Workspace] = field(default_factory=dict)
    """By host and folded name."""
    quarantines: dict[Slot, Quarantine] = field(default_factory=dict)
    plans: dict[str, PlanRecord] = field(default_factory=dict)
    operations: dict[int, Operation] = field(default_factory=dict)
    """By revision."""
    events: dict[int, Event] = field(default_factory=dict)
    """By sequence number."""
    damaged: set[tuple[str, int]] = field(default_factory=set)
    """Table and number of each row that was there and was not as written."""
    cut: set[str] = field(default_factory=set)
    """Tables that could not be read to their end."""

    @property
    def is_whole(self) -> bool:
        """Whether no assignment can be missing."""
        return "assignment" not in self.cut and not any(table == "assignment" for table, _ in self.damaged)


Take = Callable[[Salvage, Columns], None]


def salvage(path: Path) -> Salvage:
    """Return what can be read of the store at `path`. Raises OSError when not even its bytes can be."""
    with path.open("rb") as file:
        data = file.read(LARGEST)
    found = Salvage()
    with tempfile.TemporaryDirectory(prefix="portdash-repair-") as directory:
        fresh = _fresh(Path(directory) / "fresh.db")
        journal = Path(f"{path}-journal")
        _read(Path(directory) / "as-it-is.db", _padded(data), found, journal=journal if journal.is_file() else None)
        if not found.assignments:  # the page that says where the tables are is the same in every store
            found.cut.clear()
            _read(Path(directory) / "mended.db", _mended(data, fresh), found)
    return found


def _read(copy: Path, data: bytes, found: Salvage, *, journal: Path | None = None) -> None:
    copy.write_bytes(data)
    if journal is not None:
        with contextlib.suppress(OSError):
            Path(f"{copy}-journal").write_bytes(journal.read_bytes())
    try:
        connection = sqlite3.connect(copy, isolation_level=None)
    except sqlite3.Error:
        found.cut.add("assignment")
        return
    with contextlib.closing(connection):
        connection.text_factory = _text
        for table, columns, take in _TABLES:
            _take(connection, table, columns, found, take)


def _text(data: bytes) -> str:
    """Decode a text; one that is no UTF-8 fails its checksum rather than the whole read."""
    return data.decode("utf-8", "replace")


def _take(connection: sqlite3.Connection, table: str, columns: str, found: Salvage, take: Take) -> None:
    """Read one table from both ends, and by its index, until a way leads to the end."""
    for way in ("ORDER BY rowid", "ORDER BY rowid DESC", f"ORDER BY {columns.split(',', maxsplit=1)[0]}"):
        sql = f"SELECT rowid, {columns}, sum FROM {table} {way}"  # noqa: S608 (our words)
        if _take_all(_rows(connection, sql), table, found, take):
            return
    found.cut.add(table)


def _take_all(rows: Iterable[Columns | None], table: str, found: Salvage, take: Take) -> bool:
    """Keep the rows that are as they were written, count the others; say whether this was all of them."""
    for row in rows:
        if row is None:
            return False
        number, *values, expected = row
        slot = (table, number if isinstance(number, int) else -1)
        try:
            intact = row_sum(values) == expected
            if intact:
                take(found, tuple(values))
        except (Undecodable, UnicodeError):
            intact = False
        if intact:
            found.damaged.discard(slot)
        else:
            found.damaged.add(slot)
    return True


def _rows(connection: sqlite3.Connection, sql: str) -> Iterator[Columns | None]:
    """Yield rows, and None where a damaged page ends them."""
    try:
        yield from connection.execute(sql)
    except sqlite3.Error:
        yield None


def _padded(data: bytes) -> bytes:
    """Return whole pages, as many as the header promises: SQLite reads none of a file that is shorter."""
    promised = int.from_bytes(data[28:32], "big") * _PAGE if data[:16] == _MAGIC else 0
    length = max(len(data), promised if promised <= LARGEST else 0)
    return data.ljust(-(-length // _PAGE) * _PAGE, b"\0")


def _mended(data: bytes, fresh: bytes) -> bytes:
    """Return the data with the first page of a fresh store, which names the same tables at the same places.

    That of the requests aside, which an earlier store did not have; nobody waits for their answers any more.
    """
    whole = data.ljust(-(-max(len(data), len(fresh)) // _PAGE) * _PAGE, b"\0")
    pages = (len(whole) // _PAGE).to_bytes(4, "big")
    return fresh[:28] + pages + fresh[32:_PAGE] + whole[_PAGE:]


def _fresh(path: Path) -> bytes:
    """Return the file of a store that holds nothing."""
    connection = sqlite3.connect(path, isolation_level=None)
    with contextlib.closing(connection):
        connection.execute("BEGIN")
        create(connection)
        connection.execute("COMMIT")
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        assert application == APPLICATION_ID
    data = path.read_bytes()
    os.unlink(path)  # noqa: PTH108
    return data


def _take_meta(found: Salvage, values: Columns) -> None:
    if isinstance(values[1], int):
        found.revision = max(found.revision, values[1])


def _take_assignment(found: Salvage, values: Columns) -> None:
    row = assignment_of(values)
    found.assignments[row.key] = row
    found.revision = max(found.revision, row.revision)


def _take_lease(found: Salvage, values: Columns) -> None:
    lease = lease_of(values)
    found.leases[lease.key] = lease


def _take_workspace(found: Salvage, values: Columns) -> None:
    workspace = workspace_of(values)
    found.workspaces[str(values[0]), workspace.name.casefold()] = workspace


def _take_quarantine(found: Salvage, values: Columns) -> None:
    quarantine = quarantine_of(values)
    found.quarantines[quarantine.host, quarantine.protocol, quarantine.port] = quarantine


def _take_plan(found: Salvage, values: Columns) -> None:
    plan = plan_of(values)
    found.plans[plan.id] = plan


def _take_operation(found: Salvage, values: Columns) -> None:
    operation = operation_of(values)
    found.operations[operation.revision] = operation
    found.revision = max(found.revision, operation.revision)


def _take_event(found: Salvage, values: Columns) -> None:
    event = event_of(values)
    found.events[event.sequence] = event
    found.revision = max(found.revision, event.revision)


_KEY = "host, user, workspace, environment, service, protocol"
_TABLES: Iterable[tuple[str, str, Take]] = (
    ("meta", "one, revision, operation", _take_meta),
    ("assignment", f"{_KEY}, port, source, revision, body", _take_assignment),
    ("lease", f"{_KEY}, body", _take_lease),
    ("workspace", "host, folded, root, body", _take_workspace),
    ("quarantine", "host, protocol, port, released_at, service", _take_quarantine),
    ("plan", "id, host, body", _take_plan),
    ("operation", "revision, id, workspace, changed, undone, body", _take_operation),
    ("event", "sequence, service, body", _take_event),
)
