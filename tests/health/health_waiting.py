"""Waiting for what will come, with a deadline."""

import asyncio
import threading
import time
from collections.abc import Callable

PATIENCE = 60.0


def until(holds: Callable[[], object], *, patience: float = PATIENCE) -> None:
    """Return once it holds; fail when it does not for long."""
    deadline = time.monotonic() + patience
    pause = threading.Event()
    while not holds():
        assert time.monotonic() < deadline, "it did not come"
        pause.wait(0.005)


async def becomes(holds: Callable[[], object], *, patience: float = PATIENCE) -> None:
    """Return once it holds, the loop going on meanwhile; fail when it does not for long."""
    async with asyncio.timeout(patience):
        while not holds():
            await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.005)
