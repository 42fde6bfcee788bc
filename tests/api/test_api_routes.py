from dataclasses import replace

import httpx
import msgspec
import pytest
from api_world import BEARER, DISCOVERY, MANAGEMENT, Listen, client_of

from portdash.api import shapes
from portdash.api.catalogue import methods_at
from portdash.api.problems import Problem
from portdash.api.settings import Settings
from portdash.errors import StoreUnavailable
from portdash.manager.deps import Deps
from portdash.manager.plans import plan_resolve
from portdash.report.serialise import plan_json, service_json

SHOP_ROOT = "/home/dev/src/shop"


def problem(answer: httpx.Response, status: int, code: str) -> Problem:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found = msgspec.json.decode(answer.content, type=Problem)
    assert (found.status, found.code) == (status, code)
    assert found.hint
    return found


async def allocated(client: httpx.AsyncClient, **body: object) -> int:
    answer = await client.post(f"{MANAGEMENT}/allocate", json=body)
    assert answer.status_code in (200, 201), answer.text
    (service,) = msgspec.json.decode(answer.content, type=shapes.Allocated).assignments
    assert service.port is not None
    return service.port


async def test_a_service_gets_a_port_keeps_it_and_gives_it_back(client: httpx.AsyncClient, deps: Deps):
    body = {"service_name": "web", "service_type": "gateway", "preferred_port": 8000}
    first = await client.post(f"{MANAGEMENT}/allocate", json=body)
    again = await client.post(f"{MANAGEMENT}/allocate", json=body)
    assert (first.status_code, again.status_code) == (201, 200)
    (view,) = deps.observer.snapshot().services
    assert again.json()["assignments"] == [service_json(view, deps.observer.snapshot())]
    assert view.port == 8000
    (event,) = deps.store.events()
    assert event.actor == "api"
    assert (await client.delete(f"{MANAGEMENT}/release/8000")).status_code == 204
    assert not deps.store.snapshot().assignments
    problem(await client.delete(f"{MANAGEMENT}/release/8000"), 404, "no_such_service")


async def test_what_is_listed_is_what_the_command_line_prints(client: httpx.AsyncClient, listen: Listen):
    listen(3000)
    assert await allocated(client, name="web", preferred=[3000, 3001]) == 3001
    assert await allocated(client, name="shop/api", range=[5000, 5010]) == 5000
    kinds = {
        "allocations": shapes.Allocations, "utilization": shapes.Utilization, "conflicts": shapes.Conflicts,
    }  # fmt: skip
    for name, kind in kinds.items():
        found = msgspec.json.decode((await client.get(f"{MANAGEMENT}/{name}")).content, type=kind)
        assert found.revision == 2  # type: ignore[attr-defined]
    allocations = (await client.get(f"{MANAGEMENT}/allocations")).json()
    assert [(each["name"], each["port"]) for each in allocations["assignments"]] == [("api", 5000), ("web", 3001)]
    found = msgspec.json.decode((await client.get(f"{DISCOVERY}/services")).content, type=shapes.Services)
    assert [each.port for each in found.listeners] == [3000]
    assert found.listeners[0].command is None  # its arguments hold what should not travel


async def test_a_range_that_is_used_says_so(client: httpx.AsyncClient):
    for number in range(5):
        await allocated(client, name=f"web-{number}", type="gateway")
    (used,) = [
        each
        for each in (await client.get(f"{MANAGEMENT}/utilization")).json()["ranges"]
        if each["name"] == "api-gateway"
    ]
    assert (used["used"], used["percent"]) == (5, 5.0)


async def test_refreshing_shows_a_server_that_has_just_started(client: httpx.AsyncClient, listen: Listen):
    assert (await client.get(f"{DISCOVERY}/services")).json()["listeners"] == []
    listen(3000)
    found = (await client.post(f"{DISCOVERY}/services/refresh")).json()
    assert [each["port"] for each in found["listeners"]] == [3000]


async def test_a_look_is_shared(client: httpx.AsyncClient, deps: Deps, monkeypatch: pytest.MonkeyPatch):
    looks = []
    seen = deps.machine.listeners
    monkeypatch.setattr(deps.machine, "listeners", lambda: looks.append(1) or seen())
    for path in ("/api/ports", f"{MANAGEMENT}/allocations", f"{MANAGEMENT}/conflicts", "/api/ports"):
        await client.get(path)
    assert len(looks) == 1


