"""Connections that are watched while they wait for an answer.

While no answer comes, a read is interrupted, the server is looked at, and the read goes on: so a request is never sent
twice to find out whether it was heard, and no thread waits beside it.
"""

# ruff: noqa: ASYNC109  the signatures are httpcore's

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable
from contextlib import suppress
from functools import cache

import httpcore

from portdash.discovery.suspicion import WATCH


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


class WatchedBackend(httpcore.SyncBackend):
    """Makes such connections."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect, as httpcore does."""
        return _WatchedStream(super().connect_tcp(host, port, timeout, local_address, socket_options))


class AsyncWatchedBackend(httpcore.AnyIOBackend):
    """Makes such connections for asyncio and trio.

    The addresses of localhost are asked for once: each time it would take a thread, and on a busy machine longer than a
    connection may.
    """

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect, as httpcore does."""
        *others, last = _localhost() if host == "localhost" else (host,)
        for address in others:
            with suppress(httpcore.ConnectError):  # nobody listens there, or there is no such family
                stream = await super().connect_tcp(address, port, timeout, local_address, socket_options)
                return _AsyncWatchedStream(stream)
        return _AsyncWatchedStream(await super().connect_tcp(last, port, timeout, local_address, socket_options))


@cache
def _localhost() -> tuple[str, ...]:
    """Return the addresses that the system has for localhost, in its order; the name where it has none."""
    try:
        found = socket.getaddrinfo("localhost", None, type=socket.SOCK_STREAM)
    except OSError:
        return ("localhost",)
    return tuple(dict.fromkeys(str(place[0]) for *_, place in found))
