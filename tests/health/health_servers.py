"""Servers that do as a test says, on real sockets of loopback."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from portdash.health.endpoint import Endpoint

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Server:
    """A running one."""

    endpoint: Endpoint
    requests: list[bytes] = field(default_factory=list)
    """Heads of the requests that came."""
    connections: int = 0
    """How many came."""
    open: int = 0
    """How many are there now."""


@contextlib.asynccontextmanager
async def serving(serve: Serve, *, address: str = "127.0.0.1", **options: object) -> AsyncIterator[Server]:
    """Run `serve` for each connection, until the end of the block."""
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections += 1
        server.open += 1
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(ConnectionError, asyncio.CancelledError, asyncio.IncompleteReadError):
            await serve(reader, writer)
        server.open -= 1
        with contextlib.suppress(ConnectionError):
            writer.close()

    listening = await asyncio.start_server(handle, address, 0, **options)  # type: ignore[arg-type]
    server = Server(Endpoint(address, listening.sockets[0].getsockname()[1]))
    try:
        yield server
    finally:
        listening.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def answering(*answers: bytes, closing: bool = True, address: str = "127.0.0.1") -> AsyncIterator[Server]:
    """Answer request by request, the last answer again and again; close after each unless told otherwise."""
    left = list(answers)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            running.requests.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(left.pop(0) if len(left) > 1 else left[0])
            await writer.drain()
            if closing:
                return

    async with serving(serve, address=address) as running:
        yield running


def response(status: str = "200 OK", body: bytes = b"", *headers: str) -> bytes:
    """An HTTP/1.1 response with its length."""
    head = "\r\n".join((f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""))
    return head.encode("latin-1") + body


def chunked(*chunks: bytes, headers: Sequence[str] = (), trailer: str = "") -> bytes:
    """An HTTP/1.1 response in chunks."""
    head = "\r\n".join(("HTTP/1.1 200 OK", *headers, "Transfer-Encoding: chunked", "", "")).encode("latin-1")
    pieces = b"".join(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n" for chunk in chunks)
    return head + pieces + b"0\r\n" + trailer.encode() + b"\r\n"
