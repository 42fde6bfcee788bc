"""Asking many at once: real servers of loopback, good, mute and hostile."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from functools import partial

import pytest
from health_servers import answering, response, serving

from portdash.config.sections import HealthConfig
from portdash.config.services import HealthCheck, ServiceConfig
from portdash.discovery.asking import Wanted, ask_all, ask_loose
from portdash.discovery.candidates import Candidate
from portdash.discovery.instance import Nearness
from portdash.model.assignment import ServiceSpec
from portdash.model.health import Health, HealthState
from portdash.model.listener import Listener
from portdash.model.ports import IpProtocol

GOOD = Health(state=HealthState.HEALTHY)
ILL = Health(state=HealthState.UNHEALTHY)
PATIENT, HASTY = HealthConfig(timeout=20.0), HealthConfig(timeout=0.2)
PATIENCE = 60.0


def candidate(port: int, framework: str | None = None) -> Candidate:
    listener = Listener(protocol=IpProtocol.TCP, address="127.0.0.1", port=port, framework=framework)
    return Candidate("web", listener, Nearness.LOOSE, None, is_ours=False)


def wanted(name: str = "web", check: HealthCheck | None = None, type_: str | None = None) -> Wanted:
    spec = ServiceSpec(name=name, type=type_)
    return Wanted.of(name, ServiceConfig(spec=spec, health=check), spec)


async def ask(port: int, what: Wanted, defaults: HealthConfig = PATIENT) -> Health | None:
    return await ask_loose(candidate(port), what, now=0.0, defaults=defaults)


async def said(health: Health | None) -> Health | None:
    return health


async def never() -> Health | None:
    await asyncio.Event().wait()
    return None


async def test_all_answers_are_kept():
    questions = {1: lambda: said(GOOD), 2: lambda: said(None), 3: lambda: said(ILL)}
    assert await ask_all(questions, timeout=PATIENCE) == {1: GOOD, 2: None, 3: ILL}
    assert await ask_all({}, timeout=PATIENCE) == {}


async def test_who_is_mute_is_missing_when_the_time_is_over():
    assert await ask_all({1: lambda: said(GOOD), 2: never}, timeout=0.05) == {1: GOOD}


async def test_a_good_one_is_enough_where_one_is():
    questions = dict.fromkeys(range(20), never) | {99: lambda: said(GOOD)}
    async with asyncio.timeout(PATIENCE):
        assert await ask_all(questions, timeout=10 * PATIENCE, one_is_enough=True) == {99: GOOD}


async def test_a_bad_one_is_not_enough():
    release = asyncio.Event()

    async def later() -> Health | None:
        await release.wait()
        return GOOD

    async def bad() -> Health | None:
        release.set()
        return ILL

    assert await ask_all({1: bad, 2: later}, timeout=PATIENCE, one_is_enough=True) == {1: ILL, 2: GOOD}


async def test_a_fault_of_ours_is_not_hidden():
    def faulty() -> Coroutine[object, object, Health | None]:
        async def fail() -> Health | None:
            raise ZeroDivisionError

        return fail()

    with pytest.raises(ZeroDivisionError):
        await ask_all({1: faulty, 2: never}, timeout=0.05)


async def test_an_answer_in_http_makes_an_instance():
    async with answering(response("404 Not Found")) as server:
        health = await ask(server.endpoint.port, wanted())
    assert health is not None
    assert health.state is HealthState.HEALTHY


async def test_a_declared_check_decides():
    check = HealthCheck(http_get="/health", contains="Manito")
    async with answering(response(body=b"Manito")) as good, answering(response(body=b"other")) as other:
        assert await ask(good.endpoint.port, wanted(check=check)) is not None
        assert await ask(other.endpoint.port, wanted(check=check)) is None


async def test_a_page_for_every_path_passes_no_check():
    page = response("200 OK", b"<html>", "Content-Type: text/html")
    async with answering(page) as server:
        assert await ask(server.endpoint.port, wanted(check=HealthCheck(http_get="/health"))) is None


async def test_a_check_that_sends_nothing_proves_nothing():
    check = wanted(check=HealthCheck(tcp=True))
    async with answering(response()) as server:
        assert await ask(server.endpoint.port, check) is not None
        server_only = wanted(check=HealthCheck(interval=1.0))
        assert await ask(server.endpoint.port, server_only) is None


async def test_a_web_server_is_no_redis():
    async with answering(response()) as server:
        assert await ask(server.endpoint.port, wanted("redis")) is None
        assert await ask(server.endpoint.port, wanted("main", type_="cache")) is None


@pytest.mark.parametrize("framework", ["mysql", "mariadb", "redis", "postgres"])
async def test_what_is_known_to_be_a_database_gets_no_packet_for_a_web_service(framework: str):
    async with answering(response()) as server:
        found = await ask_loose(candidate(server.endpoint.port, framework), wanted(), now=0.0, defaults=PATIENT)
    assert found is None
    assert server.connections == 0


async def test_mysql_is_not_even_asked_by_a_declared_check():
    check = wanted(check=HealthCheck(http_get="/"))
    async with answering(response()) as server:
        assert await ask_loose(candidate(server.endpoint.port, "mysql"), check, now=0.0, defaults=PATIENT) is None
    assert server.connections == 0


async def mute(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x00\xff\x1b]0;owned\x07" * 100)
    await writer.drain()
    await reader.read()


async def endless(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: and more\r\n" * 100)
        await writer.drain()


@pytest.mark.parametrize("name", ["web", "redis", "vite"])
async def test_hostile_servers_are_no_instances_and_delay_nobody(name: str):
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(serving(each)) for each in (mute, garbage, endless) * 4]
        questions = {each.endpoint.port: partial(ask, each.endpoint.port, wanted(name), HASTY) for each in servers}
        async with asyncio.timeout(PATIENCE):
            found = await ask_all(questions, timeout=PATIENCE)
    assert set(found.values()) == {None}


async def test_twenty_mute_ones_do_not_delay_the_good():
    async with AsyncExitStack() as stack:
        silent = [await stack.enter_async_context(serving(mute)) for _ in range(20)]
        good = [await stack.enter_async_context(answering(response())) for _ in range(20)]
        questions = {each.endpoint.port: partial(ask, each.endpoint.port, wanted()) for each in (*silent, *good)}
        async with asyncio.timeout(PATIENCE):
            found = await ask_all(questions, timeout=10 * PATIENCE, one_is_enough=True)
    assert {each.endpoint.port for each in silent}.isdisjoint(found)
    assert any(health is not None for health in found.values())
