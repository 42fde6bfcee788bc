"""Configuration files that are edited while a server runs."""

import asyncio
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from api_world import DISCOVERY, MANAGEMENT, PATIENCE, Listen, client_of, until

from portdash.api.app import create_app
from portdash.api.settings import Settings
from portdash.config.loading import load
from portdash.config.settings import Flags
from portdash.manager.allocate import allocate
from portdash.manager.deps import Deps, Opened
from portdash.manager.wishes import Wish
from portdash.model.workspace import Workspace


def opened_in(root: Path, deps: Deps) -> Deps:
    """Return the same as it is opened in a project, with the files that it has there and beside it."""
    environ = {"HOME": str(root.parent)}
    return replace(
        deps,
        config=load(cwd=root, environ=environ, flags=Flags(), home=root.parent),
        environ=environ,
        opened=Opened(Flags(), root),
        place=deps.place._replace(workspace=Workspace(name="shop", root=str(root))),
    )


async def _allocated(client: httpx.AsyncClient, name: str) -> int:
    (service,) = (await client.post(f"{MANAGEMENT}/allocate", json={"name": name})).json()["assignments"]
    return int(service["port"])


async def test_a_service_that_is_declared_meanwhile_gets_what_it_asks_for(
    deps: Deps, settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    root = tmp_path / "shop"
    root.mkdir()
    deps = opened_in(root, deps)
    file = root / "portdash.toml"
    async with client_of(deps, settings) as client:
        file.write_text("[services.web]\npreferred = [4555]\n")
        assert await _allocated(client, "web") == 4555
        file.write_text("[services.api]\npreferred = [4556]\n\n[services.cache]\n")
        found = (await client.post(f"{DISCOVERY}/services/refresh")).json()["services"]
        assert {each["name"] for each in found} == {"web", "api", "cache"}
        file.write_text("[services.api]\npreferred = 'none at all, and this file makes no sense'\n")
        assert await _allocated(client, "api") == 4556
        assert "the configuration stays as it was: " in caplog.text


async def test_what_streams_tell_is_judged_by_the_files_as_they_are_now(
    deps: Deps, settings: Settings, tmp_path: Path, listen: Listen
):
    root = tmp_path / "shop"
    root.mkdir()
    deps = opened_in(root, deps)
    allocate(deps, [Wish(name="web", preferred=(3000,))])
    app = create_app(deps, settings)
    told = app.state["core"].streams
    async with app.lifespan(), asyncio.timeout(PATIENCE):
        stream = told.read(None)
        assert (await anext(stream)).startswith(b"retry:")
        coming = asyncio.ensure_future(anext(stream))
        await until(lambda: told._watcher._troubles is not None)
        listen(3000)
        assert b"event: conflict" in await coming
        (root / "portdash.toml").write_text("[services.web]\nmatch = 'node'\n")
        assert b"event: resolved" in await anext(stream)
        await stream.aclose()
