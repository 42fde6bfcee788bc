"""Many small HTTP servers in one process: prints their ports, and ends with its standard input. `mute` never answer."""

import asyncio
import sys

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n" + b'{"status":"ok"}'


class Server(asyncio.Protocol):
    """Answers each read with one response."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:  # noqa: ARG002  each read is one request
        self.transport.write(ANSWER)  # type: ignore[attr-defined]


async def main(count: int, mute: int) -> None:
    loop = asyncio.get_running_loop()
    kinds = [Server] * count + [asyncio.Protocol] * mute
    servers = [await loop.create_server(kind, "127.0.0.1", 0, backlog=8) for kind in kinds]
    sys.stdout.write(" ".join(str(server.sockets[0].getsockname()[1]) for server in servers) + "\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
