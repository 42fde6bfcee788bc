"""Storing a batch in the tables of the SQLite store, in the caller's transaction. Who only reads does without it."""

import sqlite3

from portdash.model.kept import PlanRecord
from portdash.model.requests import Request
from portdash.model.storage import Applied, Batch
from portdash.store.rows import Refusal
from portdash.store.tables import Standing, Tables
from portdash.store.transition import transit
from portdash.store.writing import write


def store(connection: sqlite3.Connection, batch: Batch) -> Applied | str:
    """Write all that `batch` changes and commit; return it as stored, now or under its id before, or why it was not."""
    before = Tables(connection).standing(batch.id)
    rows = _Rows(connection, before)
    if before.is_seen and (seen := rows.operation(batch.id)):
        return Applied(seen)
    try:
        effects = transit(rows, batch, before.revision + 1)
    except Refusal as refusal:
        return str(refusal)
    write(connection, effects, before)
    connection.execute("COMMIT")
    return Applied(effects.operation, effects.events)


class _Rows(Tables):
    """The rows before the batch. What there mostly is none of is asked for only if there is some: others wait."""

    def __init__(self, connection: sqlite3.Connection, before: Standing) -> None:
        super().__init__(connection)
        self._before = before

    def plans(self) -> tuple[PlanRecord, ...]:
        """Return the plans in state `applying`, by id."""
        return super().plans() if self._before.has_plans else ()

    def requests(self) -> tuple[Request, ...]:
        """Return what supervisors are asked for, by id."""
        return super().requests() if self._before.has_requests else ()
