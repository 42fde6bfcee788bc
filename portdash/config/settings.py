"""`Config`: everything that files, variables and flags say, decoded, with the origin of every value."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from portdash.config.origins import BUILT_IN, Layer, Origin
from portdash.config.ranges import DEFAULT_RANGES
from portdash.config.sections import ApiConfig, DashboardConfig, DiscoveryConfig, HealthConfig
from portdash.model.names import variable_for
from portdash.model.plan import Strategy
from portdash.model.policy import Policy, TypeRange
from portdash.model.ports import FIRST_PORT, LAST_PORT, PortRange
from portdash.named_tuple import NamedTuple
from portdash.record import field, record

if TYPE_CHECKING:
    from portdash.config.hooks import HookConfig
    from portdash.config.services import ServiceConfig

__all__ = ["Config", "DashboardConfig", "Flags", "Layer", "Origin"]

DEFAULT_ENVIRONMENT = "development"
BUILT_IN_ENVIRONMENTS = ("development", "staging", "production")
"""Names that may be used where no configuration declares environments."""


class Flags(NamedTuple):
    """What stands before the command on the command line. None means `not given`."""

    config: Path | None = None
    """File to read in place of the project's."""
    store: str | None = None
    workspace: str | None = None
    environment: str | None = None
    read_only: bool | None = None
    debug: bool | None = None

    def arguments(self) -> tuple[str, ...]:
        """Return them as they stand on a command line."""
        said = (
            ("--config", self.config),
            ("--store", self.store),
            ("--workspace", self.workspace),
            ("--environment", self.environment),
        )
        valued = (word for option, value in said if value is not None for word in (option, str(value)))
        return (*valued, *(["--read-only"] if self.read_only else []), *(["--debug"] if self.debug else []))


@record(kw_only=True)
class Config:
    """The configuration in force. `Config()` is what is built in, with a store that keeps nothing."""

    environment: str = DEFAULT_ENVIRONMENT
    environment_declared: bool = False
    """Whether a file has a section for it."""
    environments: tuple[str, ...] = ()
    """Those that have a section in a file, sorted."""
    workspace: str | None = None
    """Name of the workspace as a flag or variable says it; it stands as it is."""
    workspace_base: str | None = None
    """Name that a file gives the project; worktrees and namesakes add to it."""
    strategy: Strategy = Strategy.MINIMAL
    base_port: int = 4000
    store: str = field(default="memory:", repr=False)
    """URL of the store of assignments, paths absolute; may hold a password."""
    ranges: tuple[TypeRange, ...] = DEFAULT_RANGES
    bounds: PortRange = PortRange(FIRST_PORT, LAST_PORT)
    """No port outside is ever chosen: `range`, PORTDASH_PORT_MIN, PORTDASH_PORT_MAX."""
    return_home: bool = True
    """Whether a displaced service that is not running goes back to its home once that is free."""
    services: tuple[ServiceConfig, ...] = ()
    """Declared services, in the order in which they were first named."""
    dashboard: DashboardConfig = field(default_factory=DashboardConfig)
    health: HealthConfig = field(default_factory=HealthConfig)
    discovery: DiscoveryConfig = field(default_factory=DiscoveryConfig)
    api: ApiConfig = field(default_factory=ApiConfig)
    keys: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Key or keys (separated by commas) by id of the dashboard's command."""
    hooks: tuple[HookConfig, ...] = ()
    urls: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    """What PORTDASH_URL_<SERVICE> say, by the last part of their names."""
    read_only: bool = False
    debug: bool = False
    files: tuple[Path, ...] = ()
    """Files that were read, the lowest layer first."""
    project_file: Path | None = None
    trusted: bool = True
    """Whether all of the project file counts; true where there is none."""
    warnings: tuple[str, ...] = ()
    """What was left out or looks wrong, one line each, ready to show."""
    origins: Mapping[str, Origin] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    """Origin by key in lower case; what is missing is built in."""

    def policy(self) -> Policy:
        """Return the rules that placement follows."""
        return Policy(
            strategy=self.strategy,
            base_port=self.base_port,
            ranges=self.ranges,
            bounds=self.bounds,
            return_home=self.return_home,
            trusted=self.trusted,
        )

    def service(self, name: str) -> ServiceConfig | None:
        """Return the declaration of a service; case does not count."""
        wanted = name.casefold()
        return next((each for each in self.services if each.name.casefold() == wanted), None)

    def url_of(self, name: str) -> str | None:
        """Return the fixed URL of a service: that of its PORTDASH_URL_ variable, else the declared one."""
        declared = self.service(name)
        return self.urls.get(url_suffix(name)) or (declared.url if declared else None)

    @property
    def registry(self) -> str | None:
        """The URL of the registry in which instances are announced: the store's, or the first of the cluster's."""
        from portdash.config.urls import is_registry  # noqa: PLC0415  loads urllib.parse, rarely needed

        return next((url for url in (self.store, *self.discovery.cluster) if is_registry(url)), None)

    def origin(self, key: str) -> Origin:
        """Return where the value of `key` comes from, such as `strategy` or `services.web.preferred`.

        A key stands for those below it as well: a whole section, or the list or table that it is set in.
        """
        key = key.casefold()
        while key:
            if found := self.origins.get(key):
                return found
            key = key.rpartition("[" if key.endswith("]") else ".")[0]
        return BUILT_IN


def url_suffix(name: str) -> str:
    """Return what follows PORTDASH_URL_ in the variable of a service: `my-api` -> `MY_API`."""
    return variable_for(name).removesuffix("_PORT")
