"""The small protocols behind which the machine and the clock stand, so that a test or the demo can be one."""

from collections.abc import Collection
from typing import Protocol

from portdash.model.engines import EngineFacts
from portdash.model.listener import Listener, Process
from portdash.model.orphan import Orphan
from portdash.model.plan import Target
from portdash.model.policy import PortLimits
from portdash.model.ports import IpProtocol
from portdash.model.project import Project
from portdash.model.sockets import Socket


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> float:
        """Return unix time in seconds."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never run backwards, for limits and ages."""
        ...


class SocketSource(Protocol):
    """Reads which sockets listen."""

    def sockets(self) -> tuple[Socket, ...]:
        """Return every TCP socket in LISTEN and every bound UDP socket. Raises OSError when there is no table."""
        ...


class ProcessTable(Protocol):
    """Reads facts about processes."""

    def process(self, pid: int) -> Process | None:
        """Return what can be read of a process, None when there is no such process."""
        ...


class Machine(Protocol):
    """This computer, as the observer and the manager need it."""

    @property
    def host(self) -> str:
        """Random id of this machine, the same in every run."""
        ...

    @property
    def user(self) -> str:
        """Name of the user we run as."""
        ...

    def listeners(self) -> tuple[Listener, ...]:
        """Return every listener, those with hidden owners too, by port, protocol and address. Raises OSError."""
        ...

    def listening(self) -> frozenset[tuple[IpProtocol, int]]:
        """Return the ports on which anybody listens: cheap, for nobody is asked who that is. Raises OSError."""
        ...

    def let_go(self) -> None:
        """Close the files that stay open from look to look; the next look opens them again."""
        ...

    def engines(self) -> EngineFacts:
        """Return what the container engines said at the last look at the listeners, beside who listens."""
        ...

    def has_engines(self) -> bool:
        """Say whether there is a container engine to ask, or one that is named and may not be asked: cheap."""
        ...

    def limits(self) -> PortLimits:
        """Return the operating system's rules about ports."""
        ...

    def bind_error(self, protocol: IpProtocol, port: int) -> str | None:
        """Try to bind the port for an instant, never listening; return the kernel's refusal, None when it is free."""
        ...

    def process(self, pid: int) -> Process | None:
        """Return what can be read of a process, None when there is no such process."""
        ...

    def boot_id(self) -> str:
        """Return what changes with every boot."""
        ...

    def project_of(self, directory: str) -> Project | None:
        """Return the project that a directory lies in, None outside any."""
        ...

    def is_directory(self, path: str) -> bool:
        """Say whether the root of a workspace is still there; one that is merely out of sight counts as being there."""
        ...

    def why_unseen(self, path: str) -> str | None:
        """Return why a root that is not seen may be there all the same, None where it is seen, or gone."""
        ...

    def aim(self, target: Target) -> Target:
        """Return the target with all that has to end for its port to be free, or with the tool that stops it instead.

        Nothing is done. One that has ended by itself comes back as it is. Raises Refused when it must not be ended.
        """
        ...

    def terminate(self, target: Target, *, grace: float) -> str:
        """End what holds a port and wait until it is free; return one line that says what happened.

        The identity in `target` is checked again first. Raises Refused when it is protected, not ours to end, changed,
        or still holds the port after `grace` seconds.
        """
        ...

    def orphans(self, ended: Collection[str]) -> tuple[Orphan, ...]:
        """Return what is left of the runs with these tokens, by service; their portdash has to have ended. OSError."""
        ...

    def end_orphan(self, orphan: Orphan, *, grace: float) -> str:
        """End the very processes that were shown; return one line that says what happened. Raises Refused."""
        ...
