"""How a store's tables stand when a writer comes, told by one look: others wait meanwhile."""

import sqlite3
from typing import NamedTuple

from portdash.store.fields import Undecodable, whole
from portdash.store.seal import row_sum

_LOOK = """SELECT (SELECT coalesce(max(sequence), 0) FROM event), EXISTS (SELECT 1 FROM operation WHERE id = ?),
  EXISTS (SELECT 1 FROM plan), EXISTS (SELECT 1 FROM request), EXISTS (SELECT 1 FROM quarantine),
  one, revision, operation, sum FROM meta"""


class Standing(NamedTuple):
    """What a writer has to know before anything else."""

    revision: int
    last_sequence: int
    """The number of the latest event, 0 when there is none."""
    is_seen: bool
    """Whether the batch is in the log."""
    has_plans: bool
    has_requests: bool
    has_quarantines: bool


def standing(connection: sqlite3.Connection, identity: str) -> Standing:
    """Return how things stand for the batch of that id. Raises Undecodable."""
    found = connection.execute(_LOOK, (identity,)).fetchall()
    if len(found) != 1:
        raise Undecodable("its revision is missing")
    last, seen, plans, requests, quarantines, *meta, expected = found[0]
    if row_sum(meta) != expected:
        raise Undecodable("a row does not fit its checksum")
    return Standing(whole(meta[1]), whole(last), bool(seen), bool(plans), bool(requests), bool(quarantines))
