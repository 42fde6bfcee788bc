import re
from dataclasses import replace

import httpx
import pytest
from api_world import MANAGEMENT, Listen

from portdash.api.compat import ports_json
from portdash.demo.scene import demo_deps
from portdash.manager.deps import Deps

SHOP_ROOT = "/home/dev/src/shop"


async def test_ports_in_the_shape_that_its_clients_read(client: httpx.AsyncClient):
    for body in (
        {"name": "server", "preferred": 3000},
        {"name": "client", "preferred": 5173},
        {"name": "websocket", "inherit_from": "server"},
        {"name": "database", "type": "database", "preferred": 5432},
    ):
        assert (await client.post(f"{MANAGEMENT}/allocate", json=body)).status_code == 201
    assert (await client.get("/api/ports")).json() == {
        "success": True,
        "data": {
            "server": 3000,
            "client": 5173,
            "websocket": 3000,
            "database": 5432,
            "environment": "development",
            "urls": {
                "server": "http://localhost:3000",
                "client": "http://localhost:5173",
                "websocket": "ws://localhost:3000",
            },
        },
    }


async def test_what_is_called_a_database_is_no_web_server(client: httpx.AsyncClient):
    for name in ("database", "cache@2", "shop", "grafana"):
        await client.post(f"{MANAGEMENT}/allocate", json={"name": name})
    assert set((await client.get("/api/ports")).json()["data"]["urls"]) == {"shop", "grafana"}


async def test_health_in_the_shape_that_its_clients_read(client: httpx.AsyncClient, listen: Listen):
    for body in ({"name": "server", "preferred": 3000}, {"name": "websocket", "inherit_from": "server"}):
        await client.post(f"{MANAGEMENT}/allocate", json=body)
    listen(3000, cwd=SHOP_ROOT, users=4, is_known=False)  # of processes that may not be looked at
    await client.post("/api/v1/discovery/services/refresh")
    found = (await client.get("/api/health?detailed=true")).json()
    assert found["services"]["websocket"] == {
        "status": "healthy",
        "connections": 4,
        "uptime": 177.5,
        "timestamp": "2027-01-15T08:00:00.000Z",
    }
    assert found["services"]["server"] == found["services"]["websocket"]
    assert (await client.get("/api/health")).json() == {"status": "healthy", "timestamp": found["timestamp"]}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", found["timestamp"])


async def test_a_service_that_nobody_serves_is_not_called_healthy(client: httpx.AsyncClient):
    await client.post(f"{MANAGEMENT}/allocate", json={"name": "server"})
    (server,) = (await client.get("/api/health?detailed=true")).json()["services"].values()
    assert server == {"status": "unknown", "connections": None, "uptime": None, "timestamp": server["timestamp"]}


@pytest.mark.parametrize("name", ["environment", "urls"])
async def test_a_service_does_not_take_the_place_of_a_key(client: httpx.AsyncClient, name: str):
    await client.post(f"{MANAGEMENT}/allocate", json={"name": name, "preferred": 3000})
    data = (await client.get("/api/ports")).json()["data"]
    assert data == {"environment": "development", "urls": {name: "http://localhost:3000"}}


def test_only_this_workspace_and_environment_is_told():
    deps: Deps = demo_deps()
    snapshot = deps.observer.snapshot()
    told = ports_json(snapshot)["data"]
    assert isinstance(told, dict)
    here = {
        view.name for view in snapshot.services if view.key.workspace == snapshot.workspace and view.port is not None
    }
    assert set(told) - {"environment", "urls"} == here
    assert told["environment"] == snapshot.environment
    assert ports_json(replace(snapshot, environment="other"))["data"] == {"environment": "other", "urls": {}}
