"""Services whose URL is fixed: where they are asked, and what."""

import asyncio

import pytest
from health_servers import answering, response, serving

from portdash.config.sections import HealthConfig
from portdash.config.services import HealthCheck, ServiceConfig
from portdash.health.fixed import check_fixed
from portdash.model.assignment import ServiceSpec
from portdash.model.health import Health, HealthLevel, HealthState

PATIENT = HealthConfig(timeout=20.0, initial_delay=0.001)


async def verdict(url: str, check: HealthCheck | None = None, defaults: HealthConfig = PATIENT) -> Health:
    health, _ = await check_fixed(url, ServiceConfig(spec=ServiceSpec(name="x"), health=check), defaults)
    return health


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "api.localhost"])
async def test_any_answer_will_do_where_no_check_is_declared(host: str):
    async with answering(response("404 Not Found")) as server:
        health = await verdict(f"http://{host}:{server.endpoint.port}/base?key=1")
    assert (health.state, health.level) == (HealthState.HEALTHY, HealthLevel.HTTP)
    (request,) = server.requests
    assert request.startswith(b"GET /base?key=1 HTTP/1.1\r\nHost: localhost:")


async def test_a_declared_path_is_below_that_of_the_url():
    async with answering(response("503 Busy")) as server:
        health = await verdict(f"http://127.0.0.1:{server.endpoint.port}/api/", HealthCheck(http_get="/health"))
    assert health.state is HealthState.UNHEALTHY
    assert server.requests[0].startswith(b"GET /api/health ")


@pytest.mark.parametrize(
    ("place", "headers", "expected"),
    [
        ("me:p%40ss@127.0.0.1", {}, b"Authorization: Basic bWU6cEBzcw==\r\n"),
        ("me:p%40ss@127.0.0.1", {"authorization": "Bearer x"}, b"authorization: Bearer x\r\n"),
        ("127.0.0.1", {}, None),
    ],
)
async def test_user_and_password_of_the_url_are_sent(place: str, headers: dict[str, str], expected: bytes | None):
    async with answering(response()) as server:
        await verdict(f"http://{place}:{server.endpoint.port}", HealthCheck(http_get="/", headers=headers))
    (request,) = server.requests
    assert request.lower().count(b"authorization") == (1 if expected else 0)
    assert (expected or b"") in request


async def test_a_server_of_ipv6_alone_is_reached_by_localhost():
    async with answering(response(), address="::1") as server:
        assert (await verdict(f"http://localhost:{server.endpoint.port}/")).state is HealthState.HEALTHY


async def test_who_never_answers_costs_its_time_alone():
    async def mute(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(mute) as server:
        url = f"http://127.0.0.1:{server.endpoint.port}"
        health = await verdict(url, defaults=HealthConfig(timeout=0.1, initial_delay=0.001))
    assert health.state is HealthState.UNHEALTHY
    assert "no answer within 0.1 s" in health.detail


@pytest.mark.parametrize(
    ("url", "state", "said"),
    [
        ("mysql://127.0.0.1/shop", HealthState.UNKNOWN, "not connected to"),
        ("http://127.0.0.1:3306/", HealthState.UNKNOWN, "not connected to"),
        ("gopher://127.0.0.1/", HealthState.UNKNOWN, "names no port"),
        ("http://no-such-host.invalid/", HealthState.UNHEALTHY, ""),
    ],
)
async def test_what_is_not_connected_to(url: str, state: HealthState, said: str):
    health = await verdict(url)
    assert (health.state, health.latency_ms) == (state, None)
    assert said in health.detail
