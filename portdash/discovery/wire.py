"""What requests are sent over: httpcore's pools, as httpx uses them, with connections that are watched."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import Any, TypeAlias

import httpcore
import httpx

from portdash.discovery.watched import AsyncWatchedBackend, WatchedBackend

DEFAULT_LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=5.0)
"""As httpx has them, for each instance."""
MOST_POOLS = 64
Origin: TypeAlias = tuple[bytes, bytes, int | None]


class Wire:
    """Sends as `httpx.HTTPTransport` does, HTTP/1.1 and without proxies; each place has a pool of its own.

    In a shared one every request would look at the idle connections to all the others. `verify` is a context for TLS.
    """

    def __init__(self, *, verify: ssl.SSLContext | None = None, limits: httpx.Limits = DEFAULT_LIMITS) -> None:
        self._verify, self._limits = verify, limits
        self._pools: dict[Origin, httpcore.ConnectionPool] = {}
        self._lock = Lock()

    def send(self, request: httpcore.Request) -> httpx.Response:
        """Send it, and return the answer with its body still to be read. Raises httpx.TransportError."""
        url = request.url
        origin = (url.scheme, url.host, url.port)
        pool = self._pools.get(origin) or self._new_pool(origin)
        with as_httpx():
            answer = pool.handle_request(request)
        return _for_httpx(answer)

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            while self._pools:
                self._pools.popitem()[1].close()

    def _new_pool(self, origin: Origin) -> httpcore.ConnectionPool:
        with self._lock:
            for gone in _unused(self._pools):
                self._pools.pop(gone).close()
            if origin not in self._pools:
                self._pools[origin] = httpcore.ConnectionPool(
                    ssl_context=self._verify,
                    max_connections=self._limits.max_connections,
                    max_keepalive_connections=self._limits.max_keepalive_connections,
                    keepalive_expiry=self._limits.keepalive_expiry,
                    network_backend=WatchedBackend(),
                )
            return self._pools[origin]


class AsyncWire:
    """The same for asyncio and trio."""

    def __init__(self, *, verify: ssl.SSLContext | None = None, limits: httpx.Limits = DEFAULT_LIMITS) -> None:
        self._verify, self._limits = verify, limits
        self._pools: dict[Origin, httpcore.AsyncConnectionPool] = {}

    async def send(self, request: httpcore.Request) -> httpx.Response:
        """Send it, and return the answer with its body still to be read. Raises httpx.TransportError."""
        url = request.url
        origin = (url.scheme, url.host, url.port)
        pool = self._pools.get(origin) or await self._new_pool(origin)
        with as_httpx():
            answer = await pool.handle_async_request(request)
        return _for_httpx(answer)

    async def aclose(self) -> None:
        """Close the connections."""
        while self._pools:
            await self._pools.popitem()[1].aclose()

    async def _new_pool(self, origin: Origin) -> httpcore.AsyncConnectionPool:
        pool = self._pools[origin] = httpcore.AsyncConnectionPool(
            ssl_context=self._verify,
            max_connections=self._limits.max_connections,
            max_keepalive_connections=self._limits.max_keepalive_connections,
            keepalive_expiry=self._limits.keepalive_expiry,
            network_backend=AsyncWatchedBackend(),
        )
        for gone in [self._pools.pop(each) for each in _unused(self._pools) if each != origin]:
            await gone.aclose()
        return pool


def _unused(pools: Mapping[Origin, httpcore.ConnectionPool | httpcore.AsyncConnectionPool]) -> list[Origin]:
    """Return the places whose connections are all idle, once there are many places: servers come and go."""
    if len(pools) < MOST_POOLS:
        return []
    return [origin for origin, pool in pools.items() if all(each.is_idle() for each in pool.connections)]


class Carried:
    """Sends over a transport that somebody else made: its connections are not watched."""

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport

    def send(self, request: httpcore.Request) -> httpx.Response:
        """Send it as this transport does."""
        return self._transport.handle_request(_for_any(request))

    def close(self) -> None:
        """Close its connections."""
        self._transport.close()


class AsyncCarried:
    """The same for asyncio and trio."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def send(self, request: httpcore.Request) -> httpx.Response:
        """Send it as this transport does."""
        return await self._transport.handle_async_request(_for_any(request))

    async def aclose(self) -> None:
        """Close its connections."""
        await self._transport.aclose()


def _for_any(request: httpcore.Request) -> httpx.Request:
    url, stream = request.url, request.stream
    assert isinstance(stream, httpx.SyncByteStream | httpx.AsyncByteStream)  # it came from httpx
    netloc = url.host if url.port is None else b"%b:%d" % (url.host, url.port)
    return httpx.Request(
        request.method.decode("ascii"),
        httpx.URL((url.scheme + b"://" + netloc).decode("ascii")).copy_with(raw_path=url.target),
        headers=request.headers,
        stream=stream,
        extensions=request.extensions,
    )


def _for_httpx(answer: httpcore.Response) -> httpx.Response:
    """Return it with httpcore's stream; a `Body` around that speaks httpx."""
    stream: Any = answer.stream
    return httpx.Response(answer.status, headers=answer.headers, stream=stream, extensions=answer.extensions)


@contextmanager
def as_httpx() -> Iterator[None]:
    """Raise httpx's error of the same name for one of httpcore."""
    try:
        yield
    except (
        httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol
    ) as error:  # fmt: skip
        raise getattr(httpx, type(error).__name__)(str(error)) from error
