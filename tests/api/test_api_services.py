from dataclasses import replace
from pathlib import Path

import httpx
import msgspec
import pytest
from api_world import DISCOVERY, MANAGEMENT, client_of
from test_api_routes import problem

from portdash.api import shapes
from portdash.api.settings import Settings
from portdash.manager.deps import Deps
from portdash.supervisor.logs import ServiceLog, log_path


@pytest.fixture
def deps(deps: Deps, tmp_path: Path) -> Deps:
    return replace(deps, state_dir=tmp_path)


async def has_web(client: httpx.AsyncClient) -> None:
    assert (await client.post(f"{MANAGEMENT}/allocate", json={"name": "web"})).status_code == 201


@pytest.mark.parametrize("act", ["stop", "restart"])
async def test_nobody_is_asked_about_what_portdash_does_not_run(client: httpx.AsyncClient, act: str):
    problem(await client.post(f"{DISCOVERY}/services/web/{act}"), 404, "no_such_service")
    await has_web(client)
    problem(await client.post(f"{DISCOVERY}/services/web/{act}"), 409, "not_supervised")
    problem(await client.post(f"{DISCOVERY}/services/web/{act}", json={"command": ["sh"]}), 422, "bad_request")
    problem(await client.post(f"{DISCOVERY}/services/3000/{act}"), 422, "invalid_name")


async def test_read_only_stops_nothing(deps: Deps, settings: Settings):
    async with client_of(replace(deps, config=replace(deps.config, read_only=True)), settings) as client:
        problem(await client.post(f"{DISCOVERY}/services/web/stop"), 403, "read_only")


async def test_the_log_is_told_without_what_commands_a_terminal(client: httpx.AsyncClient, deps: Deps):
    problem(await client.get(f"{DISCOVERY}/services/web/log"), 404, "no_such_service")
    await has_web(client)
    problem(await client.get(f"{DISCOVERY}/services/web/log"), 404, "no_such_service")
    assert deps.state_dir is not None
    log = ServiceLog(log_path(deps.state_dir, deps.place.key("web")))
    log.write(b"first\n\x1b[31mred\x1b]0;title\x07\n" + b"x" * 5000 + b"\nlast")
    log.close()
    told = msgspec.json.decode((await client.get(f"{DISCOVERY}/services/web/log")).content, type=shapes.Printed)
    assert told.lines == ["first", "red", "x" * 2000, "last"]
    assert (await client.get(f"{DISCOVERY}/services/web/log?lines=1")).json()["lines"] == ["last"]
    for wrong in ("0", "1001", "-1", "1e3", "9" * 30, "1&lines=2"):
        problem(await client.get(f"{DISCOVERY}/services/web/log?lines={wrong}"), 422, "bad_request")


async def test_what_stands_in_the_place_of_a_log_is_not_waited_for(client: httpx.AsyncClient, deps: Deps):
    await has_web(client)
    assert deps.state_dir is not None
    path = log_path(deps.state_dir, deps.place.key("web"))
    path.parent.mkdir(parents=True)
    path.mkdir()
    said = problem(await client.get(f"{DISCOVERY}/services/web/log"), 409, "refused")
    assert said.detail == "the log of web cannot be read: it is no regular file"
