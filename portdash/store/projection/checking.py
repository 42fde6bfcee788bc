"""What a committed map must hold together: one service a port, and shared ports that are the same. Pure."""

from collections.abc import Mapping

from portdash.model.assignment import Assignment, ServiceSpec
from portdash.model.ports import IpProtocol
from portdash.store.projection.merge import Edits
from portdash.store.projection.portmap import BadMap, Entry
from portdash.store.projection.scope import Scope, parent_of


class Parents:
    """Whose port a service shares: as its row says, or for a new one its declaration."""

    def __init__(self, scope: Scope, rows: Mapping[str, Assignment]) -> None:
        self._scope = scope
        self._rows = rows

    def get(self, name: str) -> str | None:
        """Return the folded name of the parent."""
        if row := self._rows.get(name):
            return parent_of(row)
        spec = self._scope.declared.get(name)
        return spec.inherit_from.casefold() if spec and spec.inherit_from else None

    def root(self, name: str) -> str:
        """Return the service whose port it is in the end."""
        seen = {name}
        while (parent := self.get(name)) is not None and parent not in seen:
            name = parent
            seen.add(name)
        return name

    def protocol(self, name: str) -> IpProtocol:
        """Return the protocol of a service."""
        if row := self._rows.get(name):
            return row.key.protocol
        spec = self._scope.declared.get(name)
        return spec.protocol if spec else IpProtocol.TCP


def check(entries: Mapping[str, Entry], edits: Edits, rows: Mapping[str, Assignment], scope: Scope) -> None:
    """Raise BadMap where two services have one port or a new one another's variable, or a shared port is not shared."""
    parents = Parents(scope, rows)
    _check_shared(entries, edits, parents)
    _check_variables(entries, edits, rows, scope)
    first: dict[tuple[IpProtocol, int], Entry] = {}
    for name, entry in entries.items():
        other = first.setdefault((parents.protocol(name), entry.port), entry)
        if other is not entry and parents.root(name) != parents.root(other.name.casefold()):
            raise BadMap(
                entry.line,
                f"{entry.name} has {entry.port}, and so has {other.name} in line {other.line}",
                "give one of them another port",
            )


def _check_variables(entries: Mapping[str, Entry], edits: Edits, rows: Mapping[str, Assignment], scope: Scope) -> None:
    specs = {name: row.spec for name, row in rows.items() if name not in edits.releases}
    new = [name for name in edits.claims if name not in rows]
    specs |= {name: scope.declared.get(name) or ServiceSpec(name=entries[name].name) for name in new}
    first: dict[str, str] = {}
    for name in sorted(specs, key=new.count):  # those that are there first: the new one has the line that is wrong
        other = first.setdefault(specs[name].variable, name)
        if other != name and name in new:
            raise BadMap(
                entries[name].line,
                f"{entries[name].name} and {specs[other].name} would both be exported as {specs[name].variable}",
                "give one of them a variable of its own: `env` in portdash.toml",
            )


def _check_shared(entries: Mapping[str, Entry], edits: Edits, parents: Parents) -> None:
    for name, entry in entries.items():
        if (parent := parents.get(name)) is None:
            continue
        root = parents.root(name)
        if root in edits.releases or (root not in entries and name in edits.claims):
            raise BadMap(
                entry.line,
                f"{entry.name} shares the port of {parent}, which is not in the file",
                f"take the line of {entry.name} out as well, or put that of {parent} in",
            )
        if name in edits.claims and entry.port != entries[root].port:
            raise BadMap(
                entry.line,
                f"{entry.name} shares the port of {parent}, and {entry.port} is not {entries[root].port}",
                "write the same port in both lines",
            )
