"""The HTTP API: what a request costs beside the framework's own, what streams weigh, and how soon a change is told."""

import asyncio
import contextlib
import socket
import statistics
import time
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
import uvicorn
from litestar import Litestar, get
from own_ports import own_port
from timing import report

from portdash.api.app import create_app
from portdash.api.core import Core
from portdash.api.serving import Server, configuration
from portdash.api.settings import Settings
from portdash.api.sockets import loopback_sockets
from portdash.api.token import FixedToken
from portdash.config.settings import Config
from portdash.demo.clock import FrozenClock
from portdash.demo.machine import FakeMachine
from portdash.manager.allocate import allocate
from portdash.manager.deps import Deps, Place
from portdash.manager.wishes import Wish
from portdash.model.workspace import Workspace
from portdash.store.memory import MemoryStore
from portdash.store.sqlite import SqliteStore

pytestmark = pytest.mark.benchmark

TOKEN = "t" * 43
ROUNDS = 400
STREAMS, CHANGES = 50, 40


def deps_with(services: int, store: MemoryStore | SqliteStore | None = None) -> Deps:
    deps = Deps(
        store=store or MemoryStore(),
        machine=FakeMachine(host="here", user="dev"),
        config=Config(),
        clock=FrozenClock(1_800_000_000.0),
        place=Place("here", "dev", Workspace(name="shop", root=None), "development"),
        actor="test",
    )
    if services:
        allocate(deps, [Wish(name=f"service-{number}") for number in range(services)])
    return deps


@contextlib.asynccontextmanager
async def served(server: uvicorn.Server, sockets: list[socket.socket]) -> AsyncIterator[None]:
    task = asyncio.ensure_future(server.serve(sockets=sockets))
    while not server.started:  # noqa: ASYNC110  it says so nowhere else
        await asyncio.sleep(0.005)
    try:
        yield
    finally:
        server.should_exit = True
        await task


@contextlib.asynccontextmanager
async def ours(deps: Deps) -> AsyncIterator[int]:
    port = own_port()
    app = create_app(deps, Settings(token=FixedToken(TOKEN), port=port))
    core = app.state["core"]
    assert isinstance(core, Core)
    async with served(Server(configuration(app), core), loopback_sockets(port)):
        yield port


@contextlib.asynccontextmanager
async def hello(size: int) -> AsyncIterator[int]:
    """The framework's own: a text of the same size, on a server with nothing of ours."""
    text = "x" * size

    @get("/", sync_to_thread=False)
    def greet() -> str:
        return text

    port = own_port()
    app = Litestar([greet], openapi_config=None, logging_config=None)
    config = uvicorn.Config(app, http="h11", ws="none", loop="asyncio", log_config=None, access_log=False)
    async with served(uvicorn.Server(config), loopback_sockets(port)):
        yield port


class Client:
    """As little of a client as there can be: what is measured is the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> None:
        self._reader, self._writer, self._request = reader, writer, request

    @classmethod
    async def to(cls, port: int, path: str) -> "Client":
        request = f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
        return cls(*await asyncio.open_connection("127.0.0.1", port), request.encode())

    async def ask(self) -> int:
        """Ask once, and return the length of the answer."""
        self._writer.write(self._request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 "), head
        size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await self._reader.readexactly(size)
        return size

    def close(self) -> None:
        self._writer.close()


async def timed(client: Client) -> float:
    start = time.perf_counter()
    await client.ask()
    return time.perf_counter() - start


@pytest.mark.parametrize("services", [1, 20, 300])
async def test_a_request_costs_no_more_than_twice_the_frameworks_own(services: int):
    async with ours(deps_with(services)) as port:
        client = await Client.to(port, "/api/ports")
        size = await client.ask()
        async with hello(size) as other:
            floor = await Client.to(other, "/")
            await floor.ask()
            pairs = [(await timed(client), await timed(floor)) for _ in range(ROUNDS)]
            floor.close()
        client.close()
    own, bare = (statistics.median(column) for column in zip(*pairs, strict=True))
    report(f"GET /api/ports, {services} services, {size} bytes", own / bare, 2, f"p50 {own * 1e6:.0f} us")


async def opened(port: int) -> asyncio.StreamReader:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"GET /api/v1/events HTTP/1.1\r\nHost: localhost:{port}\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode()
    )
    await reader.readuntil(b": portdash events\n\n")
    _OPEN.append(writer)
    return reader


_OPEN: list[asyncio.StreamWriter] = []


async def told(reader: asyncio.StreamReader) -> float:
    await reader.readuntil(b"event: ")
    await reader.readuntil(b"\n\n")
    return time.perf_counter()


async def test_fifty_streams_weigh_little_and_a_change_is_there_at_once(tmp_path: Path):
    store = SqliteStore(tmp_path / "ports.db", host="here")
    writer = deps_with(0, SqliteStore(tmp_path / "ports.db", host="here"))  # as another process has it
    async with ours(deps_with(0, store)) as port:
        first = await opened(port)
        before = psutil.Process().memory_info().rss
        readers = [first, *[await opened(port) for _ in range(STREAMS - 1)]]
        delays: list[float] = []
        for number in range(CHANGES):
            waiting = asyncio.gather(*map(told, readers))
            await asyncio.to_thread(allocate, writer, [Wish(name=f"service-{number}")])
            changed = time.perf_counter()
            delays += [max(0.0, at - changed) for at in await waiting]
        grown = psutil.Process().memory_info().rss - before
        for each in _OPEN:
            each.close()
    late = statistics.quantiles(delays, n=20)[-1]
    writer.close()
    store.close()
    mib = grown / 2**20
    report(f"{STREAMS} event streams", mib / 20, 1, f"{mib:.1f} MiB more than one, client and server")
    report("a change on every stream, p95", late / 0.1, 1, f"{late * 1000:.1f} ms after it was stored")
