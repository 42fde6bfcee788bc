"""The sections of a configuration that belong to rooms of their own, with their defaults. Durations are seconds."""

from enum import StrEnum

from portdash.model.ports import PortRange
from portdash.record import field, record


class Glyphs(StrEnum):
    """Which signs the dashboard draws with."""

    AUTO = "auto"
    """ASCII where the terminal or the locale cannot carry the others."""
    UNICODE = "unicode"
    ASCII = "ascii"


@record(kw_only=True)
class DashboardConfig:
    """`[dashboard]`."""

    theme: str | None = None
    """Name of a theme; None leaves the choice to the dashboard."""
    refresh: float = 1.0
    """Seconds between two looks at the sockets."""
    glyphs: Glyphs = Glyphs.AUTO
    bell: bool = True
    """Whether a new conflict, or a service of yours going down, rings."""
    mouse: bool = True


@record(kw_only=True)
class HealthConfig:
    """`[health]`: how services are checked that do not say it themselves."""

    interval: float = 5.0
    timeout: float = 1.0
    initial_delay: float = 30.0
    """Seconds after its start during which a failing service counts as starting."""
    failure_threshold: int = 3
    """Failed checks in a row that make a service unhealthy."""
    success_threshold: int = 2
    """Good checks in a row that make it healthy again."""


@record(kw_only=True)
class DiscoveryConfig:
    """`[discovery]`: how clients find the instances of a service."""

    timeout: float = 10.0
    range: PortRange | None = None
    """Ports in which unregistered instances are looked for; None looks at those of the service alone."""
    cluster: tuple[str, ...] = field(default=(), repr=False)
    """Registries of other machines, as URLs; may hold passwords."""


@record(kw_only=True)
class ApiConfig:
    """`[api]`: the HTTP API of `portdash serve`, on this machine's loopback only."""

    port: int = 8081
    uds: str | None = None
    """Absolute path of a Unix socket to serve on; None for the one in the runtime directory."""
    open_read: bool = False
    """Whether reading needs no token."""
    allow_kill: bool = False
    """Whether processes may be ended through it."""
    token: str | None = field(default=None, repr=False)
    """From PORTDASH_TOKEN alone; None for the one in the state directory."""
