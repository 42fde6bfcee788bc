"""Carrying checks out: each kind of probe as an object that asks once and gives a verdict, whatever it meets."""

from __future__ import annotations

import asyncio
import os
import ssl
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

from portdash.health.checks import Execute, HttpGet, Speak, TcpConnect
from portdash.health.command import CommandProber
from portdash.health.failing import failure
from portdash.health.handshakes import HANDSHAKES, PROTOCOLS, Handshake
from portdash.health.http_client import KeptOpen, NotHttp, Response
from portdash.health.http_reading import TLS_ALERT
from portdash.health.http_verdict import catch_all, http_verdict, is_doubtful, is_same_page
from portdash.model.health import Health, HealthLevel, HealthState

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from portdash.health.checks import Probe
    from portdash.health.endpoint import Endpoint

_ONE_AT_A_TIME = ("basehttp", "simplehttp", "wsgiserver", "webrick")
"""Servers that may serve one connection and let all others wait while it is open."""
_BODY = 4096
_LONG_BODY = 65536
"""Bytes of an answer that are searched for a text."""
_FAREWELL = 0.1
"""Seconds beyond its time after which a conversation is cut off whatever it does."""


class Prober(Protocol):
    """Asks one server. Raises nothing but CancelledError, and takes no longer than it is told."""

    async def ask(self, timeout: float) -> Health:  # noqa: ASYNC109  each kind has a way of its own to keep it
        """Return the verdict of one check that takes at most `timeout` seconds."""

    def let_go(self) -> None:
        """Keep no connection from now on: others wait while it is open."""

    def close(self) -> None:
        """Close the connection where one is kept; the next check opens another."""

    @property
    def holds(self) -> bool:
        """Whether it keeps a connection open."""


def prober_for(probe: Probe, endpoint: Endpoint) -> Prober:
    """Return who carries `probe` out."""
    if isinstance(probe, HttpGet):
        return HttpProber(probe, endpoint)
    if isinstance(probe, Execute):
        return CommandProber(probe, endpoint)
    return ConnectProber(probe, endpoint)


class HttpProber:
    """Fetches a path on a connection that it keeps, unless the server would serve nobody else meanwhile."""

    def __init__(self, probe: HttpGet, endpoint: Endpoint) -> None:
        self._probe = probe
        self._kept = KeptOpen(endpoint, tls=probe.tls, host=probe.host)
        self._body_limit = _BODY if probe.contains is None else _LONG_BODY
        self._may_keep = True
        self._is_catch_all: bool | None = None
        """Whether the server has one page for every path; None while that has not been looked at."""
        self.holds = False

    async def ask(self, timeout: float) -> Health:  # noqa: ASYNC109
        """Return the verdict on one GET, on two of them where the first may have met a page for every path."""
        until = perf_counter() + timeout
        try:
            response = await self._get(self._probe.path, until)
            verdict = self._with_tls(http_verdict(self._probe, response))
            if self._is_catch_all is not False and is_doubtful(self._probe, response):
                return await self._doubt(response, verdict, until)
        except Exception as error:  # noqa: BLE001  whatever a server does to us is a verdict on it
            verdict = failure(error, HealthLevel.HTTP, timeout)
            if isinstance(error, NotHttp) and error.head and not self._probe.is_declared:
                return replace(verdict, state=HealthState.UNKNOWN)  # nobody said that it should
        return verdict

    def let_go(self) -> None:
        """Keep no connection from now on: others wait while it is open."""
        self._may_keep = self.holds = False
        self._kept.close()

    def close(self) -> None:
        """Close the connection."""
        self.holds = False
        self._kept.close()

    async def _get(self, path: str, until: float) -> Response:
        """Fetch a path, from now on over TLS where that is what the server speaks."""
        kept = self._kept
        try:
            response = await self._once(kept, path, until)
            wants_tls = response.status == 400 and b"HTTPS" in response.body
        except NotHttp as error:
            if kept.is_encrypted or not _asks_for_tls(error):
                raise
            wants_tls = True
        if wants_tls and not kept.is_encrypted:
            response = await self._encrypted(path, until)
            kept = self._kept
        self.holds = kept.is_open
        if self.holds and (not self._may_keep or _serves_one(response)):
            self.let_go()
        return response

    async def _encrypted(self, path: str, until: float) -> Response:
        """Fetch a path over TLS, and stay with that only where it succeeds: a plain server may hang up as well."""
        plain, kept = self._kept, KeptOpen(self._kept.endpoint, tls=True, host=self._probe.host)
        plain.close()
        try:
            response = await self._once(kept, path, until)
        except OSError as error:
            if isinstance(error, ssl.SSLError):
                raise NotHttp("it hangs up, and speaks no TLS either") from error
            raise
        self._kept = kept
        return response

    def _with_tls(self, verdict: Health) -> Health:
        """Say of a server that nobody said to speak TLS that it does, and what its certificate counts for."""
        if self._probe.tls or not self._kept.is_encrypted:
            return verdict
        told = "over TLS" if self._kept.is_verified else "over TLS, its certificate not verified"
        return replace(verdict, detail=f"{verdict.detail}, {told}" if verdict.detail else told)

    def _once(self, kept: KeptOpen, path: str, until: float) -> Coroutine[None, None, Response]:
        return kept.fetch(
            path, headers=self._probe.headers, timeout=until - perf_counter(), body_limit=self._body_limit
        )

    async def _doubt(self, response: Response, verdict: Health, until: float) -> Health:
        """Ask for a path that cannot exist, once, to see whether the answer says anything."""
        if self._is_catch_all is None:
            self._is_catch_all = is_same_page(response, await self._get(f"/{os.urandom(8).hex()}", until))
        return catch_all(verdict, self._probe) if self._is_catch_all else verdict


class ConnectProber:
    """Connects anew for each check: to close at once, or to ask in the server's own protocol."""

    holds = False

    def __init__(self, probe: TcpConnect | Speak, endpoint: Endpoint) -> None:
        self._probe = probe
        self._endpoint = endpoint

    async def ask(self, timeout: float) -> Health:  # noqa: ASYNC109
        """Return the verdict of one conversation."""
        try:
            async with asyncio.timeout(timeout + _FAREWELL):
                if isinstance(self._probe, Speak):
                    return await _handshake(self._probe.protocol)(self._endpoint, timeout)
                return await _connect(self._endpoint)
        except Exception as error:  # noqa: BLE001  whatever a server does to us is a verdict on it
            return failure(error, self._probe.level, timeout)

    def let_go(self) -> None:
        """Do nothing: no connection is kept."""

    close = let_go


def _asks_for_tls(error: NotHttp) -> bool:
    return error.head.startswith(TLS_ALERT) or not error.head


def _serves_one(response: Response) -> bool:
    return (response.header("server") or "").lower().startswith(_ONE_AT_A_TIME)


async def _connect(endpoint: Endpoint) -> Health:
    start = perf_counter()
    transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, endpoint.address, endpoint.port)
    latency = (perf_counter() - start) * 1000
    transport.close()
    return Health(
        state=HealthState.HEALTHY, level=HealthLevel.CONNECT, latency_ms=round(latency, 3), detail="takes connections"
    )


def _handshake(name: str) -> Handshake:
    return HANDSHAKES.get(name) or PROTOCOLS[name]
