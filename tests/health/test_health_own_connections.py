"""A connection that is kept to ask a server how it is: no client of that server."""

import asyncio

import pytest
from health_servers import answering, response

from portdash.health.endpoint import Endpoint
from portdash.health.http_client import KeptOpen, fetch
from portdash.machine.connections import count_connections
from portdash.machine.own_connections import own_connections
from portdash.machine.sockets_system import full_sockets
from portdash.model.ports import IpProtocol

LONG = 20.0
"""Seconds that no answer of these servers takes."""
pytestmark = pytest.mark.needs_linux


def connections(endpoint: Endpoint) -> int | None:
    """Count as a first look does."""
    return next(each.connections for each in full_sockets().sockets() if (each.address, each.port) == endpoint)


async def test_who_asks_is_no_client_and_others_are():
    async with answering(response(), closing=False) as server:
        first, second = KeptOpen(server.endpoint), KeptOpen(server.endpoint)
        await first.fetch(timeout=LONG)
        await second.fetch(timeout=LONG)
        assert (first.is_open, second.is_open) == (True, True)
        assert own_connections(*server.endpoint) == 2
        assert connections(server.endpoint) == 0
        _reader, writer = await asyncio.open_connection(*server.endpoint)
        assert connections(server.endpoint) == 1
        first.close()
        assert own_connections(*server.endpoint) == 1
        writer.close()
        second.close()
    assert own_connections(*server.endpoint) == 0


async def test_what_is_closed_by_the_server_or_never_kept_is_forgotten():
    async with answering(response(), closing=False) as server:
        await fetch(server.endpoint, timeout=LONG)
        kept = KeptOpen(server.endpoint)
        await kept.fetch(timeout=LONG)
        assert own_connections(*server.endpoint) == 1
    async with asyncio.timeout(LONG):
        while kept.is_open:  # noqa: ASYNC110  what is waited for has no event
            await asyncio.sleep(0)
    assert own_connections(*server.endpoint) == 0


def test_what_is_closed_between_two_looks_never_makes_less_than_none():
    slot = (IpProtocol.TCP, "127.0.0.1", 1)
    assert count_connections(slot, {slot}, {}) == 0
