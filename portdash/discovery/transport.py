"""The synchronous driver: an httpx transport that sends each request to an instance of a service that answers."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from functools import partial
from typing import Unpack

import httpx

from portdash.discovery.balancer import LoadBalancer
from portdash.discovery.bodies import Body
from portdash.discovery.options import Options, settings_for
from portdash.discovery.policy import Accept, GiveUp, Try, Wait
from portdash.discovery.trip import EXTENSION, Route, Trip
from portdash.discovery.wire import Carried, Wire
from portdash.errors import PortdashError
from portdash.manager.given import has, no_use


class FailoverTransport(httpx.BaseTransport):
    """`httpx.Client(transport=FailoverTransport("api"))`: host and port of a URL are those of an instance of `api`.

    `service` is its name, or a LoadBalancer of its instances; `transport` is what requests are sent over, with watched
    connections unless said; the rest is in `Options`. An answer tells its way in `response.extensions["portdash"]`.
    """

    def __init__(
        self, service: str | LoadBalancer, *, transport: httpx.BaseTransport | None = None, **options: Unpack[Options]
    ) -> None:
        if transport is not None and not has(transport, "handle_request", "close"):
            no_use("transport", transport, "an httpx.BaseTransport", hint="transport=httpx.HTTPTransport()")
        self.settings = settings_for(service, options)
        self.last: Route | None = None
        """Which way the last answer came."""
        self._is_own = transport is None
        self._wire: Wire | Carried = Wire() if transport is None else Carried(transport)
        self._pid = os.getpid()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer of the first instance that has one. Raises httpx.TransportError, AllInstancesFailed."""
        if self._is_own and self._pid != os.getpid():  # a forked child must not use its parent's connections
            self._inherited, self._wire, self._pid = self._wire, Wire(), os.getpid()
        trip = Trip(self.settings, request)
        answers: dict[int, httpx.Response] = {}
        try:
            while True:
                step = trip.next()
                if isinstance(step, Try):
                    if answer := self._attempt(trip, step):
                        answers[len(trip.attempts) - 1] = answer
                elif isinstance(step, Accept):
                    self.last = answers[step.attempt].extensions[EXTENSION] = trip.route(step.attempt)
                    return answers.pop(step.attempt)
                elif isinstance(step, GiveUp):
                    raise trip.failure(step)
                elif isinstance(step, Wait):
                    time.sleep(step.seconds)
                else:
                    self._look(trip)
        finally:
            for answer in answers.values():
                answer.close()

    def _attempt(self, trip: Trip, step: Try) -> httpx.Response | None:
        answer = None
        with trip.sending(step) as request:
            answer = self._wire.send(request)
        if answer is None:
            return None
        trip.answered(step.instance, answer)
        if not answer.is_closed:
            assert isinstance(answer.stream, Iterable)
            answer.stream = Body(answer.stream, partial(trip.ended, step.instance))
        return answer

    def _look(self, trip: Trip) -> None:
        try:
            trip.refreshed(len(self.settings.balancer.source.refresh()))
        except PortdashError as error:
            trip.refreshed(0, error)

    def close(self) -> None:
        """Close the connections, and let go of the source."""
        self._wire.close()
        self.settings.balancer.source.close()
