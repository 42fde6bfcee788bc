"""Variables and flags laid over what the files say."""

from pathlib import Path
from types import MappingProxyType

from portdash.config.origins import Layer, Origin
from portdash.config.problems import Problem, Problems, Rejected, shown
from portdash.config.settings import Config, Flags
from portdash.config.variables import URL_PREFIX, Variables
from portdash.errors import PortdashError
from portdash.model.names import check_workspace
from portdash.model.ports import PortRange
from portdash.record import replace
from portdash.text import clean


def apply_variables(config: Config, read: Variables, problems: Problems) -> Config:
    """Return `config` with what the variables say."""
    config = _bounded(config, read, problems)
    if read.store is not None:
        config = _noting(replace(config, store=read.store), "PORTDASH_STORE", "store")
    if read.workspace is not None:
        config = _noting(replace(config, workspace=read.workspace), "PORTDASH_WORKSPACE", "workspace")
    if read.debug is not None:
        config = _noting(replace(config, debug=read.debug), "PORTDASH_DEBUG", "debug")
    if read.health_interval is not None:
        health = replace(config.health, interval=read.health_interval)
        config = _noting(replace(config, health=health), "PORTDASH_HEALTH_INTERVAL", "health.interval")
    if read.discovery_timeout is not None:
        discovery = replace(config.discovery, timeout=read.discovery_timeout)
        config = _noting(replace(config, discovery=discovery), "PORTDASH_DISCOVERY_TIMEOUT", "discovery.timeout")
    if read.cluster is not None:
        discovery = replace(config.discovery, cluster=read.cluster)
        config = _noting(replace(config, discovery=discovery), "PORTDASH_CLUSTER_URL", "discovery.cluster")
    if read.token is not None:
        config = _noting(replace(config, api=replace(config.api, token=read.token)), "PORTDASH_TOKEN", "api.token")
    config = replace(config, urls=MappingProxyType(read.urls))
    for suffix in read.urls:
        config = _noting(config, URL_PREFIX + suffix, f"urls.{suffix}")
    return config


def apply_flags(config: Config, flags: Flags, *, cwd: Path, home: Path, problems: Problems) -> Config:
    """Return `config` with what the flags say; the environment is settled before."""
    if flags.store is not None and (store := _store(flags.store, cwd, home, problems)):
        config = _noting(replace(config, store=store), "--store", "store")
    if flags.workspace is not None and (name := _workspace(flags.workspace, problems)):
        config = _noting(replace(config, workspace=name), "--workspace", "workspace")
    if flags.read_only is not None:
        config = _noting(replace(config, read_only=flags.read_only), "--read-only", "read_only")
    if flags.debug is not None:
        config = _noting(replace(config, debug=flags.debug), "--debug", "debug")
    return config


def _bounded(config: Config, read: Variables, problems: Problems) -> Config:
    """PORTDASH_PORT_MIN and _MAX, each on its own, over the bounds of the files."""
    if read.port_min is None and read.port_max is None:
        return config
    first, last = read.port_min or config.bounds.first, read.port_max or config.bounds.last
    names = [
        name
        for name, port in (("PORTDASH_PORT_MIN", read.port_min), ("PORTDASH_PORT_MAX", read.port_max))
        if port is not None
    ]
    if first > last:
        problems.add(
            Problem(
                place=" and ".join(names),
                message=f"the range {first}-{last} runs backwards",
                hint="PORTDASH_PORT_MIN is the lowest port that may be chosen, PORTDASH_PORT_MAX the highest",
            )
        )
        return config
    return _noting(replace(config, bounds=PortRange(first, last)), " and ".join(names), "range")


def _noting(config: Config, name: str, key: str) -> Config:
    layer = Layer.FLAG if name.startswith("-") else Layer.VARIABLE
    return replace(config, origins=MappingProxyType({**config.origins, key.casefold(): Origin(layer, name=name)}))


def _store(text: str, cwd: Path, home: Path, problems: Problems) -> str | None:
    from portdash.config.urls import parse_store  # noqa: PLC0415  loads urllib.parse, rarely needed

    try:
        return parse_store(text, directory=cwd, home=home)
    except Rejected as error:
        problems.add(Problem(place="--store", value=shown("", text), message=clean(str(error)), hint=error.hint))
        return None


def _workspace(text: str, problems: Problems) -> str | None:
    try:
        return check_workspace(text)
    except PortdashError as error:
        problems.add(Problem(place="--workspace", message=clean(error.message), hint=error.hint))
        return None
