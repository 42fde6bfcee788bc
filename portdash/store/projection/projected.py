"""The store of a workspace whose ports are committed: the authority, with a file that is kept in step with it."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from portdash.errors import StoreError, StoreFileInvalid, StoreUnavailable
from portdash.model.history import Event, Operation
from portdash.model.state import StoreState
from portdash.model.storage import Applied, Batch, Rejected, Store
from portdash.record import record
from portdash.store.projection.committed_file import CommittedFile, Signature, is_settled
from portdash.store.projection.notices import notices
from portdash.store.projection.placing import Placer, next_free
from portdash.store.projection.scope import Scope
from portdash.store.projection.syncing import Agreement, Clock, Syncer

_POLL = 0.05
"""Seconds between two looks at the file while the revision is watched."""


@record
class _Look:
    """The last look: of what, and what it came to."""

    under: StoreState
    """The authority's state."""
    signature: Signature | None
    settled: bool
    dressed: StoreState
    """The state with the notices."""


class ProjectedStore:
    """Implements `model.storage.Store` on `authority`, with the rows of `scope` committed in the file at `path`.

    An edit of the file is applied to the authority as one batch when it is seen, and a change of the rows is written
    to the file. While the file is no map of ports, the rows stay as they are and cannot be changed through this store.
    With `within`, the file must lie inside that directory. `tell` gets what is worth saying about an acknowledged
    change; the same stands in the next snapshot.
    """

    def __init__(
        self,
        authority: Store,
        path: Path,
        scope: Scope,
        *,
        state_dir: Path,
        within: Path | None = None,
        read_only: bool = False,
        place: Placer = next_free,
        clock: Clock = time.time,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self._authority = authority
        self._path = path
        self._scope = scope
        self._file = CommittedFile(path, within=within)
        self._read_only = read_only
        self._tell = tell
        self._syncer = Syncer(authority, self._file, scope, state_dir=state_dir, place=place, clock=clock)
        self._look: _Look | None = None
        self._closed = False

    @property
    def url(self) -> str:
        """`json:` and the absolute path of the file."""
        return f"json:{self._path}"

    @property
    def authority(self) -> Store:
        """The store that has the last word."""
        return self._authority

    def snapshot(self, since: StoreState | None = None) -> StoreState:
        """Return what the authority holds, after the file was looked at. Raises StoreError."""
        look = self._current()
        return since if since is not None and since == look.dressed else look.dressed

    def apply(self, batch: Batch) -> Applied | Rejected:
        """Store `batch` in the authority, then write the file.

        A file that cannot be written takes nothing back: the change is stored, and said to be missing in the file.
        Raises StoreFileInvalid when the batch is about committed rows and the file is no map of ports; StoreError.
        """
        if self._read_only or not self._scope.concerns(batch):
            return self._finished(self._authority.apply(batch))
        with self._syncer.locked():
            self._syncer.sync()
            answer = self._authority.apply(batch)
            if isinstance(answer, Rejected):
                return self._finished(answer)
            try:
                agreement = self._syncer.sync(changed=True)
            except StoreError as error:  # it went bad this very moment; the next look says so as well
                self._say(f"the change is stored, but {error.message}")
            else:
                self._keep(agreement)
                if agreement.unwritten:
                    self._say(f"the change is stored, but {self._syncer.name} cannot be written: {agreement.unwritten}")
        return answer

    def watch(self, since: int, timeout: float) -> int:
        """Wait until the revision differs from `since`, at most `timeout` seconds; an edit of the file makes one."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                if self._is_edited():
                    self._current()
            except StoreUnavailable:
                if self._closed:
                    return since
                raise
            remaining = deadline - time.monotonic()
            revision = self._authority.watch(since, max(0.0, min(_POLL, remaining)))
            if revision != since or remaining <= 0 or self._closed:
                return revision

    def events(self, *, limit: int = 100, service: str | None = None) -> tuple[Event, ...]:
        """Return the latest events, newest first; `service` compares without case."""
        return self._authority.events(limit=limit, service=service)

    def operations(self, workspace: str, *, limit: int = 1) -> tuple[Operation, ...]:
        """Return the latest operations of a workspace that changed rows and are not undone, newest first."""
        return self._authority.operations(workspace, limit=limit)

    def close(self) -> None:
        """Close the authority; closing twice is fine."""
        self._closed = True
        self._authority.close()

    def _current(self) -> _Look:
        """Return the last look if nothing has changed since, else look anew."""
        look = self._look
        under = self._authority.snapshot(look.under if look else None)
        signature = self._file.signature()
        if look and look.settled and look.under is under and look.signature == signature:
            return look
        try:
            return self._keep(self._agree())
        except StoreFileInvalid as error:
            return self._keep_bad(error, signature)

    def _agree(self) -> Agreement:
        if self._read_only:
            return self._syncer.pretend()
        if (agreement := self._syncer.look()) is not None:
            return agreement
        try:
            with self._syncer.locked():
                return self._syncer.sync()
        except StoreFileInvalid:
            raise
        except StoreError as error:
            # What cannot be written can still be read; a store that cannot be read says so in here.
            return replace(self._syncer.pretend(), pending=error.message)

    def _keep(self, agreement: Agreement) -> _Look:
        said = notices(self._scope, agreement, self._syncer.name)
        signature = agreement.found.signature
        return self._remember(agreement.state, signature, said, settled=is_settled(signature))

    def _keep_bad(self, error: StoreFileInvalid, signature: Signature | None) -> _Look:
        """Remember that the file is no map of ports: the rows hold, and it is looked at again when it changes.

        `signature` is from before it was read, so that nothing is missed.
        """
        said = f"{error.message}; until that is put right, the ports of before hold ({error.hint})"
        return self._remember(self._authority.snapshot(), signature, (said,), settled=is_settled(signature))

    def _remember(
        self, state: StoreState, signature: Signature | None, said: tuple[str, ...], *, settled: bool
    ) -> _Look:
        dressed = replace(state, notices=(*state.notices, *said)) if said else state
        look = self._look
        if look and look.dressed == dressed:
            dressed = look.dressed
        self._look = _Look(state, signature, settled, dressed)
        return self._look

    def _is_edited(self) -> bool:
        look = self._look
        return look is None or not look.settled or look.signature != self._file.signature()

    def _finished(self, answer: Applied | Rejected) -> Applied | Rejected:
        return Rejected(self.snapshot(), answer.detail) if isinstance(answer, Rejected) else answer

    def _say(self, line: str) -> None:
        if self._tell:
            self._tell(line)
