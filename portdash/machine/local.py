"""This computer, as the observer and the manager need it."""

import os
import stat
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol, runtime_checkable

from portdash.machine.ancestry import ancestors, is_orphan, parents, topmost, via
from portdash.machine.availability import bind_error
from portdash.machine.identity import boot_id, current_user, host_id
from portdash.machine.limits import read_limits
from portdash.machine.panes import Panes
from portdash.machine.processes import Once, Setting, system_processes
from portdash.machine.projects import find_project
from portdash.machine.sockets_psutil import PsutilSockets
from portdash.machine.terminate import Surroundings, terminate
from portdash.machine.users import user_name
from portdash.model.listener import Ancestor, Listener, Process
from portdash.model.plan import Target
from portdash.model.policy import PortLimits
from portdash.model.ports import IpProtocol
from portdash.model.project import Project
from portdash.model.sources import ProcessTable, Socket, SocketSource


@runtime_checkable
class KnowsSettings(Protocol):
    """A process table that also knows what surrounds a process."""

    def setting(self, pid: int) -> Setting:
        """Return what surrounds a process."""
        ...


@dataclass(frozen=True, slots=True)
class _Origin:
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
    ) -> None:
        self._state_dir = state_dir
        self._sockets = sockets or PsutilSockets()
        self._processes = processes or system_processes()
        self._home = home or Path.home()
        self._panes = Panes()

    @cached_property
    def host(self) -> str:
        """Random id of this machine, the same in every run. Raises StoreUnavailable when its file is damaged."""
        return host_id(self._state_dir)

    @cached_property
    def user(self) -> str:
        """Name of the user we run as."""
        return current_user()

    def listeners(self) -> tuple[Listener, ...]:
        """Return every listener, those with hidden owners too, by port, protocol and address. Raises OSError."""
        rows = sorted(self._sockets.sockets(), key=lambda row: (row.port, row.protocol, row.address))
        return tuple(self._describe(rows))

    def _describe(self, rows: Iterable[Socket]) -> Iterator[Listener]:
        table = Once(self._processes)
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
        """Say whether the root of a workspace is still there; one that may not be seen counts as being there."""
        try:
            return stat.S_ISDIR(os.stat(path).st_mode)  # noqa: PTH116 (Path.is_dir does not tell gone from hidden)
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return False
        except OSError:
            return True

    def terminate(self, target: Target, *, grace: float) -> str:
        """End what holds a port and wait until it is free; return one line that says what happened.

        The identity in `target` is checked again first. Raises Refused when it is protected, not ours to end, changed,
        or still holds the port after `grace` seconds.
        """
        around = Surroundings(sockets=self._sockets, processes=self._processes, setting=self._setting, user=self.user)
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
    )
