"""What the committed file, its last common state and the rows of a workspace come to together. Pure.

Three sides: `base` is what the file said when it and the rows last agreed, `file` what it says now, and the rows are
the authority's. What only one side changed wins; where both did, the file wins, for a person wrote it.
"""

from collections.abc import Mapping

from portdash.model.ports import IpProtocol
from portdash.record import record


@record(kw_only=True)
class Held:
    """A service's row as the file sees it."""

    port: int
    home: int | None = None
    """Where it belongs; a committed port stays committed while the service has another only here."""
    parent: str | None = None
    """The service whose port it shares."""
    protocol: IpProtocol = IpProtocol.TCP


@record
class Edits:
    """What the file asks of the rows."""

    claims: Mapping[str, int]
    """Port by service."""
    releases: frozenset[str]

    def __bool__(self) -> bool:
        """Whether it asks for anything."""
        return bool(self.claims or self.releases)


def merge(base: Mapping[str, int] | None, file: Mapping[str, int], rows: Mapping[str, Held]) -> Edits:
    """Return what was edited in the file and the rows do not say yet; names are compared as they are, so fold them.

    Without a `base` this is the first contact: what stands in the file counts, and what is missing in it is not gone.
    """
    known = base or {}
    claims = {
        name: port
        for name, port in file.items()
        if known.get(name) != port and not ((row := rows.get(name)) and port in (row.port, row.home))
    }
    gone = frozenset(name for name in known if name not in file and name in rows)
    return Edits(claims, gone)


def project(rows: Mapping[str, Held], file: Mapping[str, int]) -> dict[str, int]:
    """Return what the file should say: the ports of the rows, but for those that are a local matter.

    A service that is away from its home keeps the home in the file, unless another service of the file has that port.
    """
    at_home = {
        name
        for name, row in rows.items()
        if row.parent is None and row.home is not None and file.get(name) == row.home != row.port
    }
    while True:
        shown = {name: _shown(row, at_home=name in at_home) for name, row in rows.items()}
        roots: dict[tuple[IpProtocol, int], list[str]] = {}
        for name, row in rows.items():
            if row.parent is None:
                roots.setdefault((row.protocol, shown[name]), []).append(name)
        clashing = {name for names in roots.values() if len(names) > 1 for name in names if name in at_home}
        if not clashing:
            break
        at_home -= clashing
    return {name: _shared(name, rows, shown) for name in rows}


def root_of(name: str, rows: Mapping[str, Held]) -> str:
    """Return the service whose port `name` has in the end: its own name when it shares nobody's."""
    seen = {name}
    while (row := rows.get(name)) and row.parent is not None and row.parent in rows and row.parent not in seen:
        name = row.parent
        seen.add(name)
    return name


def _shown(row: Held, *, at_home: bool) -> int:
    return row.home if at_home and row.home is not None else row.port


def _shared(name: str, rows: Mapping[str, Held], shown: Mapping[str, int]) -> int:
    """A service that shares a port is shown where its root is shown."""
    root = root_of(name, rows)
    return shown[root] if rows[root].port == rows[name].port else rows[name].port
