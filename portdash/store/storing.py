"""Storing a batch in the tables of the SQLite store, in the caller's transaction. Who only reads does without it."""

import sqlite3

from portdash.model.storage import Applied, Batch
from portdash.store.rows import Refusal
from portdash.store.tables import Tables
from portdash.store.transition import transit
from portdash.store.writing import write


def store(connection: sqlite3.Connection, batch: Batch) -> Applied | str:
    """Write all that `batch` changes and commit; return it as stored, now or under its id before, or why it was not."""
    tables = Tables(connection)
    if seen := tables.operation(batch.id):
        return Applied(seen)
    try:
        effects = transit(tables, batch, tables.version().revision + 1)
    except Refusal as refusal:
        return str(refusal)
    write(connection, effects, last_sequence=tables.last_sequence())
    connection.execute("COMMIT")
    return Applied(effects.operation, effects.events)
