"""How services came to their end last, read anew only where a directory of notes has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from portdash.store.resting import Entry, settled
from portdash.supervisor.last_end import LastEnd, end_path, read_end

if TYPE_CHECKING:
    from portdash.model.assignment import ServiceKey


class Ends:
    """Reads the notes that each `run` leaves beside the log of its service. For one thread at a time."""

    def __init__(self, log_of: Callable[[ServiceKey], Path]) -> None:
        self._log_of = log_of
        self._paths: dict[ServiceKey, tuple[Path, Path]] = {}
        """The note of each, and its directory."""
        self._known: dict[Path, tuple[Entry | None, dict[ServiceKey, LastEnd | None]]] = {}
        """By directory: what it was like before its notes were read, and what they said."""

    def of(self, keys: Iterable[ServiceKey]) -> dict[ServiceKey, LastEnd]:
        """Return the last end of each that has one. Costs a call of stat for each directory."""
        there: dict[Path, bool] = {}
        found = {}
        for key in keys:
            if key not in self._paths:
                path = end_path(self._log_of(key))
                self._paths[key] = path, path.parent
            path, directory = self._paths[key]
            if directory not in there:
                there[directory] = self._look_at(directory)
            if not there[directory]:
                continue
            ends = self._known[directory][1]
            if key not in ends:
                ends[key] = read_end(path)
            if end := ends[key]:
                found[key] = end
        return found

    def _look_at(self, directory: Path) -> bool:
        """Forget what was read in a directory that may have changed since; say whether it is there."""
        entry = settled(directory)
        if entry is None and not directory.is_dir():
            return False
        known = self._known.get(directory)
        if known is None or entry is None or entry != known[0]:
            self._known[directory] = (entry, {})
        return True
