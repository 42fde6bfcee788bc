"""What all routes work with: made once for an application, and kept in its state."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from portdash.api.acting import Actor
from portdash.api.acts import Acts
from portdash.api.board import Board
from portdash.api.follower import Follower
from portdash.api.metrics import Tally
from portdash.api.settings import Settings
from portdash.api.streams import Streams
from portdash.manager.deps import Deps

if TYPE_CHECKING:
    from litestar import Litestar, Request


class Core:
    """The parts behind the routes."""

    def __init__(self, deps: Deps, settings: Settings) -> None:
        self.deps = deps
        self.settings = settings
        self.board = Board(deps)
        self.actor = Actor(self.board, settings)
        self.acts = Acts()
        self.follower = Follower(deps, self.board)
        self.streams = Streams(deps, current=self.board.deps)
        self.tally = Tally(deps)

    def close(self) -> None:
        """Let go of every request that waits: streams and long polls end by this alone."""
        self.streams.close()
        self.follower.stop()

    @asynccontextmanager
    async def running(self, _app: Litestar) -> AsyncIterator[None]:
        """Follow the store while the application runs."""
        self.follower.start()
        self.streams.start()
        try:
            yield
        finally:
            self.follower.stop()
            self.streams.stop()


def core_of(request: Request[Any, Any, Any]) -> Core:
    """Return the parts behind the application that got a request."""
    found = request.app.state["core"]
    assert isinstance(found, Core)
    return found
