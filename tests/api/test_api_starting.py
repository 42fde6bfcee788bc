"""Starting services through the API: a real project, a real `run`, and nothing that a request could smuggle in."""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import msgspec
import pytest
from api_world import DISCOVERY, client_of
from own_ports import own_port
from test_api_routes import problem

from portdash.api import shapes
from portdash.api.settings import Settings
from portdash.config.settings import Flags
from portdash.config.trust import record_trust
from portdash.manager.deps import Deps
from portdash.manager.opening import open_deps
from portdash.manager.supervising import stop

pytestmark = pytest.mark.needs_linux

START = f"{DISCOVERY}/services/web/start"
HTTP = [sys.executable, "-m", "http.server", "{port}", "--bind", "127.0.0.1"]


@pytest.fixture
def project(home: Path) -> Path:
    root = home / "shop"
    root.mkdir()
    (root / ".git").mkdir()
    return root


@pytest.fixture
def deps(project: Path, home: Path) -> Iterator[Deps]:
    """The project, with a service that has a command and one that has none; what is still run at the end is stopped."""
    command = json.dumps(HTTP)
    (project / "portdash.toml").write_text(f"[services.web]\nbase = {own_port()}\ncommand = {command}\n[services.db]\n")
    deps = open_deps(flags=Flags(), cwd=project, environ=dict(os.environ), home=home, actor="test")
    yield deps
    snapshot = deps.observer.snapshot()
    stop(deps, snapshot, tuple(snapshot.leases))
    deps.close()


def trust(deps: Deps, project: Path) -> None:
    assert deps.state_dir
    record_trust(project / "portdash.toml", deps.state_dir)


async def test_a_declared_service_is_started_seen_and_stopped(client: httpx.AsyncClient, deps: Deps, project: Path):
    trust(deps, project)
    key = {"Idempotency-Key": "start-1"}
    begun = await client.post(START, headers=key)
    told = msgspec.json.decode(begun.content, type=shapes.Started)
    assert (begun.status_code, told.name, told.done, told.lines) == (200, "web", True, [])
    async with httpx.AsyncClient() as anyone:
        assert (await anyone.get(f"http://127.0.0.1:{told.port}/")).status_code == 200
    assert (await client.post(START, headers=key)).content == begun.content
    problem(await client.post(START), 409, "already_running")
    assert (await client.post(f"{DISCOVERY}/services/web/stop")).json()["done"] is True
    again = (await client.post(START)).json()
    assert (again["done"], again["port"]) == (True, told.port)


async def test_only_what_is_declared_and_trusted_is_started(client: httpx.AsyncClient, deps: Deps, project: Path):
    problem(await client.post(START), 403, "not_trusted")
    problem(await client.post(f"{DISCOVERY}/services/db/start"), 409, "no_command")
    problem(await client.post(f"{DISCOVERY}/services/ghost/start"), 404, "no_such_service")
    for body in ({"command": ["touch", "ran"]}, {"cwd": "/"}, {"port": 1}):
        problem(await client.post(START, json=body), 422, "bad_request")
    trust(deps, project)
    (project / "portdash.toml").write_text('[services.web]\ncommand = ["touch", "ran"]\n')
    problem(await client.post(START), 403, "not_trusted")
    assert not (project / "ran").exists()


async def test_a_failure_is_told_with_what_was_printed(client: httpx.AsyncClient, deps: Deps, project: Path):
    (project / "portdash.toml").write_text('[services.web]\ncommand = ["sh", "-c", "echo no database; exit 4"]\n')
    trust(deps, project)
    told = msgspec.json.decode((await client.post(START)).content, type=shapes.Started)
    assert (told.done, told.port, told.lines) == (False, None, ["no database"])
    assert told.detail == "web ended with status 4 before it listened"


async def test_read_only_starts_nothing(deps: Deps, project: Path, settings: Settings):
    trust(deps, project)
    async with client_of(replace(deps, config=replace(deps.config, read_only=True)), settings) as client:
        problem(await client.post(START), 403, "read_only")
