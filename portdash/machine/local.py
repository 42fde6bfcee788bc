"""This computer, as the observer and the manager need it."""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from portdash.machine.ancestry import ancestors, is_orphan, parents, topmost, via
from portdash.machine.availability import bind_error
from portdash.machine.identity import boot_id, current_user, host_id
from portdash.machine.limits import read_limits
from portdash.machine.processes import Once, Setting, system_processes
from portdash.machine.projects import find_project
from portdash.machine.requeueing import order, requeued
from portdash.machine.sockets_system import full_sockets, system_sockets
from portdash.machine.users import user_name
from portdash.model.listener import Ancestor, Listener, Process
from portdash.model.policy import PortLimits
from portdash.model.ports import IpProtocol

if TYPE_CHECKING:
    from portdash.machine.panes import Panes
    from portdash.model.plan import Target
    from portdash.model.project import Project
    from portdash.model.sockets import Socket
    from portdash.model.sources import ProcessTable, SocketSource


_HOLDS = 4.0
"""Seconds for which what was read of processes holds; less than after which sources give new rows for that."""


@runtime_checkable
class KnowsSettings(Protocol):
    """A process table that also knows what surrounds a process."""

    def setting(self, pid: int) -> Setting:
        """Return what surrounds a process."""
        ...


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


class _Origin(NamedTuple):
    """What stands above one owner, worked out once for all its sockets."""

    ancestors: tuple[Ancestor, ...]
    via: str | None
    orphan: bool


class LocalMachine:
    """The machine we run on. May be asked from several threads."""

    def __init__(
        self,
        state_dir: Path,
        *,
        sockets: SocketSource | None = None,
        processes: ProcessTable | None = None,
        home: Path | None = None,
        read_only: bool = False,
    ) -> None:
        self._state_dir = state_dir
        self._read_only = read_only
        self._sockets = sockets or system_sockets()
        self._proof = sockets or full_sockets()
        """For what is done to a process: nothing remembered counts there."""
        self._processes = processes or system_processes()
        self._home = home or Path.home()
        self._last: _Look | None = None

    @cached_property
    def host(self) -> str:
        """Random id of this machine, the same in every run. Raises StoreUnavailable when its file is damaged."""
        return host_id(self._state_dir, make=not self._read_only)

    @cached_property
    def _panes(self) -> Panes:
        from portdash.machine.panes import Panes  # noqa: PLC0415 (only where something runs in tmux)

        return Panes()

    @cached_property
    def user(self) -> str:
        """Name of the user we run as."""
        return current_user()

    def listeners(self) -> tuple[Listener, ...]:
        """Return every listener, those with hidden owners too, by port, protocol and address. Raises OSError.

        The same objects come back while sockets and processes are the same, for as long as the source of sockets
        gives the same rows: a few seconds, so that what nobody announces (another directory, a project that got a
        name, a shell that ended) is read anew then.
        """
        rows, last = self._sockets.sockets(), self._last
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
        origins: dict[int, _Origin] = {}
        projects: dict[str, Project | None] = {}
        for row in rows:
            owner = topmost(table, row.pids)
            if owner is None:
                yield _hidden(row)
                continue
            if owner.pid not in origins:
                origins[owner.pid] = self._origin(table, owner)
            if owner.cwd and owner.cwd not in projects:
                projects[owner.cwd] = self.project_of(owner.cwd)
            origin = origins[owner.pid]
            yield Listener(
                protocol=row.protocol,
                address=row.address,
                port=row.port,
                dual_stack=row.dual_stack,
                owner=owner,
                pids=(owner.pid, *(pid for pid in row.pids if pid != owner.pid)),
                user=owner.user or (None if row.uid is None else user_name(row.uid)),
                project=projects.get(owner.cwd or ""),
                via=origin.via,
                connections=row.connections,
                queue=row.queue,
                orphan=origin.orphan,
                ancestors=origin.ancestors,
            )

    def _origin(self, table: ProcessTable, owner: Process) -> _Origin:
        chain = parents(table, owner)
        setting = self._setting(owner.pid)
        # A daemon of a system's user without systemd looks just like one, and is none.
        orphan = owner.user == self.user and is_orphan(chain, setting)
        label = via(owner, chain, setting, orphan=orphan)
        if label == "tmux" and (place := self._panes.place(owner, chain)):
            label = f"tmux {place}"
        return _Origin(ancestors(chain), label, orphan)

    def _setting(self, pid: int) -> Setting:
        table = self._processes
        return table.setting(pid) if isinstance(table, KnowsSettings) else Setting()

    @cached_property
    def _fixed_limits(self) -> PortLimits:
        return read_limits()

    def limits(self) -> PortLimits:
        """Return the operating system's rules about ports; where asking costs a process, as they were at first."""
        return read_limits() if sys.platform == "linux" else self._fixed_limits

    def bind_error(self, protocol: IpProtocol, port: int) -> str | None:
        """Try to bind the port for an instant, never listening; return the kernel's refusal, None when it is free."""
        return bind_error(protocol, port)

    def process(self, pid: int) -> Process | None:
        """Return what can be read of a process, None when there is no such process."""
        return self._processes.process(pid)

    def boot_id(self) -> str:
        """Return what changes with every boot."""
        return boot_id()

    def project_of(self, directory: str) -> Project | None:
        """Return the project that a directory lies in, None outside any."""
        return find_project(directory, self._home)

    def is_directory(self, path: str) -> bool:
        """Say whether the root of a workspace is still there; one that is merely out of sight counts as being there."""
        try:
            return stat.S_ISDIR(os.stat(path).st_mode)  # noqa: PTH116 (Path.is_dir does not tell gone from hidden)
        except (OSError, ValueError):
            return self.why_unseen(path) is not None

    def why_unseen(self, path: str) -> str | None:
        """Return why a root that is not seen may be there all the same, None where it is seen, or gone."""
        from portdash.machine.volumes import why_unseen  # noqa: PLC0415 (rare)

        return why_unseen(path)

    def terminate(self, target: Target, *, grace: float) -> str:
        """End what holds a port and wait until it is free; return one line that says what happened.

        The identity in `target` is checked again first. Raises Refused when it is protected, not ours to end, changed,
        or still holds the port after `grace` seconds.
        """
        from portdash.machine.terminate import Surroundings, terminate  # noqa: PLC0415 (rare)

        around = Surroundings(sockets=self._proof, processes=self._processes, setting=self._setting, user=self.user)
        return terminate(target, grace=grace, around=around)


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
