"""The synchronous and the asynchronous driver behind one face, so that one suite tests both.

They suspect nobody unless `suspect_after` says so: a server of a busy machine may read a request late.
"""

# ruff: noqa: ANN401  options are those of httpx, and ours

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any, Protocol

import httpx

from portdash.discovery.async_transport import AsyncFailoverTransport
from portdash.discovery.balancer import LoadBalancer
from portdash.discovery.transport import FailoverTransport
from portdash.discovery.trip import Route

URL = "http://api/users?id=1"


class Face(Protocol):
    transport: Any

    def send(self, method: str = "GET", url: str = URL, **options: Any) -> httpx.Response: ...
    def send_parts(self, method: str, parts: int, **options: Any) -> httpx.Response: ...
    def close(self) -> None: ...


class SyncFace:
    """Sends through httpx.Client."""

    def __init__(self, service: str | LoadBalancer, **options: Any) -> None:
        self.transport = FailoverTransport(service, **{"suspect_after": None, **options})
        self._client = httpx.Client(transport=self.transport, timeout=60.0)

    def send(self, method: str = "GET", url: str = URL, **options: Any) -> httpx.Response:
        return self._client.request(method, url, **options)

    def send_parts(self, method: str, parts: int, **options: Any) -> httpx.Response:
        def body() -> Iterator[bytes]:
            for _ in range(parts):
                yield b"part"

        return self.send(method, content=body(), **options)

    def close(self) -> None:
        self._client.close()


class AsyncFace:
    """Sends through httpx.AsyncClient, in one event loop."""

    def __init__(self, service: str | LoadBalancer, **options: Any) -> None:
        self.transport = AsyncFailoverTransport(service, **{"suspect_after": None, **options})
        self._runner = asyncio.Runner()
        self._client = httpx.AsyncClient(transport=self.transport, timeout=60.0)

    def send(self, method: str = "GET", url: str = URL, **options: Any) -> httpx.Response:
        return self._runner.run(self._client.request(method, url, **options))

    def send_parts(self, method: str, parts: int, **options: Any) -> httpx.Response:
        async def body() -> AsyncIterator[bytes]:
            for _ in range(parts):
                yield b"part"

        return self.send(method, content=body(), **options)

    def close(self) -> None:
        if self._client.is_closed:
            return
        self._runner.run(self._client.aclose())
        self._runner.close()


FACES = {"sync": SyncFace, "async": AsyncFace}


def route(response: httpx.Response) -> Route:
    found = response.extensions["portdash"]
    assert isinstance(found, Route)
    return found


def kinds(response: httpx.Response) -> list[str]:
    """Return what came of each attempt."""
    return [each.verdict.kind.value for each in route(response).attempts]
