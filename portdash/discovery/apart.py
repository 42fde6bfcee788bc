"""What takes a while and is not asynchronous, done in a thread so that the loop goes on; for asyncio and trio."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.to_thread

T = TypeVar("T")


async def for_now(act: Callable[[], T]) -> T:
    """Return what it comes to; who is cancelled meanwhile goes at once, and it is finished for whoever else waits."""
    return await anyio.to_thread.run_sync(act, abandon_on_cancel=True)


async def to_the_end(act: Callable[[], object]) -> None:
    """Do what has to be done even for who was cancelled, such as to close something."""
    with anyio.CancelScope(shield=True):
        await anyio.to_thread.run_sync(act)
