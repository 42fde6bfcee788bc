"""What requests are sent over: httpcore's pools, as httpx uses them, with connections that are watched while they wait.

While no answer comes, a read is interrupted, the server is looked at, and the read goes on: so a request is never sent
twice to find out whether it was heard, and no thread waits beside it. Keep-alive is per instance, as in any pool.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager

import httpcore
import httpx

from portdash.discovery.suspicion import current_watch

# ruff: noqa: ASYNC109  the signatures are httpcore's

DEFAULT_LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=5.0)
"""As httpx has them."""


class Wire:
    """Sends as `httpx.HTTPTransport` does, HTTP/1.1 and without proxies. `verify` is a context for TLS of one's own."""

    def __init__(self, *, verify: ssl.SSLContext | None = None, limits: httpx.Limits = DEFAULT_LIMITS) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=verify,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_Backend(),
        )

    def send(self, request: httpcore.Request) -> httpx.Response:
        """Send it, and return the answer with its body still to be read. Raises httpx.TransportError."""
        with _as_httpx():
            answer = self._pool.handle_request(request)
        assert isinstance(answer.stream, Iterable)
        return _for_httpx(answer, _Stream(answer.stream))

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()


class AsyncWire:
    """The same for asyncio and trio."""

    def __init__(self, *, verify: ssl.SSLContext | None = None, limits: httpx.Limits = DEFAULT_LIMITS) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=verify,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_AsyncBackend(),
        )

    async def send(self, request: httpcore.Request) -> httpx.Response:
        """Send it, and return the answer with its body still to be read. Raises httpx.TransportError."""
        with _as_httpx():
            answer = await self._pool.handle_async_request(request)
        return _for_httpx(answer, _AsyncStream(answer))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._pool.aclose()


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
        watch = current_watch()
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
        if watch := current_watch():
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
        watch = current_watch()
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
        if watch := current_watch():
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


class _Stream(httpx.SyncByteStream):
    def __init__(self, stream: Iterable[bytes]) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        with _as_httpx():
            yield from self._stream

    def close(self) -> None:
        if hasattr(self._stream, "close"):
            self._stream.close()


class _AsyncStream(httpx.AsyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx():
            async for part in self._answer.aiter_stream():
                yield part

    async def aclose(self) -> None:
        await self._answer.aclose()


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


def _for_httpx(answer: httpcore.Response, stream: httpx.SyncByteStream | httpx.AsyncByteStream) -> httpx.Response:
    return httpx.Response(answer.status, headers=answer.headers, stream=stream, extensions=answer.extensions)


@contextmanager
def _as_httpx() -> Iterator[None]:
    """Raise httpx's error of the same name for one of httpcore."""
    try:
        yield
    except (
        httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol
    ) as error:  # fmt: skip
        raise getattr(httpx, type(error).__name__)(str(error)) from error
