"""Reading what a store holds, and only what has changed since it was last read."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from portdash.model.assignment import Assignment, ServiceKey
from portdash.model.state import StoreState
from portdash.store.columns import Changed
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

    def look(self, tables: Tables) -> Callable[[], StoreState]:
        """Read what has changed, and return what makes a state of it; the same object while nothing has changed.

        To make it takes longer than to read, and while somebody reads a writer cannot commit.
        """
        version = tables.version()
        with self._guard:
            known, state, rows = self._version, self._state, self._rows
        if version == known:
            return lambda: state
        make = _follow(tables, known, rows, version) or tables.assignments_to_be()
        leases, workspaces, quarantines = tables.leases(), tables.workspaces(self._host), tables.quarantines()
        plans, requests = tables.plans(), tables.requests()

        def made() -> StoreState:
            rows = make()
            state = StoreState(
                revision=version.revision,
                assignments=MappingProxyType(rows),
                leases=MappingProxyType(leases),
                workspaces=workspaces,
                quarantines=quarantines,
                plans=plans,
                requests=requests,
            )
            return self._keep(version, state, rows)

        return made

    def _keep(self, version: Version, state: StoreState, rows: dict[ServiceKey, Assignment]) -> StoreState:
        with self._guard:
            if version != self._version:
                self._version, self._state, self._rows = version, state, rows
            return self._state


def _follow(
    tables: Tables, known: Version, rows: dict[ServiceKey, Assignment], version: Version
) -> Callable[[], dict[ServiceKey, Assignment]] | None:
    """Return what makes the rows as the log of operations changed them, None when it does not reach back to `known`.

    It must hold the very operation that made `known`: a file restored from a copy can have the same revisions and
    another past.
    """
    behind = version.revision - known.revision
    if not known.revision or not 0 < behind <= _FURTHEST:
        return None
    if tables.operation_at(known.revision) != known.operation:
        return None
    count, changed = tables.changes_after(known.revision)
    return partial(_changed, rows, changed) if count == behind else None


def _changed(rows: dict[ServiceKey, Assignment], changed: Callable[[], Changed]) -> dict[ServiceKey, Assignment]:
    after = rows.copy()
    for key, row in changed():
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
