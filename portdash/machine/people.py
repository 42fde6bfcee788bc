"""Who listens: rows of sockets joined with the processes that have them, and with what those rest on.

A module of its own, for who only asks which ports are in use loads none of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from portdash.machine.ancestry import topmost
from portdash.machine.origins import Origin, Origins
from portdash.machine.processes import Once
from portdash.machine.requeueing import order, requeued
from portdash.machine.tunnels import tunnel_text
from portdash.machine.users import user_name
from portdash.model.listener import Listener
from portdash.named_tuple import NamedTuple
from portdash.record import replace

if TYPE_CHECKING:
    from portdash.model.project import Project
    from portdash.model.sockets import Socket
    from portdash.model.sources import ProcessTable


_HOLDS = 4.0
"""Seconds for which what was read of processes holds; less than after which sources give new rows for that."""


@runtime_checkable
class KnowsLineage(Protocol):
    """A process table that tells cheaply whether a process is still as it was."""

    def lineage(self, pid: int) -> object:
        """Return what stays equal while a process and what was told of it are the same; None when it is gone."""
        ...


class _Look(NamedTuple):
    """One look, and what it rests on."""

    rows: tuple[Socket, ...]
    listeners: tuple[Listener, ...]
    processes: Mapping[int, object]
    """The lineage of every process that was asked for: owners and all above them."""
    at: float
    """When processes were asked, in seconds."""


class People:
    """Finds the processes behind sockets, and remembers them for as long as they are the same."""

    def __init__(self, processes: ProcessTable, project_of: Callable[[str], Project | None], *, user: str) -> None:
        self._processes = processes
        self._project_of = project_of
        self.origins = Origins(processes, user)
        self._last: _Look | None = None

    def listeners(self, rows: tuple[Socket, ...]) -> tuple[Listener, ...]:
        """Return the listeners before any engine is asked."""
        last = self._last
        if last is not None and self._are_alike(last.processes):
            if last.rows is rows:
                return last.listeners
            if 0 <= time.monotonic() - last.at < _HOLDS:  # a busy server has another queue at each look
                listeners = requeued(last.rows, rows, last.listeners)
                if listeners is not None:
                    self._last = last._replace(rows=rows, listeners=listeners)
                    return listeners
        table = Once(self._processes)
        listeners = tuple(self._describe(table, sorted(rows, key=order)))
        self._last = self._remember(rows, listeners, table)
        return listeners

    def _are_alike(self, processes: Mapping[int, object]) -> bool:
        table = self._processes
        return isinstance(table, KnowsLineage) and all(table.lineage(pid) == was for pid, was in processes.items())

    def _remember(self, rows: tuple[Socket, ...], listeners: tuple[Listener, ...], table: Once) -> _Look | None:
        """Keep a look, unless a process ended meanwhile and another may have come in its place."""
        if not isinstance(self._processes, KnowsLineage):
            return None
        lineages = {pid: self._processes.lineage(pid) for pid in table.asked}
        told = {pid: table.process(pid) for pid in table.asked}
        if any((lineages[pid] is None) != (told[pid] is None) for pid in lineages):
            return None
        return _Look(rows, listeners, lineages, time.monotonic())

    def _describe(self, table: Once, rows: Iterable[Socket]) -> Iterator[Listener]:
        origins: dict[int, Origin] = {}
        projects: dict[str, Project | None] = {}
        for row in rows:
            owner = topmost(table, row.pids)
            if owner is None:
                yield _hidden(row)
                continue
            if owner.pid not in origins:
                origins[owner.pid] = self.origins.of(table, owner)
            origin = origins[owner.pid]
            if origin.container and owner.cwd:
                owner = replace(owner, cwd=None)  # it is a path inside the container
            if owner.cwd and owner.cwd not in projects:
                projects[owner.cwd] = self._project_of(owner.cwd)
            yield Listener(
                protocol=row.protocol,
                address=row.address,
                port=row.port,
                dual_stack=row.dual_stack,
                owner=owner,
                pids=(owner.pid, *(pid for pid in row.pids if pid != owner.pid)),
                user=owner.user or (None if row.uid is None else user_name(row.uid)),
                project=projects.get(owner.cwd or ""),
                container=origin.container,
                via=tunnel_text(owner.name, owner.command, row.port) or origin.via,
                unit=origin.unit,
                framework=origin.framework,
                title=origin.title,
                hints=origin.hints,
                connections=row.connections,
                queue=row.queue,
                orphan=origin.orphan,
                ancestors=origin.ancestors,
            )


def _hidden(row: Socket) -> Listener:
    """Return a listener whose owner may not be read: the row stays, with the user where the table tells."""
    return Listener(
        protocol=row.protocol,
        address=row.address,
        port=row.port,
        dual_stack=row.dual_stack,
        pids=row.pids,
        user=None if row.uid is None else user_name(row.uid),
        connections=row.connections,
        queue=row.queue,
    )
