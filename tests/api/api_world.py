"""What the tests of the API share: the project they are in, the token, and a client of an application."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx

from portdash.api.app import create_app
from portdash.api.core import Core
from portdash.api.settings import Settings
from portdash.manager.deps import Deps
from portdash.model.listener import Listener
from portdash.model.workspace import Workspace

SHOP = Workspace(name="shop", root="/home/dev/src/shop")
PORT = 8081
TOKEN = "t" * 43
BEARER = {"Authorization": f"Bearer {TOKEN}"}
BASE = f"http://localhost:{PORT}"
MANAGEMENT, DISCOVERY = "/api/v1/port-management", "/api/v1/discovery"

Listen = Callable[..., Listener]


@asynccontextmanager
async def client_of(deps: Deps, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the token, of an application that runs until the block ends."""
    app = create_app(deps, settings)
    core = app.state["core"]
    assert isinstance(core, Core)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]
    async with core.running(app), httpx.AsyncClient(transport=transport, base_url=BASE, headers=BEARER) as client:
        yield client


PATIENCE = 60.0


async def until(condition: Callable[[], object]) -> None:
    """Wait for what another thread or task does."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110  there is nothing that could tell
            await asyncio.sleep(0.005)
