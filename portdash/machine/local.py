"""This computer, as the observer and the manager need it."""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Collection
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from portdash.machine.identity import boot_id, current_user, host_id
from portdash.machine.limits import read_limits
from portdash.machine.projects import find_project
from portdash.machine.sockets_system import SystemSockets, full_sockets, system_sockets

if TYPE_CHECKING:
    from portdash.machine.containers.engines import Engines
    from portdash.machine.containers.looking import Containers
    from portdash.machine.describing import Describer
    from portdash.machine.origins import Origins
    from portdash.machine.surroundings import Surroundings
    from portdash.model.engines import EngineFacts
    from portdash.model.listener import Listener, Process
    from portdash.model.orphan import Orphan
    from portdash.model.plan import Target
    from portdash.model.policy import PortLimits
    from portdash.model.ports import IpProtocol
    from portdash.model.project import Project
    from portdash.model.sources import ProcessTable, SocketSource

_LIMITS_HOLD = 4.0
"""Seconds for which the rules about ports hold: who looks each second need not read four files for them."""


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
        self._given_processes = processes
        self._home = home or Path.home()
        self._given_engines = engines
        self._limits: tuple[float, PortLimits] | None = None

    @cached_property
    def host(self) -> str:
        """Random id of this machine, the same in every run. Raises StoreUnavailable when its file is damaged."""
        return host_id(self._state_dir, make=not self._read_only)

    @cached_property
    def user(self) -> str:
        """Name of the user we run as."""
        return current_user()

    @cached_property
    def _processes(self) -> ProcessTable:
        from portdash.machine.processes import system_processes  # noqa: PLC0415 (which ports are in use needs none)

        return self._given_processes or system_processes()

    @cached_property
    def _origins(self) -> Origins:
        from portdash.machine.origins import Origins  # noqa: PLC0415 (see above)

        return Origins(self._processes, self.user)

    @cached_property
    def _describer(self) -> Describer:
        from portdash.machine.describing import Describer  # noqa: PLC0415 (see above)

        return Describer(self._processes, self._origins, self.project_of)

    @cached_property
    def _containers(self) -> Containers:
        from portdash.machine.containers.engines import Engines  # noqa: PLC0415 (see above)
        from portdash.machine.containers.looking import Containers  # noqa: PLC0415

        return Containers(self._given_engines or Engines(os.environ, self._home), self.project_of)

    def listeners(self) -> tuple[Listener, ...]:
        """Return every listener, those with hidden owners too, by port, protocol and address. Raises OSError.

        The same objects come back while sockets and processes are the same. What nobody announces is read anew when
        the source of sockets gives new rows, every few seconds: another directory, a project that got a name. After
        half a minute: a directory that others have moved, another control group. Container engines are waited for at
        most 0.3 seconds.
        """
        rows = self._sockets.sockets()
        return self._containers.joined(self._describer.listeners(rows), rows)

    def listening(self) -> frozenset[tuple[IpProtocol, int]]:
        """Return the ports on which anybody listens: cheap, for nobody is asked who that is. Raises OSError."""
        source = self._sockets
        if isinstance(source, SystemSockets):
            return source.slots()
        return frozenset((row.protocol, row.port) for row in source.sockets())

    def let_go(self) -> None:
        """Close the files that stay open from look to look, hundreds on a busy machine; the next look opens them again.

        The end of this object would close them, but what looks at it may be in a circle, which is collected when it is.
        """
        if isinstance(self._sockets, SystemSockets):
            self._sockets.let_go()
        if (processes := self.__dict__.get("_processes")) is not None:
            from portdash.machine.processes import Processes  # noqa: PLC0415 (it is loaded by now)

            if isinstance(processes, Processes):
                processes.let_go()

    def engines(self) -> EngineFacts:
        """Return what the container engines said at the last look at the listeners, beside who listens."""
        return self._containers.facts

    def has_engines(self) -> bool:
        """Say whether there is a container engine to ask, or one that is named and may not be asked: cheap."""
        if self._given_engines is not None:
            return self._given_engines.are_there()
        from portdash.machine.containers.addresses import find_addresses  # noqa: PLC0415 (see above)

        return find_addresses(os.environ, self._home).are_there

    @cached_property
    def _fixed_limits(self) -> PortLimits:
        return read_limits()

    def limits(self) -> PortLimits:
        """Return the operating system's rules about ports, at most some seconds old.

        Where asking costs a process, they are as they were at first.
        """
        if sys.platform != "linux":
            return self._fixed_limits
        now, last = time.monotonic(), self._limits
        if last is None or not 0 <= now - last[0] < _LIMITS_HOLD:
            self._limits = last = (now, read_limits())
        return last[1]

    def bind_error(self, protocol: IpProtocol, port: int) -> str | None:
        """Try to bind the port for an instant, never listening; return the kernel's refusal, None when it is free."""
        from portdash.machine.availability import bind_error  # noqa: PLC0415  a port that is kept is not tried

        return bind_error(protocol, port)

    @cached_property
    def _boot_id(self) -> str:
        return boot_id()

    def process(self, pid: int) -> Process | None:
        """Return what can be read of a process, None when there is no such process."""
        return self._processes.process(pid)

    def boot_id(self) -> str:
        """Return what changes with every boot."""
        return self._boot_id

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
