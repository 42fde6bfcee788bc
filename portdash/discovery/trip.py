"""One request on its way through the instances: what both drivers do alike. Sends nothing itself."""

from __future__ import annotations

import logging
import time
from types import TracebackType
from typing import TYPE_CHECKING

import httpcore
import httpx

from portdash.discovery.balancer import LoadBalancer
from portdash.discovery.errands import errand_of
from portdash.discovery.failures import AllInstancesFailed, all_failed, verdict_of
from portdash.discovery.finding import LOG
from portdash.discovery.instance import Instance
from portdash.discovery.place import Place, place_of
from portdash.discovery.policy import (
    UNAVAILABLE,
    Accept,
    Attempt,
    GiveUp,
    Kind,
    Step,
    Try,
    Verdict,
    Wait,
    Why,
    costs,
    next_step,
)
from portdash.discovery.suspicion import PATIENCE, WATCH, Watch
from portdash.errors import PortdashError
from portdash.record import record
from portdash.text import clean

if TYPE_CHECKING:
    from portdash.discovery.failovers import Failovers
    from portdash.discovery.metrics import Recorder

CONNECT_LIMIT = 0.15
"""Seconds for a connection on loopback, where it takes a tenth of a millisecond unless the backlog is full."""
_LOOPBACK = frozenset((b"localhost", b"127.0.0.1", b"::1"))
EXTENSION = "portdash"
"""Under this name an answer carries its `Route`."""


@record(kw_only=True)
class Settings:
    """How requests are sent."""

    service: str
    balancer: LoadBalancer
    recorder: Recorder
    log: logging.Logger = LOG
    failovers: Failovers | None = None
    """Who writes down that they go from one instance to another again and again; None for nobody."""
    retry_unsafe: bool = False
    """Whether POST and PATCH may be repeated after they were sent."""
    patience: float | None = PATIENCE
    """Seconds without an answer until the server is looked at; None for never."""
    max_retries: int = 0
    """How often all instances are tried once more when none was left."""
    retry_backoff: float = 1.0
    """Seconds before that; between two instances nobody waits."""


@record(kw_only=True)
class Route:
    """Which way an answer came."""

    instance: Instance
    attempts: tuple[Attempt, ...]

    @property
    def port(self) -> int | None:
        """The port of the server that answered."""
        return self.instance.port


