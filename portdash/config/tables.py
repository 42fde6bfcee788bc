"""The shape of a configuration file: every table, every key, and the kind of value it takes.

None means `not set` everywhere. Kinds that TOML does not have (durations, ranges, paths, ...) are the small classes at
the top; `portdash.config.leaves` reads them. Loaded only when there is a file.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from portdash.config.hooks import HookEvent
from portdash.config.sections import Glyphs
from portdash.model.health import HealthLevel
from portdash.model.plan import Strategy
from portdash.model.ports import IpProtocol, PortRange

Port = Annotated[int, Meta(ge=1, le=65535)]
Priority = Annotated[int, Meta(ge=1, le=99)]
Replicas = Annotated[int, Meta(ge=1, le=99)]
Count = Annotated[int, Meta(ge=1, le=1000)]
PERIOD: Mapping[str, str] = MappingProxyType({"period": "interval"})
"""What Kubernetes calls it."""
HttpStatus = Annotated[int, Meta(ge=100, le=599)]


class Seconds(float):
    """A duration."""


class Span:
    """A range of ports."""

    def __init__(self, ports: PortRange) -> None:
        self.ports = ports


class PortList(tuple[int, ...]):
    """Ports in order; one alone may stand without brackets."""

    __slots__ = ()


class PortSet(frozenset[int]):
    """Ports and ranges of ports."""


class Command(tuple[str, ...]):
    """A program and its arguments."""

    __slots__ = ()


class Line(str):
    """One line of text that is not empty."""

    __slots__ = ()


class Detect(str):
    """`true`, `false` or the kind of server to look for: empty means false, `*` any kind."""

    __slots__ = ()


class ServiceName(str):
    """A service."""

    __slots__ = ()


class WorkspaceName(str):
    """A workspace."""

    __slots__ = ()


class Variable(str):
    """An environment variable that may hold a port."""

    __slots__ = ()


class FilePath(str):
    """An absolute path; in the file, one that may count from the file's directory."""

    __slots__ = ()


class Url(str):
    """A URL with a host."""

    __slots__ = ()


class RegistryUrl(str):
    """A URL of a registry of other machines."""

    __slots__ = ()


class UrlPath(str):
    """A path to fetch, from `/`."""

    __slots__ = ()


class StoreUrl(str):
    """A store of assignments."""

    __slots__ = ()


class Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of a file."""

    shorthand: ClassVar[str | None] = None
    """The key that is meant where plain text stands in place of the table."""
    aliases: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """Other spellings of its keys, as other programs have them."""
    is_value: ClassVar[bool] = False
    """Whether a later layer replaces it whole rather than key by key."""


class MatchTable(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`match`: how a service's own process is recognised."""

    shorthand = "command"
    is_value = True

    process: Line | None = None
    command: Line | None = None
    directory: FilePath | None = None
    unit: Line | None = None


class HealthCheckTable(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`health` of a service."""

    shorthand = "http_get"
    aliases = PERIOD
    is_value = True

    http_get: UrlPath | None = None
    contains: str | None = None
    status: tuple[HttpStatus, ...] | None = None
    headers: dict[Line, str] | None = None
    tcp: bool | None = None
    redis: bool | None = None
    postgres: bool | None = None
    amqp: bool | None = None
    nats: bool | None = None
    mqtt: bool | None = None
    memcached: bool | None = None
    beanstalkd: bool | None = None
    smtp: bool | None = None
    ssh: bool | None = None
    exec: Command | None = None
    level: HealthLevel | None = None
    interval: Seconds | None = None
    timeout: Seconds | None = None
    initial_delay: Seconds | None = None
    failure_threshold: Count | None = None
    success_threshold: Count | None = None


class ServiceTable(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[services.NAME]`."""

    type: Line | None = None
    purpose: str | None = None
    preferred: PortList | None = None
    base: Port | None = None
    range: Span | None = None
    exclude: PortSet | None = None
    env: Variable | None = None
    inherit_from: ServiceName | None = None
    conflicts_with: tuple[ServiceName, ...] | None = None
    priority: Priority | None = None
    pin: bool | None = None
    protocol: IpProtocol | None = None
    match: MatchTable | None = None
    detect: Detect | None = None
    health: HealthCheckTable | None = None
    command: Command | None = None
    depends_on: tuple[ServiceName, ...] | None = None
    restart_on: tuple[ServiceName, ...] | None = None
    url: Url | None = None
    replicas: Replicas | None = None


class RangeTable(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of `[[ranges]]`."""

    name: Line
    range: Span
    type: Line
    priority: Priority = 3


class HookTable(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of `[[hooks]]`."""

    on: tuple[HookEvent, ...]
    command: Command
    timeout: Seconds | None = None


class DashboardTable(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[dashboard]`."""

    theme: Line | None = None
    refresh: Seconds | None = None
    glyphs: Glyphs | None = None
    bell: bool | None = None
    mouse: bool | None = None


class HealthTable(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[health]`."""

    aliases = PERIOD

    interval: Seconds | None = None
    timeout: Seconds | None = None
    initial_delay: Seconds | None = None
    failure_threshold: Count | None = None
    success_threshold: Count | None = None


class DiscoveryTable(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[discovery]`."""

    timeout: Seconds | None = None
    range: Span | None = None
    cluster: tuple[RegistryUrl, ...] | None = None


class ApiTable(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[api]`."""

    port: Port | None = None
    uds: FilePath | None = None
    open_read: bool | None = None
    allow_kill: bool | None = None


class SectionTable(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may stand in a file and in each of its `[environments.NAME]`."""

    strategy: Strategy | None = None
    workspace: WorkspaceName | None = None
    base_port: Port | None = None
    range: Span | None = None
    return_home: bool | None = None
    store: StoreUrl | None = None
    ranges: tuple[RangeTable, ...] | None = None
    services: dict[str, ServiceTable] | None = None
    dashboard: DashboardTable | None = None
    health: HealthTable | None = None
    discovery: DiscoveryTable | None = None
    api: ApiTable | None = None
    keys: dict[Line, str] | None = None
    hooks: tuple[HookTable, ...] | None = None


class FileTable(SectionTable, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole file."""

    environment: Line | None = None
    environments: dict[str, SectionTable] | None = None
