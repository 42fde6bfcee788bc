"""One round of bringing the committed file and the authority to agree."""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from uuid import uuid4

from portdash.errors import StoreFileInvalid
from portdash.model.assignment import Assignment
from portdash.model.storage import Batch, EventKind, Rejected, Store, StoreState
from portdash.store.locking import lock_file
from portdash.store.projection.checking import check
from portdash.store.projection.committed_file import CommittedFile, Found, Swapped, Unusable
from portdash.store.projection.common_state import Agreed, CommonState
from portdash.store.projection.editing import ACTOR, Draft, draft
from portdash.store.projection.merge import Edits, merge, project
from portdash.store.projection.placing import Placer
from portdash.store.projection.portmap import BadMap, Entry, format_map, parse_map
from portdash.store.projection.scope import Scope, held
from portdash.text import clean

_log = logging.getLogger(__name__)

ROUNDS = 8
"""How often a round begins anew because the file or the rows changed under it."""
_EVENTS = 100
"""Latest events of a name that are looked at; it may be that of services of other workspaces as well."""
PATIENCE = 10.0
"""Seconds the lock is waited for."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What a round came to."""

    state: StoreState
    """The authority's."""
    found: Found
    """The file as it is by now."""
    values: Mapping[str, int]
    """What the file says, by folded name."""
    unplaced: tuple[str, ...] = ()
    """Services of the file for which there is no port."""
    unwritten: str | None = None
    """Why the file could not be written, None when it was or need not be."""
    pending: str | None = None
    """Why edits of the file are not applied, None when they are."""


