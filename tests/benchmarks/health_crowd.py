"""Many small HTTP servers in one process: prints their ports, and ends with its standard input. `mute` never answer."""

import asyncio
import contextlib
import sys

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n" + b'{"status":"ok"}'


class Server(asyncio.Protocol):
    """Answers each read with one response."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:  # noqa: ARG002  each read is one request
        self.transport.write(ANSWER)  # type: ignore[attr-defined]


async def main(count: int, mute: int, first: int = 0, width: int = 0) -> None:
    loop = asyncio.get_running_loop()
    kinds = [Server] * count + [asyncio.Protocol] * mute
    ports = iter(range(first, first + width, max(1, width // 2 // len(kinds))) if first else [0] * len(kinds))
    servers: list[asyncio.Server] = []
    while len(servers) < len(kinds):
        with contextlib.suppress(OSError):  # somebody else has that port
            kind = kinds[len(servers)]
            servers.append(await loop.create_server(kind, "127.0.0.1", next(ports), backlog=8))
    sys.stdout.write(" ".join(str(server.sockets[0].getsockname()[1]) for server in servers) + "\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
