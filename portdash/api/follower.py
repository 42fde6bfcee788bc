"""Following the store's revision, for requests that wait until there is another one."""

from __future__ import annotations

import asyncio
import logging
from threading import Event, Thread

from portdash.api.board import Board
from portdash.manager.deps import Deps
from portdash.text import clean

_log = logging.getLogger(__name__)

GLANCE = 1.0
"""Seconds after which a wait for the store begins anew; stopping takes no longer than that."""
PAUSE = 1.0
"""Seconds between two attempts while the store cannot be read."""


class Follower:
    """One thread that waits for the store, and tells the board and all who wait in the loop."""

    def __init__(self, deps: Deps, board: Board) -> None:
        self._deps = deps
        self._board = board
        self._stopped = Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed = asyncio.Event()
        self.is_closing = False

    def start(self) -> None:
        """Begin, in the running loop."""
        self._loop, self.is_closing = asyncio.get_running_loop(), False
        self._changed, self._stopped = asyncio.Event(), Event()
        Thread(target=self._run, args=(self._stopped,), name="portdash-revision", daemon=True).start()

    def stop(self) -> None:
        """End, and let all who wait go."""
        self._stopped.set()
        self.is_closing = True
        self._wake()

    async def wait(self, since: int, seconds: float) -> None:
        """Return as soon as the store's revision is another than `since`, or after `seconds`."""
        until = asyncio.get_running_loop().time() + seconds
        while not self.is_closing and (await self._board.view()).revision == since:
            left = until - asyncio.get_running_loop().time()
            if left <= 0:
                return
            changed = self._changed
            try:
                async with asyncio.timeout(left):
                    await changed.wait()
            except TimeoutError:
                return

    def _run(self, stopped: Event) -> None:
        revision, said = -1, ""
        while not stopped.is_set():
            try:
                found = self._deps.store.watch(revision, GLANCE)
            except Exception as error:  # noqa: BLE001  the thread must outlive whatever it runs into, and says it
                text = f"{type(error).__name__}: {clean(str(error))}"
                if text != said and not stopped.is_set():
                    _log.warning("the store cannot be followed for now: %s", text)
                said = text
                stopped.wait(PAUSE)
                continue
            said = ""
            if found != revision:
                revision = found
                self._board.note(found)
                if self._loop is not None and not self._loop.is_closed():
                    self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        """Let everybody go who waits now; who waits later waits for the next change."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
