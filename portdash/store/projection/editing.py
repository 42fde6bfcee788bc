"""From what was edited in the committed file to the batch that the authority gets. Pure but for the placer."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from portdash.model.assignment import Assignment, Reason, ServiceKey, ServiceSpec, Source, Verdict
from portdash.model.ports import IpProtocol
from portdash.model.state import StoreState
from portdash.model.storage import Claim, Op, RecordWorkspace, Remove
from portdash.planning.rules import source_of
from portdash.record import record
from portdash.store.projection.checking import Parents
from portdash.store.projection.merge import Edits, root_of
from portdash.store.projection.placing import Placer, Slot, Want
from portdash.store.projection.portmap import BadMap, Entry
from portdash.store.projection.scope import Scope, held

ACTOR = "file"
"""Who changed the rows, as history calls it."""


@record(kw_only=True)
class Draft:
    """What the file's edits come to."""

    ops: tuple[Op, ...]
    unplaced: tuple[str, ...]
    """Services for which there is no port at all; their lines stay, and are tried again."""


def draft(
    scope: Scope,
    state: StoreState,
    edits: Edits,
    entries: Mapping[str, Entry],
    *,
    place: Placer,
    at: float,
    source: str,
) -> Draft:
    """Return the ops for `edits`, which passed the check. `at` is Unix time in seconds, `source` names the file.

    A committed port of another workspace becomes the home of a local choice; a service of this workspace that stands
    in the way and not in the file goes elsewhere. Raises BadMap when that one is pinned.
    """
    return _Drafting(scope, state, edits, entries, place=place, at=at, source=source).run()


class _Drafting:
    def __init__(
        self,
        scope: Scope,
        state: StoreState,
        edits: Edits,
        entries: Mapping[str, Entry],
        *,
        place: Placer,
        at: float,
        source: str,
    ) -> None:
        self._scope = scope
        self._state = state
        self._edits = edits
        self._entries = entries
        self._place = place
        self._at = at
        self._reason = f"{source} says so"
        self._rows = scope.rows(state)
        self._held = held(self._rows)
        self._parents = Parents(scope, self._rows)
        self._direct: dict[ServiceKey, Assignment] = {}
        self._wants: dict[ServiceKey, Want] = {}

    def run(self) -> Draft:
        """Sort the claims into those that can be had and those that need a place, and write it all down."""
        owners = {
            (row.key.protocol, row.port): row
            for row in self._state.assignments.values()
            if row.key.host == self._scope.host and row.source is not Source.INHERITED
        }
        roots = {name: port for name, port in self._edits.claims.items() if self._parents.get(name) is None}
        leaving = {self._key(name) for name in (*roots, *self._edits.releases)}
        for name, port in roots.items():
            self._claim(name, port, owners, leaving)
        options = self._options()
        unplaced = tuple(want.spec.name for key, want in self._wants.items() if key not in options)
        ops = (*self._workspace(), *self._removals(), *self._claims(options), *self._children(options))
        return Draft(ops=ops, unplaced=unplaced)

    def _claim(self, name: str, port: int, owners: Mapping[Slot, Assignment], leaving: set[ServiceKey]) -> None:
        row, key, spec = self._rows.get(name), self._key(name), self._spec(name, port)
        owner = owners.get((key.protocol, port))
        if owner is not None and owner.key != key and owner.key not in leaving:
            if not self._scope.owns(owner.key):
                self._wants[key] = Want(key=key, spec=spec, home=port, row=row)
                return
            if owner.spec.pin:
                line = self._entries[name].line
                raise BadMap(line, f"{port} is pinned to {owner.name}", f"give {spec.name} another port")
            self._wants[owner.key] = Want(key=owner.key, spec=owner.spec, home=owner.home, row=owner)
        trail = (Reason(port, Verdict.CHOSEN),)
        self._direct[key] = Assignment(key=key, spec=spec, port=port, source=source_of(spec, port), reasons=trail)

    def _options(self) -> dict[ServiceKey, tuple[Assignment, ...]]:
        """Return what each service may get, best first: the committed port, the one it has, or a place to be found."""
        options: dict[ServiceKey, tuple[Assignment, ...]] = {key: (row,) for key, row in self._direct.items()}
        taken: set[Slot] = {(row.key.protocol, row.port) for row in self._direct.values()}
        homeless = []
        for key, want in self._wants.items():
            if want.row and want.row.source is not Source.INHERITED and (key.protocol, want.row.port) not in taken:
                options[key] = (replace(want.row, home=want.home),)
                taken.add((key.protocol, want.row.port))
            else:
                homeless.append(want)
        placed = self._place(self._state, homeless, taken) if homeless else {}
        return options | {want.key: rows for want in homeless if (rows := placed.get(want.key))}

    def _claims(self, options: Mapping[ServiceKey, tuple[Assignment, ...]]) -> Iterator[Op]:
        """Yield the claims; a service whose port others share gets one option, so that they can follow."""
        for key, rows in options.items():
            heirs = list(self._heirs(key.service))
            yield self._op(self._rows.get(key.service), *(rows[:1] if heirs else rows))
            for heir in heirs:
                trail = (Reason(rows[0].port, Verdict.CHOSEN),)
                yield self._op(heir, replace(heir, port=rows[0].port, attempts=1, reasons=trail))

    def _children(self, options: Mapping[ServiceKey, tuple[Assignment, ...]]) -> Iterator[Op]:
        """Yield the claims of services that are new and share a port."""
        for name in self._edits.claims:
            if self._parents.get(name) is None or name in self._rows:
                continue
            root = self._parents.root(name)
            found = options.get(self._key(root), ())
            port = found[0].port if found else self._rows[root].port if root in self._rows else None
            if port is not None:
                spec = self._spec(name, port)
                trail = (Reason(port, Verdict.CHOSEN),)
                row = Assignment(key=self._key(name), spec=spec, port=port, source=Source.INHERITED, reasons=trail)
                yield self._op(None, row)

    def _removals(self) -> Iterator[Op]:
        gone = self._edits.releases
        for key, row in sorted(self._state.assignments.items()):
            if self._scope.owns(key) and (key.service in gone or root_of(key.service, self._held) in gone):
                yield Remove(key=key, expected=row.revision, reason=self._reason)

    def _workspace(self) -> Iterator[Op]:
        if self._scope.workspace not in self._state.workspaces:
            yield RecordWorkspace(self._scope.host, self._scope.workspace)

    def _heirs(self, name: str) -> Iterator[Assignment]:
        for other, row in self._rows.items():
            if other != name and root_of(other, self._held) == name and other not in self._edits.releases:
                yield row

    def _op(self, row: Assignment | None, *options: Assignment) -> Claim:
        dated = tuple(replace(option, assigned_at=self._at, actor=ACTOR) for option in options)
        return Claim(options=dated, expected=row.revision if row else None, reason=self._reason)

    def _spec(self, name: str, port: int) -> ServiceSpec:
        known = self._scope.spec(name, self._rows.get(name))
        return known or ServiceSpec(name=self._entries[name].name, preferred=(port,))

    def _key(self, name: str) -> ServiceKey:
        row = self._rows.get(name)
        if row:
            return row.key
        spec = self._scope.spec(name, None)
        return self._scope.key(name, spec.protocol) if spec else self._scope.key(name, IpProtocol.TCP)
