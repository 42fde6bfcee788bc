"""One frozen view of everything at one moment. Planning reads it, faces render it, nothing changes it."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from portdash.model.assignment import Assignment, Lease, ServiceKey, ServiceSpec
from portdash.model.conflict import Conflict
from portdash.model.health import Health
from portdash.model.listener import Attribution, Container, Listener, Ownership
from portdash.model.policy import Policy, PortLimits
from portdash.model.ports import IpProtocol
from portdash.model.workspace import Workspace
from portdash.record import field, record


class Status(StrEnum):
    """How a service stands, in one word."""

    RUNNING = "running"
    CONNECTED = "connected"
    """A database or cache that answered its own protocol."""
    AVAILABLE = "available"
    """It has a port, and nobody listens there."""
    STOPPED = "stopped"
    """It does not run, and has a command or no port yet."""
    CONFLICT = "conflict"


@record
class Declaration:
    """A service that is known, whether or not it has a port yet."""

    key: ServiceKey
    spec: ServiceSpec
    has_command: bool = False
    command: tuple[str, ...] = ()
    """What starts it, the program first, `{port}` for its port; empty where its project is not trusted, too."""
    directory: str | None = None
    """Where that is run."""


@record
class SeenListener:
    """A listener with the service it is attributed to."""

    listener: Listener
    key: ServiceKey | None = None
    """The service it belongs to, or on whose port it sits; None when no service is concerned."""
    attribution: Attribution = Attribution(Ownership.UNKNOWN)

    @property
    def is_owned(self) -> bool:
        """Whether it is taken for `key`'s own server."""
        return self.key is not None and self.attribution.ownership.is_ours


@record(kw_only=True)
class ServiceView:
    """A service with all that is known about it."""

    key: ServiceKey
    spec: ServiceSpec
    assignment: Assignment | None
    """None for a service that is declared and has no port yet."""
    status: Status
    attribution: Attribution | None = None
    """Whose the listener on its port is; None when nobody listens there."""
    health: Health = Health()
    listeners: tuple[Listener, ...] = ()
    """Who listens on its port, own servers first."""
    elsewhere: tuple[Listener, ...] = ()
    """Own servers on other ports."""
    conflicts: tuple[Conflict, ...] = ()
    """Worst first, notices last."""
    heard: bool | None = None
    """Of a service of another host: whether a process there renews its lease. None for those of this host."""
    home_free: bool = False
    """Whether the port it was moved away from, or the first one it asked for, could be had now."""

    @property
    def name(self) -> str:
        """The name as it was written."""
        return self.spec.name

    @property
    def port(self) -> int | None:
        """Its port, None when it has none yet."""
        return self.assignment.port if self.assignment else None

    @property
    def is_remote(self) -> bool:
        """Whether it is another host's: it is seen through the store alone, and changed there."""
        return self.heard is not None

    @property
    def is_running(self) -> bool:
        """Whether a server of its own listens, be it on another port."""
        return bool(self.elsewhere) or bool(self.attribution and self.attribution.ownership.is_ours)


@record(kw_only=True)
class Snapshot:
    """Configuration, assignments, listeners, ownership and conflicts of one moment."""

    taken_at: float
    """Unix time in seconds."""
    revision: int
    store_url: str
    host: str
    user: str
    workspace: str
    """Where we are: the workspace of the working directory."""
    environment: str
    policy: Policy
    limits: PortLimits
    workspaces: tuple[Workspace, ...] = ()
    vanished: frozenset[str] = frozenset()
    """Workspaces whose root is gone."""
    assignments: Mapping[ServiceKey, Assignment] = field(default_factory=lambda: MappingProxyType({}))
    """All of this host, of every workspace, user and environment."""
    leases: Mapping[ServiceKey, Lease] = field(default_factory=lambda: MappingProxyType({}))
    """Those whose process is alive."""
    declarations: tuple[Declaration, ...] = ()
    """Services of the configuration in force."""
    listeners: tuple[SeenListener, ...] = ()
    """Every socket seen, by port, protocol, address."""
    services: tuple[ServiceView, ...] = ()
    """Services of all workspaces: this workspace first, then by name."""
    remote: tuple[ServiceView, ...] = ()
    """Services of other hosts that share the store, by host, workspace and name."""
    conflicts: tuple[Conflict, ...] = ()
    """All of them, worst first. One about a port that several share by inheritance is there once, as the parent's."""
    quarantined: Mapping[tuple[IpProtocol, int], str] = field(default_factory=lambda: MappingProxyType({}))
    """Ports given back within the last minute, and by whom."""
    reserved: frozenset[tuple[IpProtocol, int]] = frozenset()
    """Ports that a plan being applied keeps."""
    bound: Mapping[tuple[IpProtocol, int], str] = field(default_factory=lambda: MappingProxyType({}))
    """Ports where a bind was tried and refused though nobody listens, with the kernel's word for it."""
    elsewhere: Mapping[tuple[IpProtocol, int], ServiceKey] = field(default_factory=lambda: MappingProxyType({}))
    """Ports that another store of this machine gives out, and to which service."""
    published: Mapping[tuple[IpProtocol, int], Container] = field(default_factory=lambda: MappingProxyType({}))
    """Ports where nobody listens and which a container publishes whenever it runs."""
    hidden_owners: int = 0
    """Listeners whose owner may not be read."""
    notices: tuple[str, ...] = ()
    """What could not be seen, and why."""
    went_back: tuple[int, int] | None = None
    """The revision that the store had, and the lower one that it was found with later; None where nothing was lost, or
    it has as much again."""
    stale_since: float | None = None
    """Unix time of the last contact with a store that is out of reach, None while what is here is current."""

    @property
    def where(self) -> tuple[str, str, str, str]:
        """What the keys of the services of this workspace and environment have in common."""
        return self.host, self.user, self.workspace, self.environment

    def service(self, key: ServiceKey) -> ServiceView | None:
        """Return the view of one service of this host."""
        return next((view for view in self.services if view.key == key), None)

    def workspace_named(self, name: str) -> Workspace | None:
        """Return the workspace of that name."""
        return next((workspace for workspace in self.workspaces if workspace.name == name), None)
