"""Checking a service that runs where its configuration says, on this machine or off it.

What a stranger's project file says of servers off this machine never comes so far: the configuration leaves it out.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from portdash.config.urls import basic_auth, is_local
from portdash.health.checks import Check, HttpGet, Probe, Speak, TcpConnect, check_for
from portdash.health.endpoint import Endpoint
from portdash.health.failing import failure
from portdash.health.fingerprints.table import PORTS
from portdash.health.handshakes import HANDSHAKES, NEVER_CONNECTED
from portdash.health.once import check_once
from portdash.health.record import Watched
from portdash.model.health import Health, HealthLevel, HealthState
from portdash.model.server_kinds import kind_named

if TYPE_CHECKING:
    from portdash.config.sections import HealthConfig
    from portdash.config.services import ServiceConfig

_WEB = {"http": 80, "ws": 80, "https": 443, "wss": 443}


async def check_fixed(url: str, service: ServiceConfig, defaults: HealthConfig) -> tuple[Health, Watched | None]:
    """Return the verdict on one check at a checked URL, and how it was asked; None where it was not.

    A check that is declared starts at the URL's path. Without one, any answer in HTTP, or in the protocol that the
    scheme names, will do.
    """
    parts = urlsplit(url)
    kind, port = kind_named(parts.scheme), port_of(parts)
    if port is None:
        return _unknown("its URL names no port"), None
    if PORTS.get(port) in NEVER_CONNECTED:
        kind = PORTS[port]
    check = _check(parts, port, kind, service, defaults)
    if check.probe is None:
        return _unknown(check.reason or ("not connected to" if kind in NEVER_CONNECTED else "not asked")), None
    try:
        addresses = await _addresses(url, parts.hostname or "", check.timeout)
    except OSError as error:  # TimeoutError is one
        return failure(error, HealthLevel.NONE, check.timeout), None
    asked = [Watched(Endpoint(address, port), check) for address in addresses]
    verdicts = await check_once(dict(enumerate(asked)))
    best = min(verdicts, key=lambda number: (verdicts[number].latency_ms is None, number))
    return verdicts[best], asked[best]


def _check(parts: SplitResult, port: int, kind: str | None, service: ServiceConfig, defaults: HealthConfig) -> Check:
    directory = str(service.root) if service.root else None
    check = check_for(service.health, defaults, kind=kind, directory=directory)
    probe = check.probe
    if service.health is None and kind not in NEVER_CONNECTED:
        probe = _by_scheme(parts.scheme, kind)
    return replace(check, probe=_placed(probe, parts, port) if isinstance(probe, HttpGet) else probe)


def _by_scheme(scheme: str, kind: str | None) -> Probe:
    if scheme in _WEB:
        return HttpGet(path="", is_declared=False)
    return Speak(kind) if kind is not None and kind in HANDSHAKES else TcpConnect()


def _placed(probe: HttpGet, parts: SplitResult, port: int) -> HttpGet:
    """Return the probe as it is sent to a URL: below its path, and to the host that it names."""
    path = parts.path.rstrip("/") + probe.path if probe.path else parts.path or "/"
    query = f"?{parts.query}" if parts.query and not probe.path else ""
    headers = probe.headers
    if not is_local(parts.geturl()):
        host = parts.netloc.rpartition("@")[2]
        headers = {"Host": host if parts.port else f"{host}:{port}" if port not in (80, 443) else host, **headers}
    auth = basic_auth(unquote(parts.username or ""), unquote(parts.password or ""))
    if auth and all(name.lower() != "authorization" for name in headers):
        headers = {**headers, "Authorization": auth}
    return replace(probe, path=path + query, headers=headers, tls=parts.scheme in ("https", "wss"), host=parts.hostname)


def port_of(parts: SplitResult) -> int | None:
    """Return the port that a URL names, else the usual one of its scheme; None where nobody knows one."""
    kind = kind_named(parts.scheme)
    usual = next((port for port, known in PORTS.items() if known == kind), None) if kind else None
    return parts.port or _WEB.get(parts.scheme) or usual


async def _addresses(url: str, host: str, seconds: float) -> tuple[str, ...]:
    """Return where a host is reached; both families of localhost, one address of any other. Raises OSError."""
    if is_local(url) and host.rstrip(".").endswith("localhost"):
        return ("127.0.0.1", "::1")
    loop = asyncio.get_running_loop()
    found: asyncio.Future[tuple[str, ...]] = loop.create_future()

    def settle(addresses: tuple[str, ...], error: OSError | None) -> None:
        if found.done():
            return
        if error is None:
            found.set_result(addresses)
        else:
            found.set_exception(error)

    def look_up() -> None:
        addresses: tuple[str, ...] = ()
        error: OSError | None = None
        try:
            addresses = (str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0]),)
        except (OSError, UnicodeError) as failed:
            error = failed if isinstance(failed, OSError) else OSError(f"{host} is no name of a host")
        try:
            loop.call_soon_threadsafe(settle, addresses, error)
        except RuntimeError:
            return  # it took too long, and nobody waits any more

    # The loop's own threads are waited for when it ends, however long the system takes to give a name up.
    threading.Thread(target=look_up, daemon=True).start()
    async with asyncio.timeout(seconds):
        return await found


def _unknown(detail: str) -> Health:
    return Health(state=HealthState.UNKNOWN, level=HealthLevel.NONE, detail=detail)
