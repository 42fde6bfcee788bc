"""One round of bringing the committed file and the authority to agree."""

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from portdash.identifiers import new_id
from portdash.model.state import StoreState
from portdash.model.storage import Batch, Rejected, Store
from portdash.record import record
from portdash.store.locking import lock_file
from portdash.store.projection.committed_file import CommittedFile, Found, Swapped, Unusable
from portdash.store.projection.common_state import Agreed
from portdash.store.projection.editing import ACTOR, Draft, draft
from portdash.store.projection.merge import project
from portdash.store.projection.placing import Placer
from portdash.store.projection.portmap import BadMap, format_map
from portdash.store.projection.scope import Scope, held
from portdash.store.projection.sides import Reader, Side
from portdash.text import clean

_log = logging.getLogger(__name__)

ROUNDS = 8
"""How often a round begins anew because the file or the rows changed under it."""
PATIENCE = 10.0
"""Seconds the lock is waited for."""


Clock = Callable[[], float]
"""Tells the Unix time in seconds."""


@record
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
        self, authority: Store, file: CommittedFile, scope: Scope, *, state_dir: Path, place: Placer, clock: Clock
    ) -> None:
        self._authority = authority
        self._file = file
        self._scope = scope
        self._reader = Reader(authority, file, scope, state_dir=state_dir)
        self._place = place
        self._clock = clock

    @property
    def name(self) -> str:
        """The file's path, ready to show."""
        return self._reader.name

    @property
    def _source(self) -> str:
        return clean(self._file.path.name)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only one, of all processes, that brings this file and its rows to agree. Raises StoreError."""
        common = self._reader.common()
        common.make_directory()
        with lock_file(common.lock_path, patience=PATIENCE, store=str(self._file.path)):
            yield

    def look(self) -> Agreement | None:
        """Return the agreement if there is one already, None when something is to be done. Writes nothing."""
        side = self._reader.read()
        agreed = Agreement(side.state, side.found, self._values(side, side.state))
        if side.found.content is None and (side.base is not None or not side.rows):
            return agreed
        return agreed if side.base == side.values and not self._is_stale(side, side.state, may_create=False) else None

    def pretend(self) -> Agreement:
        """Return what there is where nothing may be written."""
        side = self._reader.read()
        pending = "nothing may be written" if side.edits else None
        return Agreement(side.state, side.found, side.values, pending=pending)

    def sync(self, *, changed: bool = False) -> Agreement:
        """Bring both to agree, under the lock. `changed` says that a batch of ours changed rows just now.

        Raises StoreFileInvalid for a file that is no map of ports, which stays as it is, and StoreError.
        """
        why = ""
        for _ in range(ROUNDS):
            side = self._reader.read()
            try:
                edited = self._apply(side) if side.edits else Draft(ops=(), unplaced=())
                state = self._authority.snapshot() if edited.ops else side.state
                return self._write(side, state, edited.unplaced, changed=changed)
            except (Swapped, _Outrun) as error:
                why = str(error)
        side = self._reader.read()
        return Agreement(side.state, side.found, side.values, unwritten=why, pending=why if side.edits else None)

    def _apply(self, side: Side) -> Draft:
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
            raise self._reader.invalid(error) from error
        if not edited.ops:
            return edited
        batch = Batch(
            id=new_id(),
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

    def _write(self, side: Side, state: StoreState, unplaced: tuple[str, ...], *, changed: bool) -> Agreement:
        """Write the file where it does not say what the rows say, and note the common state. Raises Swapped."""
        found, unwritten = side.found, None
        values = self._values(side, state)
        if self._is_stale(side, state, may_create=changed):
            try:
                self._file.replace(self._content(side, state), instead_of=side.found)
                found = self._file.read()
            except Unusable as error:
                raise self._reader.invalid(error) from error
            except OSError as error:
                unwritten = error.strerror or str(error)
        elif found.content is None and not changed:  # a change that left no service has nothing to write, and agrees
            return Agreement(state, found, values)
        lost = {name.casefold() for name in unplaced}
        common = {name: port for name, port in values.items() if name not in lost}
        if unwritten is None and common != side.base:
            try:
                side.common.save(Agreed(common, state.revision, self._scope.owner))
            except OSError as error:
                _log.warning("the state that %s and the store share cannot be noted: %s", self.name, error)
        return Agreement(state, found, values, unplaced, unwritten)

    def _is_stale(self, side: Side, state: StoreState, *, may_create: bool) -> bool:
        """Whether the file has to be written. One that is missing is made by the first change, or at first contact."""
        if side.found.content is None:
            return bool(self._scope.rows(state)) and (may_create or side.base is None)
        return self._content(side, state) != side.found.content

    def _values(self, side: Side, state: StoreState) -> dict[str, int]:
        """Return what the file should say: the rows, and the lines for which there is no row yet."""
        values = project(held(self._scope.rows(state)), side.values)
        waiting = {name: port for name, port in side.edits.claims.items() if name not in values}
        return {**values, **waiting}

    def _content(self, side: Side, state: StoreState) -> bytes:
        """Return the text of the file; names are spelled as they stand in it, new ones as their services are."""
        rows, entries = self._scope.rows(state), side.entries
        values = self._values(side, state).items()
        return format_map({(entries[name] if name in entries else rows[name]).name: port for name, port in values})


class _Outrun(Exception):
    """The rows changed while the edits were planned; `str()` says how."""
