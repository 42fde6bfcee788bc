"""What is known of each listener, kept from look to look: only what changed is found out anew.

What is asked at each look, and costs one system call a process, is whether owners and all above them are as they were.
What nobody announces is read anew after a while: where a process works, which project that is, its control group.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import cache, partial
from operator import is_
from typing import TYPE_CHECKING

from portdash.machine.ancestry import topmost
from portdash.machine.one_look import Asking, KnowsLineage
from portdash.machine.tunnels import tunnel_text
from portdash.machine.users import user_name
from portdash.model.listener import Listener, Process
from portdash.named_tuple import NamedTuple
from portdash.record import replace

if TYPE_CHECKING:
    from portdash.machine.origins import Origin, Origins
    from portdash.model.ports import IpProtocol
    from portdash.model.project import Project
    from portdash.model.sockets import Socket
    from portdash.model.sources import ProcessTable

_PLACE_HOLDS = 4.0
"""Seconds for which the project of a directory holds; less than after which sources give new rows."""
_DIRECTORY_HOLDS = 30.0
"""Seconds for which holds in which directory a process is that has not run: that may be moved. Else as its project."""
_ORIGIN_HOLDS = 30.0
"""Seconds for which holds what stands above a process that is as it was, and in whose control group it is."""


class _Owner(NamedTuple):
    """Who has a socket, and what is the same for all sockets of those processes."""

    process: Process
    origin: Origin
    project: Project | None


class _Known(NamedTuple):
    """What was found out of the processes that share a socket, and what it rests on."""

    owner: _Owner | None
    """None where none of them can be read."""
    processes: frozenset[int]
    """Every process that was asked for: those that share it, and all above them."""
    found_at: float
    placed_at: float
    """When the owner's directory was read, in seconds, as `found_at`."""
    is_settled: bool = False
    """Whether it was found out twice of the same processes, the second time when they had been set up for long."""
    ran: object = None
    """How much the owner had run before that; None where unknown."""


class _Look(NamedTuple):
    """One look, and what it rests on."""

    rows: tuple[Socket, ...]
    made: tuple[Listener, ...]
    """Of each row, in the order of the rows."""
    listeners: tuple[Listener, ...]
    known: Mapping[tuple[int, ...], _Known]
    """By the processes that share a socket."""
    lineages: Mapping[int, object]
    """Of every process that was asked for, as it was before it was."""


