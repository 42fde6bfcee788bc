"""One GET to a server on this machine: small, bounded, and without anything that a developer would notice.

No redirects, no proxies, no cookies, no compression. The server is called `localhost` whatever its address: development
servers refuse other hosts. A certificate is not verified on a loopback address, where it is mostly self-signed.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Mapping
from functools import cache
from ipaddress import ip_address
from time import perf_counter
from types import MappingProxyType
from typing import NamedTuple

from portdash import __version__
from portdash.health.endpoint import Endpoint
from portdash.health.http_reading import NotHttp, ResponseReader
from portdash.machine.own_connections import closed, opened

__all__ = ["KeptOpen", "NotHttp", "Response", "fetch"]

BODY_LIMIT = 4096
HEADER_LIMIT = 16384
_NONE: Mapping[str, str] = MappingProxyType({})


class Response(NamedTuple):
    """What a server answered. Its text is foreign: clean it before it is shown."""

    version: str
    """`1.0` or `1.1`."""
    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    """Names and values as they came, in order."""
    body: bytes
    """As much of it as was asked for."""
    latency_ms: float
    """From the request to the last byte that was waited for; with a new connection, from its first packet."""

    def header(self, name: str) -> str | None:
        """Return the first value of a header; case does not count."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


async def fetch(
    endpoint: Endpoint,
    path: str = "/",
    *,
    headers: Mapping[str, str] = _NONE,
    timeout: float = 1.0,  # noqa: ASYNC109  it is for the whole of it, connecting included
    tls: bool = False,
    body_limit: int = BODY_LIMIT,
    header_limit: int = HEADER_LIMIT,
) -> Response:
    """Return the answer to one GET on a connection of its own, which is closed as soon as enough has come.

    `headers` come on top of our own, or in their place. Raises NotHttp, TimeoutError when it takes more than `timeout`
    seconds in all, OSError when there is no connection, and ValueError for a path or header that would break the line.
    """
    request = request_bytes(endpoint, path, headers, keep=False)
    client = _Client()
    start = perf_counter()
    try:
        async with asyncio.timeout(timeout):
            await _connect(client, endpoint, tls=tls)
            reader = ResponseReader(body_limit=body_limit, header_limit=header_limit)
            await client.ask(request, reader, timeout)
    finally:
        client.close()
    return _response(reader, start)


class KeptOpen:
    """A connection to one server that is kept from one GET to the next; for one task at a time."""

    def __init__(self, endpoint: Endpoint, *, tls: bool = False, host: str | None = None) -> None:
        self.endpoint = endpoint
        self._tls = tls
        self._host = host
        self._client: _Client | None = None
        self._built: tuple[object, bytes] = (None, b"")

    async def fetch(
        self,
        path: str = "/",
        *,
        headers: Mapping[str, str] = _NONE,
        timeout: float = 1.0,  # noqa: ASYNC109  it is for the whole of it, connecting included
        body_limit: int = BODY_LIMIT,
        header_limit: int = HEADER_LIMIT,
    ) -> Response:
        """Do as the function `fetch` does, on the open connection where there is one.

        A server may close it at any time: then, and only when not a byte of an answer came, it is asked once more.
        """
        request = self._request(path, headers)
        start = perf_counter()
        reader = ResponseReader(body_limit=body_limit, header_limit=header_limit)
        client = self._client
        try:
            if client is None or not await self._again(client, request, reader, timeout):
                async with asyncio.timeout(timeout - (perf_counter() - start)):
                    client = await self._anew()
                    await client.ask(request, reader, timeout)
        except BaseException:
            self.close()
            raise
        if not (reader.is_reusable and client.is_open):
            self.close()
        return _response(reader, start)

    @property
    def is_encrypted(self) -> bool:
        """Whether it speaks TLS."""
        return self._tls

    @property
    def is_verified(self) -> bool:
        """Whether the server's certificate is verified where it speaks TLS: not on this machine's own addresses."""
        return not _is_local(self.endpoint)

    @property
    def is_open(self) -> bool:
        """Whether a connection is open now."""
        return self._client is not None and self._client.is_open

    def close(self) -> None:
        """Close the connection; the next GET opens another."""
        if self._client:
            self._client.close()
            self._client = None

    async def _again(self, client: _Client, request: bytes, reader: ResponseReader, seconds: float) -> bool:
        """Ask on the open connection; False when the server has closed it, and it has to be asked on another."""
        if not client.is_open:
            return False
        try:
            await client.ask(request, reader, seconds)
        except (NotHttp, ConnectionError):
            if not reader.is_untouched:
                raise
            return False
        return True

    async def _anew(self) -> _Client:
        self.close()
        self._client = client = _Client()
        await _connect(client, self.endpoint, tls=self._tls, host=self._host)
        return client

    def _request(self, path: str, headers: Mapping[str, str]) -> bytes:
        """Return the bytes of a request, mostly those of the last."""
        wanted = (path, headers)
        if self._built[0] != wanted:
            self._built = (wanted, request_bytes(self.endpoint, path, headers, keep=True))
        return self._built[1]