async def test_no_port_left_is_409_and_says_who_has_it(client: httpx.AsyncClient, listen: Listen):
    listen(3000)
    said = problem(
        await client.post(f"{MANAGEMENT}/allocate", json={"name": "web", "range": [3000, 3000]}),
        409,
        "no_port_available",
    )
    assert "node 4121" in said.hint


async def test_a_conflict_is_resolved_by_the_plan_that_was_shown(client: httpx.AsyncClient, listen: Listen, deps: Deps):
    assert await allocated(client, name="web", preferred=[3000, 3001]) == 3000
    listen(3000)
    await client.post(f"{DISCOVERY}/services/refresh")
    (conflict,) = (await client.get(f"{MANAGEMENT}/conflicts")).json()["conflicts"]
    assert (conflict["kind"], conflict["port"]) == ("squatted", 3000)
    dry = await client.post(f"{MANAGEMENT}/resolve", json={"service": "web", "dry_run": True})
    assert msgspec.json.decode(dry.content, type=shapes.Resolved).applied is False
    done = (await client.post(f"{MANAGEMENT}/resolve", json={})).json()
    assert done == {**dry.json(), "applied": True}
    assert (await client.get(f"{MANAGEMENT}/conflicts")).json()["conflicts"] == []
    assert [row.port for row in deps.store.snapshot().assignments.values()] == [3001]


async def test_processes_end_only_where_the_server_may_and_the_client_agrees(
    deps: Deps, settings: Settings, listen: Listen
):
    body = {"service": "web", "strategy": "aggressive"}
    async with client_of(deps, settings) as client:
        await allocated(client, name="web", preferred=3000)
        listen(3000)
        problem(await client.post(f"{MANAGEMENT}/resolve", json={**body, "terminate": True}), 403, "kill_not_allowed")
        assert "would end" in problem(await client.post(f"{MANAGEMENT}/resolve", json=body), 409, "refused").detail
    async with client_of(deps, replace(settings, allow_kill=True)) as client:
        problem(await client.post(f"{MANAGEMENT}/resolve", json=body), 409, "refused")
        assert [each.port for each in deps.machine.listeners()] == [3000]
        done = await client.post(f"{MANAGEMENT}/resolve", json={**body, "terminate": True})
        assert done.json()["plan"]["cost"]["terminated"] == 1
        assert deps.machine.listeners() == ()


async def test_read_only_changes_nothing(deps: Deps, settings: Settings):
    locked = replace(deps, config=replace(deps.config, read_only=True))
    async with client_of(locked, settings) as client:
        problem(await client.post(f"{MANAGEMENT}/allocate", json={"name": "web"}), 403, "read_only")
        problem(await client.delete(f"{MANAGEMENT}/release/3000"), 403, "read_only")
        problem(await client.post(f"{MANAGEMENT}/resolve", json={}), 403, "read_only")
        dry = await client.post(f"{MANAGEMENT}/resolve", json={"dry_run": True})
        assert (dry.status_code, dry.json()["applied"]) == (200, False)


