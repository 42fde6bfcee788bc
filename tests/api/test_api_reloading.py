"""Configuration files that are edited while a server runs."""

from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from api_world import DISCOVERY, MANAGEMENT, client_of

from portdash.api.settings import Settings
from portdash.config.loading import load
from portdash.config.settings import Flags
from portdash.manager.deps import Deps, Opened
from portdash.model.workspace import Workspace


async def _allocated(client: httpx.AsyncClient, name: str) -> int:
    (service,) = (await client.post(f"{MANAGEMENT}/allocate", json={"name": name})).json()["assignments"]
    return int(service["port"])


async def test_a_service_that_is_declared_meanwhile_gets_what_it_asks_for(
    deps: Deps, settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    root, environ = tmp_path / "shop", {"HOME": str(tmp_path)}
    root.mkdir()
    deps = replace(
        deps,
        config=load(cwd=root, environ=environ, flags=Flags(), home=tmp_path),
        environ=environ,
        opened=Opened(Flags(), root),
        place=deps.place._replace(workspace=Workspace(name="shop", root=str(root))),
    )
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
