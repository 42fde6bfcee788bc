"""Reality: the sockets on this machine, the processes behind them, and whose they are."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from portdash.model.carriers import is_carrier
from portdash.model.ports import IpProtocol
from portdash.record import record

if TYPE_CHECKING:
    from portdash.model.project import Project


@record(kw_only=True)
class Process:
    """Facts of one process. Text is cleaned already; what may not be read is None."""

    pid: int
    started_at: float | None = None
    """Unix time in seconds."""
    ticks: int = 0
    """Start in kernel ticks since boot, which no clock change moves; 0 where the system does not tell."""
    name: str | None = None
    command: tuple[str, ...] | None = None
    """Arguments, the program first."""
    user: str | None = None
    cwd: str | None = None
    """Absolute path as the kernel has it, not cleaned: it is compared with paths."""
    parent: int | None = None

    @property
    def label(self) -> str:
        """`node 4121`."""
        return f"{self.name or 'process'} {self.pid}"


@record
class Ancestor:
    """A process above a listener's owner; the chain is nearest first."""

    pid: int
    name: str
    title: str | None = None
    """What it runs, where that says more than its name: `npm run dev`, `node vite`."""


@record(kw_only=True)
class Hints:
    """The few things that the environment of a process told us. Nobody else vouches for them."""

    script: str | None = None
    """The script of package.json that it was started by: `dev`."""
    package: str | None = None
    """The package of that script: `@shop/web`."""
    port: int | None = None
    """The port it was told to take, by `PORT`."""
    pm2: str | None = None
    """What pm2 calls it."""
    service: str | None = None
    """The service that `portdash run` started it as."""
    workspace: str | None = None
    """The workspace of that service."""


NO_HINTS = Hints()
"""What an environment that may not be read tells."""


@record(kw_only=True)
class Container:
    """The container that answers on a published port, or would if it ran. Text is cleaned already."""

    id: str
    """Empty where its engine may not be asked, and then it cannot be stopped."""
    name: str
    engine: str = "docker"
    compose_project: str | None = None
    compose_service: str | None = None
    directory: str | None = None
    """Where its compose project is: an absolute path, not cleaned, for it is compared with paths."""
    image: str | None = None
    health: str | None = None
    """What its own health check says, in the engine's word; None where it has none."""
    running: bool = True

    @property
    def label(self) -> str:
        """`container blog-db-1`, `stopped container blog-db-1`."""
        return f"{'' if self.running else 'stopped '}container {self.name}"

    @property
    def facts(self) -> tuple[str, ...]:
        """What is known beside its name: `compose blog/db`, `postgres:15`, `healthy`; its engine if nothing is."""
        of = "/".join(each for each in (self.compose_project, self.compose_service) if each)
        known = tuple(each for each in (f"compose {of}" if of else None, self.image, self.health) if each)
        return known or (self.engine,)


@record(kw_only=True)
class Listener:
    """One socket: TCP in LISTEN, or UDP bound to a port."""

    protocol: IpProtocol
    address: str
    """As bound: `127.0.0.1`, `0.0.0.0`, `::`, `::1`, ..."""
    port: int
    dual_stack: bool | None = None
    """Whether an IPv6 wildcard answers IPv4 too; None where it does not apply or cannot be told."""
    owner: Process | None = None
    """The topmost process sharing the socket; None when it may not be read."""
    pids: tuple[int, ...] = ()
    """All processes that share it, the owner first."""
    user: str | None = None
    """Owner of the socket, known even where the process is hidden."""
    project: Project | None = None
    container: Container | None = None
    via: str | None = None
    """What started it or keeps it: `docker`, `systemd`, `tmux`, `claude`, `orphan`, ..."""
    unit: str | None = None
    """The systemd unit it runs in."""
    framework: str | None = None
    """What its command line says it is: `vite`, `uvicorn`, ..."""
    title: str | None = None
    """What it runs, where that says more than its owner's name: `node vite`, `python manage.py runserver`."""
    hints: Hints = NO_HINTS
    """What its owner's environment told."""
    connections: int | None = None
    """Established connections to it."""
    queue: int | None = None
    """Connections that wait to be accepted; a queue that grows is a server that hangs."""
    orphan: bool = False
    """Its parent is gone and it has no terminal."""
    ancestors: tuple[Ancestor, ...] = ()

    @property
    def pid(self) -> int | None:
        """Pid of the owner, None when it may not be read."""
        return self.owner.pid if self.owner else None

    @property
    def server(self) -> Process | None:
        """The process that serves: the owner, unless that merely holds the port for a container."""
        if self.container is None or self.owner is None or not is_carrier(self.owner.name or ""):
            return self.owner
        return None

    @property
    def label(self) -> str:
        """Who it is, ready to read: `blog-db-1 (docker)`, `node 4121`, `owner hidden (postgres)`."""
        if self.container:
            return f"{self.container.name} ({self.container.engine})"
        if self.owner:
            return self.owner.label
        return f"owner hidden ({self.user})" if self.user else "owner hidden"


class Ownership(StrEnum):
    """Does a listener belong to a service?"""

    CONFIRMED = "confirmed"
    PRESUMED = "presumed"
    UNKNOWN = "unknown"
    FOREIGN = "foreign"

    @property
    def is_ours(self) -> bool:
        """Whether the listener is taken for the service's own."""
        return self in (Ownership.CONFIRMED, Ownership.PRESUMED)


@record
class Attribution:
    """The answer to `whose is it?` with what it rests on."""

    ownership: Ownership
    evidence: tuple[str, ...] = ()
    """Readable facts, the decisive one first."""