class Trip:
    """Asks the policy for each step, keeps the attempts, and tells balancer, recorder and log what came of them."""

    def __init__(self, settings: Settings, request: httpx.Request) -> None:
        self._to = settings
        self._request = request
        self._errand = errand_of(request, retry_unsafe=settings.retry_unsafe)
        self._start = time.monotonic()
        self._began = self._start
        self._was_refreshed = False
        self._retries = 0
        self._earlier = 0
        """How many of the attempts are of earlier rounds, in which nobody answered."""
        self._look_failed: PortdashError | None = None
        self._error: httpx.TransportError | None = None
        self.attempts: list[Attempt] = []

    def next(self) -> Step:
        """Return what to do next. What is stopped is passed by, without a packet, while there is another."""
        balancer = self._to.balancer
        if self.attempts and self.attempts[-1].verdict.kind is Kind.ANSWERED:
            return Accept(len(self.attempts) - 1)  # as the policy would say; there is no need to ask around
        while True:
            field = balancer.field(self._errand, was_refreshed=self._was_refreshed)
            step = next_step(self._errand, self.attempts[self._earlier :], field, balancer.pick)
            if not isinstance(step, Try):
                return self._once_more(step)
            if len(self.attempts) > self._earlier:
                self._tell_failover(self.attempts[-1], step.instance)
            elif self.attempts and costs(self.attempts[-1]):  # a further round repeats, and leaves nobody for another
                balancer.spend()
            self._began = time.monotonic()
            if step.is_last or not balancer.seems_stopped(step.instance):
                return step
            balancer.begin(step.instance)
            self._end(step.instance, Verdict(Kind.STOPPED, "its process is stopped"))
            balancer.done(step.instance)

    def _once_more(self, step: Step) -> Step:
        """Return a wait for another round instead of the end, where nobody was left to try and more are wanted."""
        if isinstance(step, Accept):
            return Accept(step.attempt + self._earlier)
        is_over = isinstance(step, GiveUp) and step.why is Why.NONE_LEFT
        if not is_over or self._retries == self._to.max_retries:
            return step
        self._retries += 1
        self._earlier, self._was_refreshed = len(self.attempts), False
        return Wait(self._to.retry_backoff)

    def refreshed(self, found: int, error: PortdashError | None = None) -> None:
        """Take note of a look for instances."""
        self._was_refreshed = True
        self._look_failed = error
        self._to.recorder.found(found)

    def sending(self, step: Try) -> Sending:
        """Return what is entered for the request as this instance is to get it, and left when its answer begins."""
        return Sending(self, step)

    def outgoing(self, step: Try) -> tuple[httpcore.Request, Watch]:
        """Return the request as this instance is to get it, and what watches it; it counts as sent from now on."""
        instance, given = step.instance, self._request
        place = place_of(instance.url)
        target = place.prefix + given.url.raw_path
        request = httpcore.Request(
            given.method,
            httpcore.URL(scheme=place.scheme, host=place.host, port=place.port, target=target),
            headers=place.headers(given.headers.raw),
            content=given.stream,
            extensions={**given.extensions, "timeout": self._timeout(step, place)},
        )
        self._to.balancer.begin(instance)
        return request, Watch(instance.pid, self._to.patience if step.may_suspect else None)

    def failed(self, instance: Instance, error: httpx.TransportError, watch: Watch) -> bool:
        """Take note that no answer came; say whether the error says anything of the instance."""
        verdict = verdict_of(error, watch)
        self._error = error
        self._end(instance, verdict)
        self._to.balancer.done(instance)
        return verdict.kind is not Kind.ABANDONED

    def abandoned(self, instance: Instance) -> None:
        """Take note that the caller let go."""
        self._to.balancer.judge(instance, Verdict(Kind.ABANDONED), 0.0)
        self._to.balancer.done(instance)

    def answered(self, instance: Instance, answer: httpx.Response) -> None:
        """Take note of an answer. Unless it came whole, as a mock's does, it is under way until its body is done."""
        status = answer.status_code
        kind = Kind.UNAVAILABLE if status in UNAVAILABLE else Kind.ANSWERED
        self._end(instance, Verdict(kind, status=status))
        if answer.is_closed:
            self.ended(instance, broke=False)
        if answer.has_redirect_location:
            self._root(instance, answer)

    def ended(self, instance: Instance, broke: bool) -> None:
        """Take note of the end of an answer. One that broke off nobody can repeat, but it counts."""
        if self._to.balancer.done(instance, broke=broke):
            self._to.log.warning("Instance %s is left alone for a while: its answers break off", _name(instance))

    def route(self, number: int) -> Route:
        """Return which way the answer of an attempt came."""
        return Route(instance=self.attempts[number].instance, attempts=tuple(self.attempts))

    def failure(self, step: GiveUp) -> httpx.TransportError:
        """Return what to raise: what httpx said where no other instance may be asked, else all that was tried."""
        if step.why in (Why.NOT_REPEATABLE, Why.NO_TIME) and self._error is not None:
            return self._error
        reasons = getattr(self._to.balancer.source, "reasons", ())
        failure = all_failed(self._to.service, self.attempts, step.why, reasons)
        if self._look_failed is not None:
            text, hint = f"{failure.message}: {self._look_failed.message}", self._look_failed.hint
            failure = AllInstancesFailed(text, hint=hint, attempts=self.attempts)
        failure.__cause__ = self._look_failed or self._error
        failure.request = self._request
        self._to.log.error("All %s instances unavailable: %s", clean(self._to.service), failure.message)
        return failure

    def _root(self, instance: Instance, answer: httpx.Response) -> None:
        """Name the service in a redirect that names no host: what is relative to `port://` nobody can tell."""
        here = self._request.url
        if here.scheme in ("http", "https"):
            return
        try:
            to = httpx.URL(answer.headers["Location"])
            if to.is_relative_url:
                there = httpx.URL(instance.url).copy_with(raw_path=here.raw_path).join(to)
                ours = here.copy_with(raw_path=there.raw_path, fragment=there.fragment or None)
                answer.headers["Location"] = str(there if to.host else ours)
        except httpx.InvalidURL:
            return  # it leads nowhere, and whoever follows it is told so by httpx

    def _end(self, instance: Instance, verdict: Verdict) -> None:
        seconds = time.monotonic() - self._began
        attempt = Attempt(instance, verdict, seconds)
        self.attempts.append(attempt)
        opened = self._to.balancer.judge(instance, verdict, seconds)
        if verdict.kind is Kind.ABANDONED:
            return
        self._to.recorder.attempt(instance, seconds, verdict.kind is Kind.ANSWERED)
        if opened:
            self._to.log.warning("Instance %s is left alone for a while: %s", _name(instance), verdict.kind.value)

    def _tell_failover(self, left: Attempt, taken: Instance) -> None:
        if costs(left):
            self._to.balancer.spend()
        self._to.recorder.failover(left.instance, taken)
        if self._to.failovers is not None:
            self._to.failovers.note(left.instance, taken, left.verdict.kind.value, time.monotonic())
        self._to.log.info(
            "Request goes on from %s to %s: %s",
            _name(left.instance), _name(taken), left.verdict.kind.value,
        )  # fmt: skip

    def _timeout(self, step: Try, place: Place) -> dict[str, float | None]:
        """Return the caller's limits, less the time for an answer that is spent; on loopback a short one to connect."""
        limits: dict[str, float | None] = dict(self._request.extensions.get("timeout", {}))
        read, connect = limits.get("read"), limits.get("connect")
        if read is not None and self.attempts:
            limits["read"] = max(read - (self._began - self._start), 0.001)
        if not step.is_last and place.host in _LOOPBACK:
            limits["connect"] = CONNECT_LIMIT if connect is None else min(connect, CONNECT_LIMIT)
        return limits


class Sending:
    """One attempt on its way. An error that says something of the instance ends here, and there is no answer."""

    __slots__ = ("_step", "_token", "_trip", "_watch")

    def __init__(self, trip: Trip, step: Try) -> None:
        self._trip = trip
        self._step = step

    def __enter__(self) -> httpcore.Request:
        request, self._watch = self._trip.outgoing(self._step)
        self._token = WATCH.set(self._watch)
        return request

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        WATCH.reset(self._token)
        if isinstance(error, httpx.TransportError):
            return self._trip.failed(self._step.instance, error, self._watch)
        if error is not None:
            self._trip.abandoned(self._step.instance)
        return False


def _name(instance: Instance) -> str:
    return instance.where if instance.port is None else str(instance.port)
