"""The three sides that are brought to agree, read at one moment: the file, the rows, and what they last agreed on."""

from collections.abc import Mapping
from pathlib import Path

from portdash.errors import StoreFileInvalid
from portdash.model.assignment import Assignment
from portdash.model.history import EventKind
from portdash.model.state import StoreState
from portdash.model.storage import Store
from portdash.record import record
from portdash.store.projection.checking import check
from portdash.store.projection.committed_file import CommittedFile, Found, Unusable
from portdash.store.projection.common_state import Agreed, CommonState
from portdash.store.projection.merge import Edits, merge, project
from portdash.store.projection.portmap import BadMap, Entry, parse_map
from portdash.store.projection.scope import Scope, held
from portdash.text import clean

_EVENTS = 100
"""Latest events of a name that are looked at; it may be that of services of other workspaces as well."""


@record
class Side:
    """All three sides, and what was edited in the file."""

    common: CommonState
    base: Mapping[str, int] | None
    """What they last agreed on, by folded name; None at first contact."""
    state: StoreState
    """The authority's."""
    rows: Mapping[str, Assignment]
    found: Found
    entries: Mapping[str, Entry]
    """The file's, by folded name."""
    values: Mapping[str, int]
    """The same, the ports alone."""
    edits: Edits


class Reader:
    """Reads the sides of one file and one scope. Every method raises StoreFileInvalid."""

    def __init__(self, authority: Store, file: CommittedFile, scope: Scope, *, state_dir: Path) -> None:
        self._authority = authority
        self._file = file
        self._scope = scope
        self._state_dir = state_dir

    @property
    def name(self) -> str:
        """The file's path, ready to show."""
        return clean(str(self._file.path), limit=None)

    def common(self) -> CommonState:
        """Return where the last agreement is noted."""
        try:
            return CommonState(self._state_dir, self._file.real())
        except Unusable as error:
            raise self.invalid(error) from error

    def read(self) -> Side:
        """Return all sides as they are now. A file that is no map of ports, or another scope's, is an error."""
        common, state = self.common(), self._authority.snapshot()
        rows, agreed = self._scope.rows(state), common.load()
        try:
            self._check_owner(agreed, state)
            found = self._file.read()
            entries = {} if found.content is None else {each.name.casefold(): each for each in parse_map(found.content)}
            values = {name: entry.port for name, entry in entries.items()}
            base = self._vouched(agreed, rows) if agreed and agreed.owner == self._scope.owner else None
            edits = Edits({}, frozenset())
            if found.content is not None and values != base:
                edits = merge(base, values, held(rows))
                check(entries, edits, rows, self._scope)
        except (BadMap, Unusable) as error:
            raise self.invalid(error) from error
        return Side(common, base, state, rows, found, entries, values, edits)

    def invalid(self, error: BadMap | Unusable) -> StoreFileInvalid:
        """Return the error that names the file, and the line where there is one."""
        line = f":{error.line}" if isinstance(error, BadMap) else ""
        return StoreFileInvalid(f"{self.name}{line}: {error}", hint=error.hint)

    def _check_owner(self, agreed: Agreed | None, state: StoreState) -> None:
        """Raise Unusable when the file stands for the rows of another scope, which are still there."""
        if agreed is None or agreed.owner == self._scope.owner:
            return
        if any((key.host, key.user, key.workspace, key.environment) == agreed.owner for key in state.assignments):
            _, _, workspace, environment = agreed.owner
            raise Unusable(
                f"it holds the ports of {clean(workspace)} ({clean(environment)})",
                hint=f"name another file in `store` for {self._scope.workspace.name} ({self._scope.environment})",
            )

    def _vouched(self, agreed: Agreed, rows: Mapping[str, Assignment]) -> dict[str, int]:
        """Return the last agreement without what the authority has lost since: there the file counts.

        A store that was moved away, repaired or restored from a copy has rows that are gone without a word in its
        history, or that are older than the agreement and say something else. Nobody changed those. An older row that
        says something else with a word in the history is the same name's other protocol, which now stands alone.
        """
        shown = project(held(rows), agreed.ports)
        return {
            name: port
            for name, port in agreed.ports.items()
            if ((row := rows.get(name)) and (port == shown[name] or row.revision > agreed.revision))
            or self._was_released(name, agreed.revision)
        }

    def _was_released(self, name: str, since: int) -> bool:
        return any(
            event.kind is EventKind.RELEASED
            and event.workspace == self._scope.workspace.name
            and event.revision > since
            for event in self._authority.events(limit=_EVENTS, service=name)
        )
