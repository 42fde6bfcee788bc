"""The module-level functions that find instances; they take what `source_for` takes."""

from __future__ import annotations

import os
import socket
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from portdash.config.paths import state_dir
from portdash.config.settings import Flags
from portdash.config.urls import redacted
from portdash.discovery.checking import check_kind
from portdash.discovery.cluster import announced_beside
from portdash.discovery.finding import look_at_all, nothing
from portdash.discovery.instance import ranked
from portdash.discovery.seconds import seconds_of, wait_of
from portdash.discovery.sources import range_of, source_for
from portdash.errors import NoInstances, UsageError
from portdash.health.fixed import port_of
from portdash.manager.opening import open_deps
from portdash.model.names import base_name, split_qualified
from portdash.text import clean

if TYPE_CHECKING:
    from collections.abc import Hashable

    from portdash.discovery.instance import Instance
    from portdash.discovery.sources import Explained

_sources: dict[Hashable, Explained] = {}
"""By process, directory, variables, and what was said. They are kept: a second look costs a tenth of the first."""


def discover(name: str, **said: Any) -> Instance:  # noqa: ANN401  what `source_for` takes
    """Return the best instance of a service, as `portdash discover` does. Raises NoInstances and StoreError."""
    return _found(name, said)[0]


def instances(name: str, **said: Any) -> tuple[Instance, ...]:  # noqa: ANN401
    """Return the instances of a service, the best first; none is an answer. Raises StoreError."""
    return _source(name, said).refresh()


def discover_all(name: str | None = None, *, environment: str | None = None, **said: Any) -> tuple[Instance, ...]:  # noqa: ANN401
    """Return the instances of a service; without a name, of every service of the workspace, by name.

    What other machines announce is among them where a registry is configured. Services with a fixed URL are not looked
    for, nor those at the URLs of a cluster, and without a name only `workspace`, `ports` and `environment` may be said.
    Raises UsageError, StoreError.
    """
    if name is not None:
        return instances(name, environment=environment, **said)
    check_kind("environment", environment)
    check_kind("workspace", said.get("workspace"))
    if unfit := said.keys() - {"workspace", "ports"}:
        raise UsageError(
            f"{clean(min(unfit))}= cannot be said of every service", hint='name one, as in discover_all("api")'
        )
    flags = Flags(environment=environment, workspace=said.get("workspace"))
    deps = open_deps(flags=flags, cwd=Path.cwd(), environ=os.environ, home=Path.home(), actor="library")
    try:
        here = look_at_all(deps, ports=range_of(said.get("ports")))
        there = announced_beside(deps.config, deps.place, state_dir=state_dir(os.environ, Path.home()))
    finally:
        deps.close()
    return (
        tuple(sorted(ranked((*here, *there)), key=lambda each: base_name(each.service.casefold()))) if there else here
    )


def url(name: str, **said: Any) -> str:  # noqa: ANN401
    """Return the URL of the best instance; one that is known and still there is not asked again. Raises NoInstances."""
    source = _source(name, said)
    return next((each.url for each in source.current() if each.is_well), "") or _found(name, said)[0].url


def connect(name: str, *, timeout: float | str = 1.0, **said: Any) -> socket.socket:  # noqa: ANN401
    """Return a blocking socket, connected to the best instance of a service that takes the connection.

    `timeout` is how long each has for that, seconds or `500ms`. Raises NoInstances, which says why each did not, and
    UsageError.
    """
    limit = seconds_of("timeout", timeout)
    source = _source(name, said)
    tried: dict[str, str] = {}
    for found in (source.current, source.refresh):  # what is known may be out of date, what was just found is not
        for instance in found():
            if instance.url in tried:
                continue
            try:
                return _connected(instance.url, limit)
            except OSError as error:
                tried[instance.url] = f"{clean(redacted(instance.url))}: {error.strerror or error}"
    if not tried:
        raise nothing(name, source.reasons)
    raise NoInstances(
        f"no instance of {clean(name)} takes a connection: {'; '.join(tried.values())}",
        hint=f"`portdash discover {clean(name)} --all` shows how each does",
    )


def target(name: str, **said: Any) -> str:  # noqa: ANN401
    """Return the instances that do well as a target of gRPC, `ipv4:127.0.0.1:50051,127.0.0.1:50052`, the best first.

    Servers of this machine are named by the IPv4 address of localhost. gRPC takes addresses of one family, `ipv4:` or
    `ipv6:`, or one name, `dns:`: what the best one has counts. Raises NoInstances.
    """
    found = _found(name, said)
    well = [each for each in found if each.is_well] or found
    places = [place for each in well if (place := _grpc_place(each.url))]
    if not places:
        raise NoInstances(f"no URL of {clean(name)} names a port", hint="write it in full: http://localhost:50051")
    kind, best = places[0]
    return f"{kind}:" + (best if kind == "dns" else ",".join(place for other, place in places if other == kind))


def _grpc_place(url: str) -> tuple[str, str] | None:
    """Return the kind of target, and host and port as it writes them; None where there is no port."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", port_of(parts)
    if port is None:
        return None
    if host == "localhost":
        return "ipv4", f"127.0.0.1:{port}"
    try:
        address = ip_address(host)
    except ValueError:
        return "dns", f"{host}:{port}"
    return ("ipv6", f"[{address}]:{port}") if address.version == 6 else ("ipv4", f"{address}:{port}")


def _connected(url: str, timeout: float) -> socket.socket:
    parts = urlsplit(url)
    port = port_of(parts)
    if port is None or parts.hostname is None:
        raise OSError("its URL names no port")
    connected = socket.create_connection((parts.hostname, port), timeout)
    connected.settimeout(None)
    return connected


def _found(name: str, said: dict[str, Any]) -> tuple[Instance, ...]:
    source = _source(name, said)
    if found := source.refresh():
        return found
    raise nothing(name, source.reasons, wait_of(said.get("wait")))


def _source(name: str, said: dict[str, Any]) -> Explained:
    """Return the source of what was said, the same in every thread; a fork has its own."""
    split_qualified(name)
    ours = tuple(sorted(each for each in os.environ.items() if each[0].startswith("PORTDASH_")))
    words = tuple((key, _hashable(value)) for key, value in sorted(said.items()))
    key = (os.getpid(), os.fspath(Path.cwd()), ours, name, words)
    source = _sources.get(key)
    # No lock, which a fork could leave held: a source that is not asked has opened nothing, and may be made in vain.
    return source or _sources.setdefault(key, source_for(name, **said))


def _hashable(value: object) -> Hashable:
    """Return what stands for a value; what is no list and cannot be hashed is told by its text."""
    if isinstance(value, list):
        return tuple(value)
    try:
        hash(value)
    except TypeError:
        return repr(value)
    return value
