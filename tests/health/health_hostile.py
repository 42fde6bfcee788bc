"""All the hostile servers in a process of their own; prints their ports and ends with its standard input."""

import asyncio
import sys
from contextlib import AsyncExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from health_servers import serving
from test_health_probing import HOSTILE


async def main() -> None:
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(serving(serve)) for serve, _, _ in HOSTILE]
        sys.stdout.write(" ".join(str(server.endpoint.port) for server in servers) + "\n")
        sys.stdout.flush()
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
