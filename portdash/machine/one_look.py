"""A process table for one look, which notes how each process was before it was asked for.

So the next look can tell which processes are still as they were, wherever the table tells that cheaply.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from portdash.machine.processes import Once

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from portdash.model.listener import Process
    from portdash.model.sources import ProcessTable


@runtime_checkable
class KnowsLineage(Protocol):
    """A process table that tells cheaply whether a process is still as it was."""

    def lineage(self, pid: int) -> object:
        """Return what stays equal while a process and what was told of it are the same; None when it is gone."""
        ...

    def lineages(self, pids: Collection[int]) -> dict[int, object]:
        """Return that of each."""
        ...

    def ran(self, pid: int) -> object:
        """Return what is another as soon as a process has run, as of the last `lineages`; None where unknown."""
        ...

    def as_now(self, process: Process) -> Process | None:
        """Return a process whose lineage is what it was when it was told, as it is now; None when it is gone."""
        ...


class Asking(Once):
    """A process table for one look, which notes how each process was before it was asked for."""

    def __init__(self, table: ProcessTable, knowing: KnowsLineage | None, lineages: Mapping[int, object]) -> None:
        super().__init__(table)
        self._knowing = knowing
        self.lineages = dict(lineages)
        self.touched: set[int] = set()

    def process(self, pid: int) -> Process | None:
        """Return what the table said when it was first asked."""
        self.touched.add(pid)
        if self._knowing is not None and pid not in self.lineages:
            self.lineages[pid] = self._knowing.lineage(pid)
        return super().process(pid)

    def ran(self, pid: int) -> object:
        """Return how much a process had run before this look, None where unknown."""
        return self._knowing.ran(pid) if self._knowing is not None else None

    def as_now(self, process: Process) -> Process | None:
        """Return a process that is as it was but for what nobody announces."""
        return self._knowing.as_now(process) if self._knowing is not None else self.process(process.pid)
