"""The other stores that this machine uses: what they give out is taken here, too.

A project may keep its ports on a server and the next one in the state directory. Each store makes sure of its own ports
alone, so whoever chooses looks at the others as well: at the machine's own file, and at the mirrors of servers.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from portdash.errors import StoreError
from portdash.model.assignment import Assignment, ServiceKey
from portdash.model.ports import IpProtocol
from portdash.model.state import StoreState
from portdash.store.resting import Entry, settled

if TYPE_CHECKING:
    from portdash.store.sqlite import SqliteStore

OWN = "portdash.db"
"""The machine's own store, in the state directory."""


def mirror_name(label: str) -> str:
    """Return the name of the file that mirrors the server of that label."""
    return f"mirror-{label}.db"


class Neighbours:
    """The stores in `state_dir` but for the file `used`, which is that of the store at hand."""

    def __init__(self, state_dir: Path, *, used: Path | None, host: str) -> None:
        self._state_dir = state_dir
        self._used = used
        self._host = host
        self._stores: dict[Path, tuple[SqliteStore, StoreState | None]] = {}
        self._listed: tuple[Entry | None, list[Path]] = (None, [])
        """The directory as it was before it was listed last, and which stores were in it."""

    def taken(self) -> Mapping[tuple[IpProtocol, int], ServiceKey]:
        """Return the ports that other stores give out on this machine, and to which service.

        One that cannot be read just now is passed over: whoever uses it hears of that, and nobody else is kept waiting.
        """
        return {(row.key.protocol, row.port): row.key for row in self._rows()}

    def close(self) -> None:
        """Let go of their files."""
        for store, _ in self._stores.values():
            store.close()
        self._stores.clear()

    def _rows(self) -> Iterator[Assignment]:
        for path in self._files():
            yield from (row for row in self._read(path).assignments.values() if row.key.host == self._host)

    def _files(self) -> list[Path]:
        entry, (listed, files) = settled(self._state_dir), self._listed
        if entry is None or entry != listed:
            files = self._list()
            self._listed = (entry, files)
        return files

    def _list(self) -> list[Path]:
        try:
            names = sorted(os.listdir(self._state_dir))  # noqa: PTH208  before every look, and mostly for nothing
        except OSError:
            return []  # nothing is kept there, and the store at hand says so if it matters
        start, end = mirror_name("*").split("*")
        found = (name for name in names if name == OWN or (name.startswith(start) and name.endswith(end)))
        return [path for name in found if (path := self._state_dir / name) != self._used]

    def _read(self, path: Path) -> StoreState:
        from portdash.store.sqlite import SqliteStore  # noqa: PLC0415  only where there is a neighbour

        store, known = self._stores.get(path) or (SqliteStore(path, host=self._host, read_only=True, patience=1), None)
        try:
            state = store.snapshot(known)
        except StoreError:
            state = known or StoreState()
        self._stores[path] = store, state
        return state
