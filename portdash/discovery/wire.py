"""What requests are sent over: httpcore's pools, as httpx uses them, with connections that are watched while they wait.

While no answer comes, a read is interrupted, the server is looked at, and the read goes on: so a request is never sent
twice to find out whether it was heard, and no thread waits beside it.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import Any, TypeAlias

import httpcore
import httpx

from portdash.discovery.suspicion import WATCH

# ruff: noqa: ASYNC109  the signatures are httpcore's

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
                    network_backend=_Backend(),
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
            network_backend=_AsyncBackend(),
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


class _WatchedStream(httpcore.NetworkStream):
    """A connection whose waits are cut into pieces while somebody watches."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream
        self.close = stream.close  # type: ignore[method-assign]
        self.get_extra_info = stream.get_extra_info  # type: ignore[method-assign]

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        watch = WATCH.get()
        if watch is None:
            return self._stream.read(max_bytes, timeout)
        for wait in watch.waits(timeout):
            try:
                data = self._stream.read(max_bytes, wait)
            except httpcore.ReadTimeout as error:
                late = error
                if watch.look(self.get_extra_info("client_addr"), self.get_extra_info("server_addr")):
                    break
            else:
                watch.received += len(data)
                return data
        raise late

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if watch := WATCH.get():
            watch.sent += len(buffer)
        self._stream.write(buffer, timeout)

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _WatchedStream(self._stream.start_tls(ssl_context, server_hostname, timeout))


class _AsyncWatchedStream(httpcore.AsyncNetworkStream):
    """The same for asyncio and trio."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self.aclose = stream.aclose  # type: ignore[method-assign]
        self.get_extra_info = stream.get_extra_info  # type: ignore[method-assign]

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        watch = WATCH.get()
        if watch is None:
            return await self._stream.read(max_bytes, timeout)
        for wait in watch.waits(timeout):
            try:
                data = await self._stream.read(max_bytes, wait)
            except httpcore.ReadTimeout as error:
                late = error
                if watch.look(self.get_extra_info("client_addr"), self.get_extra_info("server_addr")):
                    break
            else:
                watch.received += len(data)
                return data
        raise late

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if watch := WATCH.get():
            watch.sent += len(buffer)
        await self._stream.write(buffer, timeout)

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        return _AsyncWatchedStream(await self._stream.start_tls(ssl_context, server_hostname, timeout))


class _Backend(httpcore.SyncBackend):
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        return _WatchedStream(super().connect_tcp(host, port, timeout, local_address, socket_options))


class _AsyncBackend(httpcore.AnyIOBackend):
    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return _AsyncWatchedStream(await super().connect_tcp(host, port, timeout, local_address, socket_options))


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
