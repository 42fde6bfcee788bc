"""Reading what a store holds, and only what has changed since it was last read."""

from __future__ import annotations

import threading
from types import MappingProxyType
from typing import TYPE_CHECKING

from portdash.model.assignment import Assignment, ServiceKey
from portdash.model.state import StoreState
from portdash.store.tables import Tables, Version

if TYPE_CHECKING:
    from portdash.model.history import Operation

_FURTHEST = 100
"""Revisions behind which reading everything anew is no dearer than following the log of operations."""


class States:
    """The latest state that was read, shared by all threads, as the ground for the next."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._guard = threading.Lock()
        self._version = Version()
        self._state = StoreState()
        self._rows: dict[ServiceKey, Assignment] = {}

    def empty(self) -> StoreState:
        """Return the state of a store that has no file yet."""
        return self._keep(Version(), StoreState(), {})

    def current(self, tables: Tables) -> StoreState:
        """Return what `tables` hold; the same object while nothing has changed."""
        version = tables.version()
        with self._guard:
            known, state, rows = self._version, self._state, self._rows
        if version == known:
            return state
        followed = _follow(tables, known, rows, version)
        rows = tables.assignments() if followed is None else followed
        state = StoreState(
            revision=version.revision,
            assignments=MappingProxyType(rows),
            leases=MappingProxyType(tables.leases()),
            workspaces=tables.workspaces(self._host),
            quarantines=tables.quarantines(),
            plans=tables.plans(),
            requests=tables.requests(),
        )
        return self._keep(version, state, rows)

    def _keep(self, version: Version, state: StoreState, rows: dict[ServiceKey, Assignment]) -> StoreState:
        with self._guard:
            if version != self._version:
                self._version, self._state, self._rows = version, state, rows
            return self._state


def _follow(
    tables: Tables, known: Version, rows: dict[ServiceKey, Assignment], version: Version
) -> dict[ServiceKey, Assignment] | None:
    """Return the rows as the log of operations changed them, None when the log does not reach back to `known`.

    It must hold the very operation that made `known`: a file restored from a copy can have the same revisions and
    another past.
    """
    behind = version.revision - known.revision
    if not known.revision or not 0 < behind <= _FURTHEST:
        return None
    if tables.operation_at(known.revision) != known.operation:
        return None
    log = tables.changes_after(known.revision)
    if len(log) != behind:
        return None
    after = rows.copy()
    for changes in log:
        for key, row in changes:
            if row is None:
                after.pop(key, None)
            else:
                after[key] = row
    return after


def replay(rows: dict[ServiceKey, Assignment], log: tuple[Operation, ...]) -> dict[ServiceKey, Assignment]:
    """Return the rows as the operations changed them, oldest first."""
    after = rows.copy()
    for operation in log:
        for change in operation.changes:
            if change.after is None:
                after.pop(change.key, None)
            else:
                after[change.key] = change.after
    return after