async def test_what_is_wrong_with_a_body_is_said_and_nothing_is_done(client: httpx.AsyncClient, deps: Deps):
    for body in (b'{"name": "web", "preferred": 3000.0}', b"nonsense", b"{}", b'{"a":' + b"[" * 60_000):
        answer = await client.post(f"{MANAGEMENT}/allocate", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 422
    too_long = await client.post(f"{MANAGEMENT}/allocate", json={"name": "x" * 70_000})
    problem(too_long, 413, "body_too_large")
    assert deps.store.snapshot().revision == 0


async def test_a_port_in_a_path_is_read_strictly(client: httpx.AsyncClient):
    for port in ("0", "65536", "3000.0", "true", "-1", "%20", "3000x", "1e3", "٣"):
        problem(await client.delete(f"{MANAGEMENT}/release/{port}"), 422, "invalid_port")


async def test_what_is_not_there_is_a_problem(client: httpx.AsyncClient):
    for method, path, status, code in (
        ("GET", "/nowhere", 404, "no_such_route"),
        ("GET", f"{MANAGEMENT}/release/3000", 405, "method_not_allowed"),
        ("DELETE", "/api/ports", 405, "method_not_allowed"),
        ("GET", f"{MANAGEMENT}/resolve/", 405, "method_not_allowed"),
        ("POST", "/docs", 405, "method_not_allowed"),
        ("GET", f"{DISCOVERY}/services/%2e%2e/health", 400, "bad_path"),
        ("GET", f"{DISCOVERY}/services/no%00such/health", 400, "bad_path"),
        ("GET", f"{DISCOVERY}/services/nosuch/health", 404, "no_such_service"),
        ("GET", f"{DISCOVERY}/services/no such/health", 422, "invalid_name"),
        ("GET", "/api/ports?since=x", 422, "bad_request"),
        ("GET", "/api/ports?since=0&timeout=1e9", 422, "bad_request"),
        ("GET", "/api/health?detailed=maybe", 422, "bad_request"),
        ("GET", "/api/health?detail=true", 422, "bad_request"),
        ("GET", "/api/ports?since=0&since=0", 422, "bad_request"),
        ("GET", "/api/v1/events?since=0", 422, "bad_request"),  # Last-Event-ID is what goes back there
        ("GET", f"{DISCOVERY}/services/nosuch/health?detailed=true", 422, "bad_request"),
    ):
        answer = await client.request(method, path)
        problem(answer, status, code)
        assert status != 405 or answer.headers["allow"] == ", ".join(methods_at(path))


async def test_a_store_that_is_away_is_503(client: httpx.AsyncClient, deps: Deps):
    deps.store.close()
    with pytest.raises(StoreUnavailable):
        deps.store.snapshot()
    answer = await client.get("/api/ports")
    problem(answer, 503, "store_unavailable")
    assert answer.headers["retry-after"] == "1"


async def test_a_list_of_what_a_store_held_at_the_last_contact_says_so(
    client: httpx.AsyncClient, deps: Deps, monkeypatch: pytest.MonkeyPatch
):
    assert "portdash-stale-since" not in (await client.get(f"{MANAGEMENT}/allocations")).headers
    held = replace(deps.store.snapshot(), revision=5, stale_since=1_799_999_990.0)
    monkeypatch.setattr(deps.store, "snapshot", lambda *_since: held)
    await client.post(f"{DISCOVERY}/services/refresh")
    for path in ("/api/ports", f"{MANAGEMENT}/allocations", f"{DISCOVERY}/services"):
        assert (await client.get(path)).headers["portdash-stale-since"] == "2027-01-15T07:59:50Z"


async def test_a_mistake_of_ours_tells_nothing(client: httpx.AsyncClient, deps: Deps, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(deps.machine, "listeners", lambda: 1 / 0)
    said = problem(await client.get("/api/ports"), 500, "error")
    assert "division" not in said.detail + said.hint


async def test_every_answer_carries_the_headers_and_none_of_cors(client: httpx.AsyncClient):
    for path, headers in (
        ("/api/ports", BEARER),
        ("/nowhere", BEARER),
        ("/openapi.json", {}),
        ("/api/ports", {"Authorization": "Bearer x"}),
        ("/api/ports", {"Host": "evil.example"}),
        ("/api/ports", {"Origin": "http://evil.example"}),
    ):
        found = (await client.get(path, headers=headers)).headers
        assert found["x-content-type-options"] == "nosniff"
        assert found["cache-control"] == "no-store"
        assert "default-src 'none'" in found["content-security-policy"]
        assert not [name for name in found if name.startswith("access-control-")]


async def test_a_log_line_is_harmless_and_has_no_query(client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture):
    caplog.set_level("INFO", "portdash.api")
    await client.get("/x%1b]52;c;aGk=%07%0a?token=secret")
    (line,) = [each.getMessage() for each in caplog.records if each.name == "portdash.api"]
    assert line.startswith("GET /x\\x1b]52;c;aGk=\\x07\\x0a 404 ")
    assert "secret" not in line


def test_the_shapes_are_those_of_the_plan_as_well(deps: Deps):
    plan = plan_resolve(deps, deps.observer.snapshot())
    assert msgspec.convert(plan_json(plan), shapes.Plan).steps == []
