"""The asynchronous driver: an httpx transport that sends each request to an instance of a service that answers."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable
from functools import partial
from typing import Unpack

import httpx

from portdash.discovery.apart import for_now, to_the_end
from portdash.discovery.balancer import LoadBalancer
from portdash.discovery.bodies import AsyncBody
from portdash.discovery.options import Options, settings_for
from portdash.discovery.policy import Accept, GiveUp, Try
from portdash.discovery.trip import EXTENSION, Route, Trip
from portdash.discovery.wire import AsyncCarried, AsyncWire
from portdash.errors import PortdashError


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
        self.settings = settings_for(service, options)
        self.last: Route | None = None
        """Which way the last answer came."""
        self._is_own = transport is None
        self._wire: AsyncWire | AsyncCarried = AsyncWire() if transport is None else AsyncCarried(transport)
        self._pid = os.getpid()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer of the first instance that has one. Raises httpx.TransportError, AllInstancesFailed."""
        if self._is_own and self._pid != os.getpid():  # a forked child must not use its parent's connections
            self._inherited, self._wire, self._pid = self._wire, AsyncWire(), os.getpid()
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
                else:
                    await self._look(trip)
        finally:
            for answer in answers.values():
                await answer.aclose()

    async def _attempt(self, trip: Trip, step: Try) -> httpx.Response | None:
        answer = None
        with trip.sending(step) as request:
            answer = await self._wire.send(request)
        if answer is None:
            return None
        trip.answered(step.instance, answer)
        if not answer.is_closed:
            assert isinstance(answer.stream, AsyncIterable)
            answer.stream = AsyncBody(answer.stream, partial(trip.ended, step.instance))
        return answer

    async def _look(self, trip: Trip) -> None:
        try:
            trip.refreshed(len(await for_now(self.settings.balancer.source.refresh)))
        except PortdashError as error:
            trip.refreshed(0, error)

    async def aclose(self) -> None:
        """Close the connections, and let go of the source."""
        await self._wire.aclose()
        await to_the_end(self.settings.balancer.source.close)
