"""Where container engines answer on this machine: what DOCKER_HOST or the docker context say, and the usual sockets.

Every place that exists counts, for docker and podman run side by side. An engine elsewhere is never asked: its ports
are another machine's.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from portdash.named_tuple import NamedTuple
from portdash.text import clean

_SYSTEM = ("/var/run/docker.sock", "/run/podman/podman.sock")
_OF_THE_USER = ("docker.sock", "podman/podman.sock")
"""Below XDG_RUNTIME_DIR: engines that run without root."""
_OF_THE_HOME = (
    ".docker/run/docker.sock",
    ".colima/default/docker.sock",
    ".orbstack/run/docker.sock",
    ".rd/docker.sock",
)
"""Engines in a virtual machine that makes their ports this machine's: Docker Desktop, Colima, OrbStack, Rancher."""
_LOOPBACK = r"localhost|127(\.\d{1,3}){3}|::1"
_DOCKER_PORT = 2375


class Address(NamedTuple):
    """Where an engine answers: a socket file, or a port of this machine."""

    path: str | None = None
    host: str = ""
    port: int = 0

    @property
    def label(self) -> str:
        """`/var/run/docker.sock`, `127.0.0.1:2375`; cleaned."""
        return clean(self.path if self.path is not None else f"{self.host}:{self.port}")


class Addresses(NamedTuple):
    """The engines to ask, and what is not asked, with the reason."""

    found: tuple[Address, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def are_there(self) -> bool:
        """Whether there is an engine to ask, or one that is named and may not be asked."""
        return bool(self.found or self.notices)


def find_addresses(environ: Mapping[str, str], home: Path, *, system: tuple[str, ...] = _SYSTEM) -> Addresses:
    """Return every engine that there is a socket for, or a port of this machine named, the named one first."""
    named, notices = [], []
    for origin, url in _named(environ, home):
        try:
            named.append(_read(url, environ))
        except ValueError as error:
            notices.append(f"the container engine that {origin} names is not asked: {error}")
    runtime = environ.get("XDG_RUNTIME_DIR") or (f"/run/user/{os.getuid()}" if hasattr(os, "getuid") else "")
    usual = (
        *system,
        *(f"{runtime}/{name}" for name in _OF_THE_USER if runtime.startswith("/")),
        *(f"{home}/{name}" for name in _OF_THE_HOME),
    )
    found: dict[object, Address] = {}
    for address in (*named, *(Address(path) for path in usual)):
        identity = address if address.path is None else _identity(address.path)
        if identity is not None:
            found.setdefault(identity, address)
    return Addresses(tuple(found.values()), tuple(notices))


def _named(environ: Mapping[str, str], home: Path) -> Iterator[tuple[str, str]]:
    """Yield who names an engine, and its URL: at most one, as docker's own client has it."""
    if url := environ.get("DOCKER_HOST"):
        yield "DOCKER_HOST", url
        return
    directory = environ.get("DOCKER_CONFIG") or f"{home}/.docker"
    if not (environ.get("DOCKER_CONTEXT") or os.path.exists(f"{directory}/config.json")):  # noqa: PTH110  foreign text
        return
    from portdash.machine.containers.contexts import current_context  # noqa: PLC0415  only for who has used docker

    context = current_context(directory, environ.get("DOCKER_CONTEXT"))
    if context is not None:
        yield f"the docker context {clean(context.name)}", context.host


def _read(url: str, environ: Mapping[str, str]) -> Address:
    """Return the address that a URL stands for. Raises ValueError, with the reason, where it is not to be asked."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise ValueError("it is no address such as unix:///var/run/docker.sock")
    if scheme == "unix":
        if not rest.startswith("/") or "\0" in rest:
            raise ValueError("it names no socket file such as unix:///var/run/docker.sock")
        return Address(rest)
    place = rest.partition("/")[0].rpartition("@")[2]  # a name and a password before the @ are nobody's business
    if scheme not in ("tcp", "http"):
        raise ValueError(f"{clean(scheme)}://{clean(place)} is none of this machine's sockets")
    fits = re.fullmatch(r"(?:\[(?P<six>[^\]]*)\]|(?P<host>[^:]*))(?::(?P<port>\d{1,5}))?", place)
    host = (fits["six"] or fits["host"]) if fits else ""
    port = int(fits["port"] or _DOCKER_PORT) if fits else 0
    if not host or not 0 < port <= 65535:
        raise ValueError(f"{clean(scheme)}://{clean(place)} is no host and port")
    if not re.fullmatch(_LOOPBACK, host):
        raise ValueError(f"{clean(scheme)}://{clean(place)} is another machine, and so are its ports")
    if environ.get("DOCKER_TLS_VERIFY"):
        raise ValueError("it wants certificates, and only plain sockets of this machine are asked")
    return Address(host="127.0.0.1" if host == "localhost" else host, port=port)


def _identity(path: str) -> tuple[int, int] | None:
    """Return what is equal for two paths to one socket, None where there is none, or none that may be seen."""
    try:
        facts = os.stat(path)  # noqa: PTH116  foreign text
    except (OSError, ValueError):
        return None
    return (facts.st_dev, facts.st_ino) if stat.S_ISSOCK(facts.st_mode) else None