class Syncer:
    """Reads the file, applies what was edited in it, and writes it back."""

    def __init__(
        self,
        authority: Store,
        file: CommittedFile,
        scope: Scope,
        common: Callable[[str], CommonState],
        *,
        place: Placer,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._authority = authority
        self._file = file
        self._scope = scope
        self._common = common
        self._place = place
        self._clock = clock

    @property
    def name(self) -> str:
        """The file's path, ready to show."""
        return clean(str(self._file.path), limit=None)

    @property
    def _source(self) -> str:
        return clean(self._file.path.name)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only one, of all processes, that brings this file and its rows to agree. Raises StoreError."""
        common = self._common(self._real())
        common.make_directory()
        with lock_file(common.lock_path, patience=PATIENCE, store=str(self._file.path)):
            yield

    def look(self) -> Agreement | None:
        """Return the agreement if there is one already, None when something is to be done. Writes nothing."""
        side = self._read()
        agreed = Agreement(side.state, side.found, self._values(side, side.state))
        if side.found.content is None and (side.base is not None or not side.rows):
            return agreed
        return agreed if side.base == side.values and not self._is_stale(side, side.state, may_create=False) else None

    def pretend(self) -> Agreement:
        """Return what there is where nothing may be written."""
        side = self._read()
        pending = "nothing may be written" if side.edits else None
        return Agreement(side.state, side.found, side.values, pending=pending)

    def sync(self, *, changed: bool = False) -> Agreement:
        """Bring both to agree, under the lock. `changed` says that a batch of ours changed rows just now.

        Raises StoreFileInvalid for a file that is no map of ports, which stays as it is, and StoreError.
        """
        why = ""
        for _ in range(ROUNDS):
            side = self._read()
            try:
                edited = self._apply(side) if side.edits else Draft(ops=(), unplaced=())
                state = self._authority.snapshot() if edited.ops else side.state
                return self._write(side, state, edited.unplaced, changed=changed)
            except (Swapped, _Outrun) as error:
                why = str(error)
        side = self._read()
        return Agreement(side.state, side.found, side.values, unwritten=why, pending=why if side.edits else None)

    def _read(self) -> "_Side":
        common = self._common(self._real())
        agreed, state = common.load(), self._authority.snapshot()
        rows = self._scope.rows(state)
        self._check_owner(agreed, state)
        base = None if agreed is None or agreed.owner != self._scope.owner else self._vouched(agreed, rows)
        try:
            found = self._file.read()
            entries = {} if found.content is None else {each.name.casefold(): each for each in parse_map(found.content)}
            values = {name: entry.port for name, entry in entries.items()}
            edits = Edits({}, frozenset())
            if found.content is not None and values != base:
                edits = merge(base, values, held(rows))
                check(entries, edits, rows, self._scope)
        except (BadMap, Unusable) as error:
            raise self._invalid(error) from error
        return _Side(common, base, state, rows, found, entries, values, edits)

    def _check_owner(self, agreed: Agreed | None, state: StoreState) -> None:
        """Raise StoreFileInvalid when the file stands for the rows of another scope, which are still there."""
        if agreed is None or agreed.owner == self._scope.owner:
            return
        if any((key.host, key.user, key.workspace, key.environment) == agreed.owner for key in state.assignments):
            _, _, workspace, environment = agreed.owner
            raise self._invalid(
                Unusable(
                    f"it holds the ports of {clean(workspace)} ({clean(environment)})",
                    hint=f"name another file in `store` for {self._scope.workspace.name} ({self._scope.environment})",
                )
            )

    def _vouched(self, agreed: Agreed, rows: Mapping[str, Assignment]) -> dict[str, int]:
        """Return the common state without what the authority has lost since: there the file counts.

        A store that was moved away, repaired or restored from a copy has rows that are gone without a word in its
        history, or that are older than the agreement and say something else. Nobody changed those.
        """
        return {
            name: port
            for name, port in agreed.ports.items()
            if ((row := rows.get(name)) and (port in (row.port, row.home) or row.revision > agreed.revision))
            or (row is None and self._was_released(name, agreed.revision))
        }

    def _was_released(self, name: str, since: int) -> bool:
        return any(
            event.kind is EventKind.RELEASED
            and event.workspace == self._scope.workspace.name
            and event.revision > since
            for event in self._authority.events(limit=_EVENTS, service=name)
        )

    def _apply(self, side: "_Side") -> Draft:
        """Give the authority the edits in one batch. Raises _Outrun when the rows are others by now."""
        now = self._clock()
        try:
            edited = draft(
                self._scope,
                side.state,
                side.edits,
                side.entries,
                place=self._place,
                at=now,
                source=self._file.path.name,
            )
        except BadMap as error:
            raise self._invalid(error) from error
        if not edited.ops:
            return edited
        batch = Batch(
            id=uuid4().hex,
            title=f"take over {self._source}",
            workspace=self._scope.workspace.name,
            actor=ACTOR,
            at=now,
            ops=edited.ops,
        )
        answer = self._authority.apply(batch)
        if isinstance(answer, Rejected):
            raise _Outrun(answer.detail)
        return edited

    def _write(self, side: "_Side", state: StoreState, unplaced: tuple[str, ...], *, changed: bool) -> Agreement:
        """Write the file where it does not say what the rows say, and note the common state. Raises Swapped."""
        found, unwritten = side.found, None
        values = self._values(side, state)
        if self._is_stale(side, state, may_create=changed):
            try:
                self._file.replace(self._content(side, state), instead_of=side.found)
                found = self._file.read()
            except Unusable as error:
                raise self._invalid(error) from error
            except OSError as error:
                unwritten = error.strerror or str(error)
        elif found.content is None:
            return Agreement(state, found, values)
        lost = {name.casefold() for name in unplaced}
        common = {name: port for name, port in values.items() if name not in lost}
        if unwritten is None and common != side.base:
            try:
                side.common.save(Agreed(common, state.revision, self._scope.owner))
            except OSError as error:
                _log.warning("the state that %s and the store share cannot be noted: %s", self.name, error)
        return Agreement(state, found, values, unplaced, unwritten)

    def _is_stale(self, side: "_Side", state: StoreState, *, may_create: bool) -> bool:
        """Whether the file has to be written. One that is missing is made by the first change, or at first contact."""
        if side.found.content is None:
            return bool(self._scope.rows(state)) and (may_create or side.base is None)
        return self._content(side, state) != side.found.content

    def _values(self, side: "_Side", state: StoreState) -> dict[str, int]:
        """Return what the file should say: the rows, and the lines for which there is no row yet."""
        values = project(held(self._scope.rows(state)), side.values)
        waiting = {name: port for name, port in side.edits.claims.items() if name not in values}
        return {**values, **waiting}

    def _content(self, side: "_Side", state: StoreState) -> bytes:
        """Return the text of the file; names are spelled as they stand in it, new ones as their services are."""
        rows, entries = self._scope.rows(state), side.entries
        values = self._values(side, state).items()
        return format_map({(entries[name] if name in entries else rows[name]).name: port for name, port in values})

    def _real(self) -> str:
        try:
            return self._file.real()
        except Unusable as error:
            raise self._invalid(error) from error

    def _invalid(self, error: BadMap | Unusable) -> StoreFileInvalid:
        line = f":{error.line}" if isinstance(error, BadMap) else ""
        return StoreFileInvalid(f"{self.name}{line}: {error}", hint=error.hint)


class _Outrun(Exception):
    """The rows changed while the edits were planned; `str()` says how."""


@dataclass(frozen=True, slots=True)
class _Side:
    """All three sides, read at one moment."""

    common: CommonState
    base: dict[str, int] | None
    state: StoreState
    rows: dict[str, Assignment]
    found: Found
    entries: dict[str, Entry]
    values: dict[str, int]
    edits: Edits
