"""A computer made of data, behind the same protocol as the real one."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from threading import Lock

from portdash.errors import Refused
from portdash.machine.availability import IN_USE, NEEDS_PRIVILEGE
from portdash.machine.keepers import keeper_of
from portdash.machine.processes import Setting
from portdash.machine.protection import check_allowed
from portdash.model.engines import EngineFacts
from portdash.model.listener import Listener, Process
from portdash.model.orphan import Orphan
from portdash.model.plan import Target
from portdash.model.policy import PortLimits
from portdash.model.ports import IpProtocol
from portdash.model.project import Project

_NO_LIMITS = PortLimits()


class FakeMachine:
    """Listeners, processes and projects as given. May be asked from several threads.

    A process that is ended takes its listeners with it, and a port is free exactly when nobody listens on it. What may
    be ended follows the rules of the real machine, but no process of the computer it runs on is ever looked at.
    """

    def __init__(
        self,
        *,
        host: str,
        user: str,
        listeners: Iterable[Listener] = (),
        processes: Iterable[Process] = (),
        projects: Iterable[Project] = (),
        directories: Iterable[str] = (),
        limits: PortLimits = _NO_LIMITS,
        boot_id: str = "demo-boot",
    ) -> None:
        self._host = host
        self._user = user
        self._limits = limits
        self._boot_id = boot_id
        self._projects = sorted(projects, key=lambda project: len(project.root), reverse=True)
        self._directories = {*directories, *(project.root for project in self._projects)}
        self._hidden: set[str] = set()
        self._lock = Lock()
        self._processes = {process.pid: process for process in processes}
        self._listeners: tuple[Listener, ...] = ()
        for listener in listeners:
            self.listen(listener)

    @property
    def host(self) -> str:
        """Id of this machine."""
        return self._host

    @property
    def user(self) -> str:
        """Name of the user we run as."""
        return self._user

    def listen(self, listener: Listener) -> None:
        """Let a server start listening."""
        with self._lock:
            if listener.owner:
                self._processes[listener.owner.pid] = listener.owner
            self._listeners = tuple(sorted((*self._listeners, listener), key=_place))

    def start(self, process: Process) -> None:
        """Let a process start that listens nowhere."""
        with self._lock:
            self._processes[process.pid] = process

    def listeners(self) -> tuple[Listener, ...]:
        """Return every listener by port, protocol and address."""
        return self._listeners

    def listening(self) -> frozenset[tuple[IpProtocol, int]]:
        """Return the ports on which anybody listens."""
        return frozenset((each.protocol, each.port) for each in self._listeners)

    def engines(self) -> EngineFacts:
        """Return that every engine answers, and that every container runs."""
        return EngineFacts()

    def has_engines(self) -> bool:
        """Say that no engine has to be asked which ports containers have that do not run."""
        return False

    def limits(self) -> PortLimits:
        """Return the rules about ports."""
        return self._limits

    def let_go(self) -> None:
        """Nothing is kept open."""

    def bind_error(self, protocol: IpProtocol, port: int) -> str | None:
        """Return why a server could not bind the port, None when it could."""
        if any((each.protocol, each.port) == (protocol, port) for each in self._listeners):
            return IN_USE
        denied = port < self._limits.unprivileged_start and not self._limits.privileged
        return NEEDS_PRIVILEGE if denied else None

    def process(self, pid: int) -> Process | None:
        """Return a process, None when there is none of that number."""
        with self._lock:
            return self._processes.get(pid)

    def boot_id(self) -> str:
        """Return what changes with every boot."""
        return self._boot_id

    def project_of(self, directory: str) -> Project | None:
        """Return the nearest project that a directory lies in."""
        inside = (each for each in self._projects if f"{directory}/".startswith(f"{each.root}/"))
        return next(inside, None)

    def is_directory(self, path: str) -> bool:
        """Say whether there is such a directory."""
        return path in self._directories or path in self._hidden

    def why_unseen(self, path: str) -> str | None:
        """Return why a directory may be there though it is not seen: it was hidden."""
        return "its volume is not mounted" if path in self._hidden else None

    def hide_directory(self, path: str) -> None:
        """Let a directory get out of sight, as on a volume that is not mounted."""
        self._hidden.add(path)

    def remove_directory(self, path: str) -> None:
        """Let a directory vanish, as that of a removed worktree."""
        self._directories.discard(path)

    def aim(self, target: Target) -> Target:
        """Return the target with its one process: nobody here has children that end with it. Raises as `terminate`."""
        process = None if target.container_id is not None else self._check(target)
        if process is None:
            return target
        via = next((each.via for each in self._listeners if process.pid in each.pids), None)
        keeper = keeper_of(via or "", ())
        notes = (f"{keeper.label} started it, and may start it again",) if keeper and keeper.is_agent else ()
        return replace(target, group=(process,), holding=(process.pid,), notes=(*target.notes, *notes))

    def terminate(self, target: Target, *, grace: float) -> str:
        """End the target and every listener it has; return one line about it.

        Everybody here ends when asked, so `grace` is not needed. A container is stopped. Raises Refused as the real
        machine does: for another user's process, a protected one, and when it is not the process that was shown.
        """
        del grace
        if target.container_id is not None:
            return self._stop(target, target.container_id)
        process = self._check(target)
        if process is None:
            return f"{target.label} had ended already, {target.port} is free"
        with self._lock:
            self._processes.pop(process.pid, None)
            self._listeners = tuple(each for each in self._listeners if process.pid not in each.pids)
        self._prove_free(target, "ended")
        return f"{target.label} ended after 0.1s, {target.port} is free"

    def orphans(self, ended: Collection[str]) -> tuple[Orphan, ...]:
        """Return nothing: nobody here was started by a run."""
        del ended
        return ()

    def end_orphan(self, orphan: Orphan, *, grace: float) -> str:
        """Refuse: nothing here was left behind."""
        del grace
        raise Refused(f"{orphan.label} is not there any more", hint="look again")

    def _stop(self, target: Target, container: str) -> str:
        with self._lock:
            stays = tuple(each for each in self._listeners if not each.container or each.container.id != container)
            was_there, self._listeners = len(stays) < len(self._listeners), stays
        self._prove_free(target, "stopped")
        how = "stopped after 0.1s" if was_there else "had stopped already"
        return f"{target.label} {how}, {target.port} is free"

    def _prove_free(self, target: Target, how: str) -> None:
        if others := self._on(target):
            raise Refused(
                f"{target.label} {how}, but {others[0].label} holds {target.port} on {others[0].address}",
                hint=f"`portdash who {target.port}` says what it is",
            )

    def _check(self, target: Target) -> Process | None:
        """Return the process to end, None when it has ended by itself."""
        if target.pid is None:
            raise Refused(f"who holds {target.port} may not be read, so it is not ended")
        process = self.process(target.pid)
        if process is None:
            if self._on(target):
                raise Refused(f"{target.label} has ended by itself, and {target.port} is held by another by now")
            return None
        if process.ticks != target.ticks or not any(process.pid in each.pids for each in self._on(target)):
            raise Refused(
                f"pid {process.pid} is not {target.label} any more, so it is not ended",
                hint=f"look again: `portdash who {target.port}`",
            )
        check_allowed(process, target, above=(), setting=Setting(), user=self._user, own=frozenset())
        return process

    def _on(self, target: Target) -> tuple[Listener, ...]:
        here = (each for each in self._listeners if (each.protocol, each.port) == (target.protocol, target.port))
        return tuple(each for each in here if not each.pids or not set(each.pids) <= set(target.beside))


def _place(listener: Listener) -> tuple[int, str, str]:
    return listener.port, listener.protocol, listener.address