class Describer:
    """Makes listeners of sockets. May be asked from several threads.

    `origins` tells what stands above a process, `project_of` which project a directory is in.
    """

    def __init__(
        self,
        processes: ProcessTable,
        origins: Origins,
        project_of: Callable[[str], Project | None],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._processes = processes
        self._origins = origins
        self._project_of = project_of
        self._monotonic = monotonic
        self._knowing = processes if isinstance(processes, KnowsLineage) else None
        self._last: _Look | None = None

    def listeners(self, rows: tuple[Socket, ...]) -> tuple[Listener, ...]:
        """Return what sockets are, by port, protocol and address: the same objects of all that is as it was.

        Of rows that are the same object, nothing is found out but whether processes are as they were.
        """
        last, knowing = self._last, self._knowing
        lineages: dict[int, object] = {}
        if last is not None and knowing is not None:
            lineages = knowing.lineages(last.lineages)
            if last.rows is rows and lineages == last.lineages:
                return last.listeners
        look = _Round(
            last=last,
            table=Asking(self._processes, knowing, lineages),
            origins=self._origins,
            project_of=cache(self._project_of),
            now=self._monotonic(),
        ).look(rows)
        if knowing is not None:
            self._last = look
        return look.listeners


class _Round:
    """The work of one look that finds something new, or reads anew what nobody announces."""

    def __init__(
        self,
        *,
        last: _Look | None,
        table: Asking,
        origins: Origins,
        project_of: Callable[[str], Project | None],
        now: float,
    ) -> None:
        self._origins = origins
        self._last = last or _Look((), (), (), {}, {})
        self._table = table
        self._origin_of = cache(partial(origins.of, table))
        self._project_of = project_of
        self._now = now
        self._changed = {pid for pid, was in self._last.lineages.items() if table.lineages[pid] != was}

    def look(self, rows: tuple[Socket, ...]) -> _Look:
        last = self._last
        known: dict[tuple[int, ...], _Known] = {}
        same: set[tuple[int, ...]] = set()
        are_same_rows = len(rows) == len(last.rows) and all(map(is_, rows, last.rows))
        for pids in last.known if are_same_rows else {row.pids for row in rows}:
            known[pids] = self._know(pids)
            if pids in last.known and last.known[pids].owner is known[pids].owner:
                same.add(pids)
        asked = frozenset[int]().union(*(each.processes for each in known.values()))
        lineages = {pid: self._table.lineages.get(pid) for pid in asked}
        if are_same_rows and len(same) == len(known):
            return _Look(rows, last.made, last.listeners, known, lineages)
        before = {id(row): listener for row, listener in zip(last.rows, last.made, strict=True)}
        made = tuple(
            (before.get(id(row)) if row.pids in same else None) or _describe(row, known[row.pids].owner) for row in rows
        )
        is_same = len(made) == len(last.made) and all(map(is_, made, last.made))
        listeners = last.listeners if is_same else tuple(sorted(made, key=_order))
        return _Look(rows, made, listeners, known, lineages)

    def _know(self, pids: tuple[int, ...]) -> _Known:
        """Return what is known of those who share a socket; where it is what was known, the same owner."""
        now, was, is_settled = self._now, self._last.known.get(pids), False
        if was is not None and self._changed.isdisjoint(was.processes):
            if now - was.placed_at < _PLACE_HOLDS:
                return was
            if was.owner is not None and self._is_still_there(was, was.owner):
                return was
            if was.owner is not None and (since := self._origin_since(was, was.owner)) is not None:
                ran = self._table.ran(was.owner.process.pid)  # before it is read
                process = self._table.as_now(was.owner.process)
                if process is not None:
                    owner = _kept(was.owner, self._place(process, was.owner.origin))
                    return was._replace(owner=owner, found_at=since, placed_at=now, ran=ran)
            is_settled = now - was.found_at >= _ORIGIN_HOLDS
        self._table.touched.clear()
        process = topmost(self._table, pids)
        owner = self._place(process, self._origin_of(process)) if process else None
        owner = _kept(was.owner if was else None, owner)
        return _Known(owner, frozenset(self._table.touched), now, now, is_settled)

    def _is_still_there(self, was: _Known, owner: _Owner) -> bool:
        """Say whether an owner has not run since its directory was read, and that is of the same project."""
        directory = owner.process.cwd
        return (
            was.ran is not None
            and self._now - was.placed_at < _DIRECTORY_HOLDS
            and was.ran == self._table.ran(owner.process.pid)
            and (self._project_of(directory) if directory else None) == owner.project
        )

    def _origin_since(self, was: _Known, owner: _Owner) -> float | None:
        """Return since when the origin of an owner that is as it was holds, None where it is to be found anew."""
        if self._now - was.found_at < _ORIGIN_HOLDS:
            return was.found_at
        return self._now if was.is_settled and self._origins.still_holds(owner.process, owner.origin) else None

    def _place(self, process: Process, origin: Origin) -> _Owner:
        if origin.container and process.cwd:
            process = replace(process, cwd=None)  # it is a path inside the container
        return _Owner(process, origin, self._project_of(process.cwd) if process.cwd else None)


def _kept(was: _Owner | None, found: _Owner | None) -> _Owner | None:
    """Return the owner as found; where it is equal to what it was, that object."""
    return was if was == found else found


def _order(listener: Listener) -> tuple[int, IpProtocol, str]:
    """Return what listeners are sorted by."""
    return listener.port, listener.protocol, listener.address


def _describe(row: Socket, owner: _Owner | None) -> Listener:
    """Return what a socket is; where its owner may not be read, with the user where the table tells."""
    user = None if row.uid is None else user_name(row.uid)
    if owner is None:
        return Listener(
            protocol=row.protocol,
            address=row.address,
            port=row.port,
            dual_stack=row.dual_stack,
            pids=row.pids,
            user=user,
            connections=row.connections,
            queue=row.queue,
        )
    process, origin, project = owner
    return Listener(
        protocol=row.protocol,
        address=row.address,
        port=row.port,
        dual_stack=row.dual_stack,
        owner=process,
        pids=(process.pid, *(pid for pid in row.pids if pid != process.pid)),
        user=process.user or user,
        project=project,
        container=origin.container,
        via=tunnel_text(process.name, process.command, row.port) or origin.via,
        unit=origin.unit,
        framework=origin.framework,
        title=origin.title,
        hints=origin.hints,
        connections=row.connections,
        queue=row.queue,
        orphan=origin.orphan,
        ancestors=origin.ancestors,
    )
