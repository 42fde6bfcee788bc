"""Intent: which service should have which port, what it asked for, and why it got what it got."""

import re
from enum import StrEnum

from portdash.errors import UsageError
from portdash.model.names import variable_for
from portdash.model.ports import IpProtocol, PortRange
from portdash.record import field, record, replace
from portdash.text import shown

_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]*"


class Source(StrEnum):
    """How an assignment got its port."""

    OVERRIDE = "override"
    """An environment variable said so."""
    PREFERRED = "preferred"
    """It is the first port the service asked for."""
    FALLBACK = "fallback"
    """What the service asked for first could not be had."""
    INHERITED = "inherited"
    """It is the port of the service named in `inherit_from`."""
    DETECTED = "detected"
    """It is the port on which a running server was found."""
    SEQUENTIAL = "sequential"
    """Nothing was asked for: the next free port in order."""


class Verdict(StrEnum):
    """What became of one candidate port."""

    CHOSEN = "chosen"
    ASSIGNED = "assigned"
    """Another service's port."""
    LISTENING = "listening"
    """A listener that is not this service's holds it."""
    BOUND = "bound"
    """The kernel refuses a bind: held, in use by an outgoing connection, or lingering."""
    RESERVED = "reserved"
    """A plan that is being applied keeps it."""
    EXCLUDED = "excluded"
    OS_RESERVED = "os_reserved"
    EPHEMERAL = "ephemeral"
    """The operating system hands it out to outgoing connections."""
    PRIVILEGED = "privileged"
    BROWSER_BLOCKED = "browser_blocked"
    """Browsers and fetch refuse to talk to it."""
    PREFERRED_BY = "preferred_by"
    """Another known service asks for it; taken only when nothing else is left."""
    QUARANTINED = "quarantined"
    """Given back less than a minute ago; taken only when nothing else is left."""
    CONTAINER = "container"
    """A container publishes it whenever it runs; taken only when nothing else is left."""
    VANISHED = "vanished"
    """It belongs to a workspace whose directory is gone; taken last."""
    MUTUAL = "mutual"
    """A service that this one must not share a port with has it."""
    OUT_OF_RANGE = "out_of_range"
    LEFT_BEHIND = "left_behind"
    """The service had it, could have kept it, and was told to take another."""
    NOT_A_PORT = "not_a_port"
    """An override that is not a port number."""


@record
class Reason:
    """One candidate that was tried, and what became of it."""

    port: int | None
    """None where the candidate was no port at all, as in `PORT=abc`."""
    verdict: Verdict
    holder: str | None = None
    """Who is in the way, ready to read: `node 4121 (shop@fix-login)`."""


@record(order=True)
class ServiceKey:
    """What makes an assignment one and the same. Two keys are equal exactly when they name the same service."""

    host: str
    """Random id of the machine, kept in the state directory."""
    user: str
    workspace: str
    environment: str
    service: str
    """The name without regard to case."""
    protocol: IpProtocol = IpProtocol.TCP

    @property
    def where(self) -> tuple[str, str, str, str]:
        """Host, user, workspace and environment: what the services of one place have in common."""
        return self.host, self.user, self.workspace, self.environment


@record(kw_only=True)
class Match:
    """How a service's own process is recognised. Every field given must fit."""

    process: str | None = None
    """Name of the process, such as `node`."""
    command: str | None = None
    """Text that stands in its command line."""
    directory: str | None = None
    """Directory at or below which it works; absolute."""
    unit: str | None = None
    """Name of the systemd unit it runs in, with or without `.service`."""


@record(kw_only=True)
class ServiceSpec:
    """What a service asks for. Kept with its assignment, so that any process can plan it anew."""

    name: str
    type: str | None = None
    purpose: str = ""
    protocol: IpProtocol = IpProtocol.TCP
    preferred: tuple[int, ...] = ()
    """Ports it would like, best first."""
    base: int | None = None
    """First port of its own search; without `range` the search ends at base + 100."""
    range: PortRange | None = None
    """Hard limit of its search."""
    exclude: frozenset[int] = frozenset()
    env: str | None = None
    """Variable that overrides the choice, and that it is exported as; None means the derived name, no override."""
    inherit_from: str | None = None
    """Service of the same workspace whose port it shares."""
    conflicts_with: tuple[str, ...] = ()
    """Services of the same workspace that must not have the same port."""
    priority: int | None = None
    """1 is most important; None means that of the type's range, else 3."""
    pin: bool = False
    """Never displaced by another service."""
    match: Match | None = None

    @property
    def variable(self) -> str:
        """The variable it is exported as. PORT overrides too, but is never exported: `run` sets it for its child."""
        return self.env if self.env and self.env != "PORT" else variable_for(self.name)

    def instance(self, name: str) -> "ServiceSpec":
        """Return what the further instance `name` (`web@2`) asks for: the same, but for a variable of its own."""
        return replace(self, name=name, env=None)


@record(kw_only=True)
class Assignment:
    """The lasting fact that a service has a port. Survives exit and reboot; never expires."""

    key: ServiceKey
    spec: ServiceSpec
    port: int
    source: Source
    attempts: int = 1
    """Candidates tried, the chosen one included."""
    reasons: tuple[Reason, ...] = ()
    home: int | None = None
    """The port it was moved away from and may return to."""
    assigned_at: float = 0.0
    """Unix time in seconds at which it got this port."""
    actor: str = ""
    """Who assigned it: `cli`, `dashboard`, `library`, `api`, `file`."""
    revision: int = field(default=0, compare=False)
    """Store revision that last wrote this row; 0 before it is stored."""

    @property
    def name(self) -> str:
        """The service's name as it was written."""
        return self.spec.name

    @property
    def service(self) -> str:
        """The same, under the word that events have for it."""
        return self.name

    @property
    def type(self) -> str | None:
        """The type it asked a port for."""
        return self.spec.type

    @property
    def preferred(self) -> int | None:
        """The port it asked for first, None when it asked for none."""
        return self.spec.preferred[0] if self.spec.preferred else self.spec.base

    @property
    def fallback(self) -> bool:
        """Whether what it asked for first could not be had."""
        return self.source is Source.FALLBACK

    @property
    def is_assigned(self) -> bool:
        """True: a DefaultPort's is false."""
        return True

    def url(self, scheme: str = "http") -> str:
        """Return `http://localhost:PORT`."""
        return url_of(self.port, scheme)


@record(kw_only=True)
class Lease:
    """A live process uses an assignment now. Losing it never deletes the assignment."""

    key: ServiceKey
    pid: int
    started: int
    """Start of the process in kernel ticks since boot, 0 where the system does not tell."""
    boot_id: str
    token: str
    supervised: bool = False
    """Whether the process is a `run`, which can be asked to stop, restart or move its child."""


def url_of(port: int, scheme: str = "http", host: str = "localhost") -> str:
    """Return `http://localhost:3000`. Raises UsageError for a scheme that is none."""
    if scheme != "http" and not _is_scheme(scheme):
        raise UsageError(f"{shown(scheme)} is no scheme of a URL", hint="say http, https, ws, redis, postgresql ...")
    return f"{scheme}://{host}:{port}"


def _is_scheme(said: object) -> bool:
    return isinstance(said, str) and re.fullmatch(_SCHEME, said) is not None
