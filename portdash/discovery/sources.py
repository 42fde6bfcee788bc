"""Which source a client of a service gets, by what it says and what the configuration says."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from portdash.config.loading import load
from portdash.config.paths import state_dir
from portdash.config.settings import Flags
from portdash.config.urls import parse_cluster, parse_url
from portdash.discovery.checking import check_kind
from portdash.discovery.cluster import Cluster, ClusterSource, store_registry
from portdash.discovery.finding import LOG
from portdash.discovery.listed import ListedSource
from portdash.discovery.local import LocalSource
from portdash.discovery.seconds import wait_of
from portdash.discovery.source import Source
from portdash.discovery.starting import Start, starter
from portdash.errors import InvalidPort, UsageError
from portdash.machine.projects import workspace_for
from portdash.manager.given import no_use
from portdash.manager.opening import open_deps
from portdash.model.names import split_qualified
from portdash.model.ports import PortRange, parse_range
from portdash.text import shown

if TYPE_CHECKING:
    from portdash.config.settings import Config
    from portdash.manager.deps import Deps

Ports: TypeAlias = PortRange | range | tuple[int, int] | str
Urls: TypeAlias = str | Iterable[str]
_CLUSTERS = "say redis://HOST:PORT/DB, or URLs"
START_PATIENCE = 10.0
"""Seconds that one which was started has to do well, unless `wait` says otherwise."""


class Explained(Source, Protocol):
    """A source that also says where it looked."""

    @property
    def reasons(self) -> tuple[str, ...]:
        """What the last look looked at, where it found none; ready to show."""
        ...


def source_for(
    name: str,
    *,
    workspace: str | None = None,
    ports: Ports | None = None,
    environment: str | None = None,
    url: str | None = None,
    start: Start | None = None,
    wait: float | str | None = None,
    cluster: Urls | None = None,
    logger: logging.Logger | None = None,
) -> Explained:
    """Return where the instances of a service come from; nobody is asked yet.

    The first of these that is said: `url`; the URL that PORTDASH_URL_NAME or the configuration fixes for a service of
    our own workspace; the URLs and registries of `cluster`, or of the configuration's; else this machine, and what
    others announce where the store is a registry: the servers of the service of a workspace (that of the working
    directory unless told otherwise) by store and socket table, and, in `ports`, listeners that are no service and
    answer as one of it would. There `wait` is how long a look may wait for one that does well, seconds or `10s`, and
    `start` what is started when there is none: a command, through `portdash run -d`, or a function that is given the
    workspace.
    `logger` is told what is looked at. Raises UsageError, InvalidName, InvalidPort, ConfigError and, naming it,
    UnknownEnvironment.
    """
    check_kind("workspace", workspace)
    check_kind("environment", environment)
    check_kind("logger", logger)
    where, bare = split_qualified(name)
    found, patience = range_of(ports), wait_of(wait)
    if url is not None:
        return ListedSource(bare, [_checked(url)])
    cwd, flags = Path.cwd(), Flags(environment=environment)
    config = load(cwd=cwd, environ=os.environ, flags=flags, home=Path.home())
    where = workspace or where
    if (known := config.url_of(bare)) and (where is None or _is_ours(where, config, cwd)):
        return ListedSource(bare, [known])
    state = state_dir(os.environ, Path.home())
    if urls := _cluster(cluster, config):
        return ClusterSource(Cluster(bare, urls, config, state_dir=state, workspace=where))
    begin = None if start is None else starter(bare, start, cwd=cwd, workspace=where)
    local = LocalSource(
        f"{where}/{bare}" if where else bare,
        opener(environment, cwd=cwd),
        ports=found,
        only_here=workspace is not None,
        wait=START_PATIENCE if begin and wait is None else patience,
        start=begin,
        log=logger or LOG,
    )
    if (registry := store_registry(config)) is None:
        return local
    return ClusterSource(Cluster(bare, [registry], config, state_dir=state, workspace=where), local)


def opener(environment: str | None, *, cwd: Path | None = None) -> Callable[[], Deps]:
    """Return what opens store and machine for a client that was made in `cwd`, else in this directory."""
    where, flags = cwd or Path.cwd(), Flags(environment=environment)
    return lambda: open_deps(flags=flags, cwd=where, environ=os.environ, home=Path.home(), actor="library")


def from_env(name: str, **said: Any) -> Explained:  # noqa: ANN401  what `source_for` takes
    """Return the source of the environment that PORTDASH_ENV says, else ENV, declared or not.

    Its ranges, cluster and URLs are those of `[environments.NAME]`. Raises as `source_for` does: UnknownEnvironment for
    one that nobody has declared.
    """
    return source_for(name, environment=environment_from(os.environ), **said)


def environment_from(environ: Mapping[str, str]) -> str | None:
    """Return the environment that PORTDASH_ENV says, else ENV, whether or not it is declared; None for neither."""
    return environ.get("PORTDASH_ENV", "").strip() or environ.get("ENV", "").strip() or None


def range_of(ports: Ports | None) -> PortRange | None:
    """Return the range that `range(8080, 8091)`, `(8080, 8090)` or `8080-8090` means. Raises InvalidPort."""
    if ports is None or isinstance(ports, PortRange):
        return ports
    if isinstance(ports, str):
        return parse_range(ports)
    if isinstance(ports, range):
        if not ports or ports.step != 1:
            raise InvalidPort(f"{shown(ports)} is no range of ports", hint="write range(8080, 8091), or (8080, 8090)")
        return PortRange(ports[0], ports[-1])
    try:
        first, last = ports
    except (TypeError, ValueError):
        said = shown(ports)
        raise InvalidPort(f"{said} is no range of ports", hint="write range(8080, 8091), or (8080, 8090)") from None
    return PortRange(first, last)


def _is_ours(workspace: str, config: Config, cwd: Path) -> bool:
    """Whether a workspace is that of the working directory, as far as that tells its name without the store."""
    if config.workspace is not None:
        return workspace.casefold() == config.workspace.casefold()
    return workspace_for(cwd, Path.home(), base=config.workspace_base).is_called(workspace)


def _cluster(said: Urls | None, config: Config) -> tuple[str, ...]:
    """Return the URLs of a cluster, none where there is none. Raises UsageError."""
    if said is None:
        return config.discovery.cluster
    try:
        urls = parse_cluster(said if isinstance(said, str) else ",".join(said))
    except TypeError:
        no_use("cluster", said, "a list of URLs", hint=_CLUSTERS)
    except ValueError as error:
        raise UsageError(f"cluster= cannot be used: {error}", hint=_CLUSTERS) from error
    return urls


def _checked(url: str) -> str:
    if not isinstance(url, str):  # a library's caller may hand in anything, an httpx.URL before all
        no_use("url", url, "a URL as text", hint="say str(url)")
    try:
        return parse_url(url)
    except ValueError as error:
        raise UsageError(f"url= cannot be used: {error}", hint="write it in full: http://localhost:8080") from error
