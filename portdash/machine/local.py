"""This computer, as the observer and the manager need it."""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from portdash.machine.ancestry import topmost
from portdash.machine.containers.engines import Engines
from portdash.machine.containers.looking import Containers
from portdash.machine.identity import boot_id, current_user, host_id
from portdash.machine.limits import read_limits
from portdash.machine.origins import Origin, Origins
from portdash.machine.processes import Once, system_processes
from portdash.machine.projects import find_project
from portdash.machine.requeueing import order, requeued
from portdash.machine.sockets_system import SystemSockets, full_sockets, system_sockets
from portdash.machine.tunnels import tunnel_text
from portdash.machine.users import user_name
from portdash.model.listener import Listener, Process
from portdash.model.policy import PortLimits
from portdash.model.ports import IpProtocol
from portdash.named_tuple import NamedTuple
from portdash.record import replace

if TYPE_CHECKING:
    from portdash.machine.surroundings import Surroundings
    from portdash.model.engines import EngineFacts
    from portdash.model.orphan import Orphan
    from portdash.model.plan import Target
    from portdash.model.project import Project
    from portdash.model.sockets import Socket
    from portdash.model.sources import ProcessTable, SocketSource


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


class LocalMachine:
    """The machine we run on. May be asked from several threads."""

    def __init__(
        self,
        state_dir: Path,
        *,
        sockets: SocketSource | None = None,
        processes: ProcessTable | None = None,
        home: Path | None = None,
        engines: Engines | None = None,
        read_only: bool = False,
    ) -> None:
        self._state_dir = state_dir
        self._read_only = read_only
        self._sockets = sockets or system_sockets()
        self._proof = sockets or full_sockets()
        """For what is done to a process: nothing remembered counts there."""
        self._processes = processes or system_processes()
        self._home = home or Path.home()
        self._containers = Containers(engines or Engines(os.environ, self._home), self.project_of)
        self._last: _Look | None = None

    @cached_property
    def host(self) -> str:
        """Random id of this machine, the same in every run. Raises StoreUnavailable when its file is damaged."""
        return host_id(self._state_dir, make=not self._read_only)

    @cached_property
    def user(self) -> str:
        """Name of the user we run as."""
        return current_user()

    @cached_property
    def _origins(self) -> Origins:
        return Origins(self._processes, self.user)

    def listeners(self) -> tuple[Listener, ...]:
        """Return every listener, those with hidden owners too, by port, protocol and address. Raises OSError.

        The same objects come back while sockets and processes are the same, for as long as the source of sockets
        gives the same rows: a few seconds, so that what nobody announces (another directory, a project that got a
        name, a shell that ended) is read anew then. Container engines are waited for at most 0.3 seconds.
        """
        rows = self._sockets.sockets()
        return self._containers.joined(self._plain(rows), rows)

    def listening(self) -> frozenset[tuple[IpProtocol, int]]:
        """Return the ports on which anybody listens: cheap, for nobody is asked who that is. Raises OSError."""
        source = self._sockets
        if isinstance(source, SystemSockets):
            return source.slots()
        return frozenset((row.protocol, row.port) for row in source.sockets())

    def engines(self) -> EngineFacts:
        """Return what the container engines said at the last look at the listeners, beside who listens."""
        return self._containers.facts

    def _plain(self, rows: tuple[Socket, ...]) -> tuple[Listener, ...]:
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
                origins[owner.pid] = self._origins.of(table, owner)
            origin = origins[owner.pid]
            if origin.container and owner.cwd:
                owner = replace(owner, cwd=None)  # it is a path inside the container
            if owner.cwd and owner.cwd not in projects:
                projects[owner.cwd] = self.project_of(owner.cwd)
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

    @cached_property
    def _fixed_limits(self) -> PortLimits:
        return read_limits()

    def limits(self) -> PortLimits:
        """Return the operating system's rules about ports; where asking costs a process, as they were at first."""
        return read_limits() if sys.platform == "linux" else self._fixed_limits

    def bind_error(self, protocol: IpProtocol, port: int) -> str | None:
        """Try to bind the port for an instant, never listening; return the kernel's refusal, None when it is free."""
        from portdash.machine.availability import bind_error  # noqa: PLC0415  a port that is kept is not tried

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

    def aim(self, target: Target) -> Target:
        """Return the target with all that has to end for its port to be free, or with the tool that stops it instead.

        Nothing is done. One that has ended by itself comes back as it is. Raises Refused when it must not be ended.
        """
        from portdash.machine.aiming import aim  # noqa: PLC0415 (rare)

        return aim(target, self._surroundings())

    def terminate(self, target: Target, *, grace: float) -> str:
        """End what holds a port and wait until it is free; return one line that says what happened.

        The identity in `target` is checked again first. Raises Refused when it is protected, not ours to end, changed,
        or still holds the port after `grace` seconds.
        """
        from portdash.machine.terminate import terminate  # noqa: PLC0415 (rare)

        return terminate(target, grace=grace, around=self._surroundings())

    def orphans(self, ended: Collection[str]) -> tuple[Orphan, ...]:
        """Return what is left of the runs with these tokens, by service; their portdash has to have ended. OSError."""
        from portdash.machine.orphans import orphans  # noqa: PLC0415 (rare)

        return orphans(self._surroundings(), ended)

    def end_orphan(self, orphan: Orphan, *, grace: float) -> str:
        """End the very processes that were shown; return one line that says what happened. Raises Refused."""
        from portdash.machine.orphans import end_orphan  # noqa: PLC0415 (rare)

        return end_orphan(orphan, grace=grace, around=self._surroundings())

    def _surroundings(self) -> Surroundings:
        from portdash.machine.surroundings import Surroundings  # noqa: PLC0415 (rare)

        return Surroundings(
            sockets=self._proof, processes=self._processes, setting=self._origins.setting, user=self.user
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
