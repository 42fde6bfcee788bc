"""The asynchronous driver: an httpx transport that sends each request to an instance of a service that answers."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterable
from functools import partial
from typing import Unpack

import anyio
import httpx

from portdash.discovery.apart import for_now, to_the_end
from portdash.discovery.balancer import LoadBalancer
from portdash.discovery.bodies import AsyncBody
from portdash.discovery.options import Options, settings_for
from portdash.discovery.policy import Accept, GiveUp, Try, Wait
from portdash.discovery.trip import EXTENSION, Route, Trip
from portdash.discovery.wire import AsyncCarried, AsyncWire
from portdash.errors import PortdashError
from portdash.manager.given import has, no_use


class AsyncFailoverTransport(httpx.AsyncBaseTransport):
    """`httpx.AsyncClient(transport=AsyncFailoverTransport("api"))`: as `FailoverTransport`, for asyncio and trio.

    `transport` is what requests are sent over, with watched connections unless said.
    """

    def __init__(
        self,
        service: str | LoadBalancer,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        **options: Unpack[Options],
    ) -> None:
        if transport is not None and not has(transport, "handle_async_request", "aclose"):
            no_use("transport", transport, "an httpx.AsyncBaseTransport", hint="transport=httpx.AsyncHTTPTransport()")
        self.settings = settings_for(service, options)
        self.last: Route | None = None
        """Which way the last answer came."""
        self._carried = None if transport is None else AsyncCarried(transport)
        self._wires: dict[tuple[int, asyncio.AbstractEventLoop | None], AsyncWire] = {}
        """By process and loop: connections belong to both."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer of the first instance that has one. Raises httpx.TransportError, AllInstancesFailed."""
        trip = Trip(self.settings, request)
        answers: dict[int, httpx.Response] = {}
        try:
            while True:
                step = trip.next()
                if isinstance(step, Try):
                    if answer := await self._attempt(trip, step):
                        answers[len(trip.attempts) - 1] = answer
                elif isinstance(step, Accept):
                    self.last = answers[step.attempt].extensions[EXTENSION] = trip.route(step.attempt)
                    return answers.pop(step.attempt)
                elif isinstance(step, GiveUp):
                    raise trip.failure(step)
                elif isinstance(step, Wait):
                    await anyio.sleep(step.seconds)
                else:
                    await self._look(trip)
        finally:
            for answer in answers.values():
                await answer.aclose()

    async def _attempt(self, trip: Trip, step: Try) -> httpx.Response | None:
        answer = None
        with trip.sending(step) as request:
            answer = await (self._carried or self._own_wire()).send(request)
        if answer is None:
            return None
        trip.answered(step.instance, answer)
        if not answer.is_closed:
            assert isinstance(answer.stream, AsyncIterable)
            answer.stream = AsyncBody(answer.stream, partial(trip.ended, step.instance))
        return answer

    def _own_wire(self) -> AsyncWire:
        """Return that of this process and loop. Of a closed loop nothing can be used, or closed, any more."""
        here = os.getpid(), _running_loop()
        if here not in self._wires:
            for pid, loop in tuple(self._wires):
                if pid == here[0] and loop is not None and loop.is_closed():  # a parent's are kept as they are
                    self._wires.pop((pid, loop), None)
        return self._wires.get(here) or self._wires.setdefault(here, AsyncWire())

    async def _look(self, trip: Trip) -> None:
        try:
            trip.refreshed(len(await for_now(self.settings.balancer.source.refresh)))
        except PortdashError as error:
            trip.refreshed(0, error)

    async def aclose(self) -> None:
        """Close the connections of this loop, and let go of the source; those of another loop end with that."""
        own = self._wires.pop((os.getpid(), _running_loop()), None)
        if wire := self._carried or own:
            await wire.aclose()
        await to_the_end(self.settings.balancer.source.close)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the loop of asyncio that runs here; None under trio."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