def request_bytes(endpoint: Endpoint, path: str, headers: Mapping[str, str], *, keep: bool) -> bytes:
    """Return what is sent. Raises ValueError for a path or header that would break the line."""
    ours = {
        "host": ("Host", f"localhost:{endpoint.port}"),
        "user-agent": ("User-Agent", f"portdash/{__version__}"),
        "accept": ("Accept", "*/*"),
        "accept-encoding": ("Accept-Encoding", "identity"),
        "connection": ("Connection", "keep-alive" if keep else "close"),
    }
    ours |= {name.casefold(): (name, value) for name, value in headers.items()}
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in ours.values())]
    if any(not (char.isprintable() or char == "\t") for line in lines for char in line) or " " in path:
        raise ValueError("the path or a header holds what HTTP cannot carry")
    return "\r\n".join((*lines, "", "")).encode("utf-8")


class _Client(asyncio.Protocol):
    """One connection; one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._reader: ResponseReader | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._is_encrypted = False
        self._noted: tuple[str, int] | None = None
        """The server's address and port, for as long as the connection is noted as our own."""
        self.is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        address, port, *_ = transport.get_extra_info("peername") or ("", 0)
        self._noted = (address.partition("%")[0], port)
        opened(*self._noted)
        self._is_encrypted = transport.get_extra_info("ssl_object") is not None
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        reader = self._reader
        if reader is None:
            self.close()  # nobody asked
            return
        try:
            reader.feed(data)
        except NotHttp as error:
            self._finish(error)
        else:
            if reader.is_done:
                self._finish(None)

    def eof_received(self) -> bool:
        self.is_open = False
        self._forget()
        self._end()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        self._forget()
        if exc is not None:
            self._finish(exc)
        else:
            self._end()

    async def ask(self, request: bytes, reader: ResponseReader, seconds: float) -> None:
        """Send a request and let `reader` read the answer. Raises what `fetch` does."""
        assert self._transport is not None
        loop = asyncio.get_running_loop()
        self._reader, self._waiting = reader, loop.create_future()
        timer = loop.call_later(seconds, self._finish, TimeoutError())  # a third of what asyncio.timeout costs
        try:
            self._transport.write(request)
            await self._waiting
        finally:
            timer.cancel()
            self._reader = self._waiting = None

    def close(self) -> None:
        """Close at once. An encrypted one says so and does not wait for the other side to agree."""
        self.is_open = False
        self._forget()
        if self._transport:
            self._transport.close()
            if self._is_encrypted:
                self._transport.abort()

    def _forget(self) -> None:
        if self._noted:
            closed(*self._noted)
            self._noted = None

    def _end(self) -> None:
        if self._reader and not self._reader.is_done:
            try:
                self._reader.end()
            except NotHttp as error:
                self._finish(error)
            else:
                self._finish(None)

    def _finish(self, error: Exception | None) -> None:
        waiting = self._waiting
        if waiting is None or waiting.done():
            return
        if error is None:
            waiting.set_result(None)
        else:
            waiting.set_exception(error)


def _response(reader: ResponseReader, start: float) -> Response:
    head = reader.head
    assert head is not None
    milliseconds = (perf_counter() - start) * 1000
    return Response(head.version, head.status, head.reason, head.headers, bytes(reader.body), milliseconds)


def _is_local(endpoint: Endpoint) -> bool:
    return ip_address(endpoint.address).is_loopback


async def _connect(client: _Client, endpoint: Endpoint, *, tls: bool, host: str | None = None) -> None:
    loop = asyncio.get_running_loop()
    if not tls:
        await loop.create_connection(lambda: client, endpoint.address, endpoint.port)
        return
    local = _is_local(endpoint)
    await loop.create_connection(
        lambda: client,
        endpoint.address,
        endpoint.port,
        ssl=_context(verified=not local),
        server_hostname="localhost" if local else host or endpoint.address,
    )


@cache
def _context(*, verified: bool) -> ssl.SSLContext:
    if verified:
        return ssl.create_default_context()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with contextlib.suppress(ssl.SSLError):
        context.set_ciphers("DEFAULT:@SECLEVEL=0")  # old and short keys are common in development
    return context
