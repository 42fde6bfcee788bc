"""`Client` and `AsyncClient`: httpx clients of one service. Who uses httpx changes one line."""

from __future__ import annotations

import asyncio
import os
import re
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import httpx

from portdash.discovery.apart import for_now, to_the_end
from portdash.discovery.async_transport import AsyncFailoverTransport
from portdash.discovery.balancer import LoadBalancer
from portdash.discovery.breaker import Circuit
from portdash.discovery.finding import nothing
from portdash.discovery.httpx_options import check_httpx
from portdash.discovery.instance import Instance
from portdash.discovery.metrics import Recorder
from portdash.discovery.monitoring import C, Callback, HealthWatch
from portdash.discovery.mounting import SCHEME
from portdash.discovery.options import OPTIONS, Options
from portdash.discovery.sources import environment_from
from portdash.discovery.standing import Standing
from portdash.discovery.transport import FailoverTransport
from portdash.discovery.trip import Settings
from portdash.errors import UsageError
from portdash.manager.given import check_callback
from portdash.text import clean

_HOST = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")


class _OfService:
    """What both clients know of their service without looking."""

    _failover: FailoverTransport | AsyncFailoverTransport
    _watch: HealthWatch | None
    _callbacks: list[Callback]

    if TYPE_CHECKING:  # what both take; what is httpx's goes on to httpx

        def __init__(self, service: str | LoadBalancer | None = None, **options: Any) -> None: ...  # noqa: ANN401

    @classmethod
    def from_env(cls, service: str, **options: Any) -> Self:  # noqa: ANN401
        """Return a client for the environment that PORTDASH_ENV says, else ENV. Raises UnknownEnvironment."""
        return cls(service, environment=environment_from(os.environ), **options)

    @property
    def service(self) -> str:
        """Its name."""
        return self._settings.service

    @property
    def balancer(self) -> LoadBalancer:
        """Who picks the instances; other clients may share it."""
        return self._settings.balancer

    @property
    def metrics(self) -> Recorder:
        """Who is told the figures: `Metrics` of this client's own, unless it was given others."""
        return self._settings.recorder

    @property
    def active_port(self) -> int | None:
        """The port of the server that gave the last answer; None before the first."""
        return self._failover.last.port if self._failover.last else None

    @property
    def healthy(self) -> bool:
        """Whether one of the instances that are known may be asked; False before the first request or look."""
        return any(
            each.circuit is not Circuit.OPEN and not self.balancer.seems_stopped(each.instance)
            for each in self.balancer.standings()
        )

    def monitor(
        self, interval: float | str | None = None, *, loop: asyncio.AbstractEventLoop | None = None
    ) -> HealthWatch:
        """Look every `interval` seconds, 30 unless said, and at once when a process ends, until the client is closed.

        Callbacks of `on_health_change` are called in a thread of its own, or in `loop`. Where it looks already, what is
        said counts from now on. Raises UsageError.
        """
        if self._watch is None:
            self._watch = HealthWatch(self.balancer.source, logger=self._settings.log)
            for callback in self._callbacks:
                self._watch.on_health_change(callback)
        self._watch.start(loop, interval=interval)
        return self._watch

    def on_health_change(self, callback: C) -> C:
        """Call `callback(port, healthy)` for what `monitor` sees; also a decorator."""
        check_callback(callback)
        self._callbacks.append(callback)
        if self._watch is not None:
            self._watch.on_health_change(callback)
        return callback

    def _prepare(self) -> None:
        self._watch, self._callbacks = None, []

    def _unwatch(self) -> None:
        if self._watch is not None:
            self._watch.stop()

    def standings(self) -> tuple[Standing, ...]:
        """Return how each instance that is known stands: breaker, latency, requests in flight."""
        return self.balancer.standings()

    @property
    def _settings(self) -> Settings:
        return self._failover.settings

    def _look(self) -> tuple[Instance, ...]:
        found = self.balancer.source.refresh()
        self._settings.recorder.found(len(found))
        return found

    def _discover(self) -> Instance:
        if not self._look():
            raise nothing(self.service, getattr(self.balancer.source, "reasons", ()))
        instance = self.balancer.pick()
        self._settings.log.info("Connected to %s on %s", clean(self.service), instance.where)
        return instance


class Client(_OfService, httpx.Client):
    """An `httpx.Client` whose relative URLs lead to a service: `Client("api").get("/users")`.

    `service` is a name, or a LoadBalancer; it may be left out beside `url`, `cluster` or `source`. How instances are
    found and requests are sent is said by `Options`, and everything that httpx.Client takes may be said as well;
    `transport` is what the requests to the service are sent over. Absolute URLs go where they say, as ever. Nobody is
    asked before the first request. Raises UsageError, ConfigError and InvalidName, and in requests AllInstancesFailed.
    """

    def __init__(
        self,
        service: str | LoadBalancer | None = None,
        *,
        transport: httpx.BaseTransport | None = None,
        **options: Any,  # noqa: ANN401  ours, and httpx's
    ) -> None:
        ours, theirs = _parted(options)
        self._failover = FailoverTransport(_named(service, ours), transport=transport, **ours)
        self._prepare()
        super().__init__(**_with_mount(theirs, self._failover))

    def close(self) -> None:
        """Close the connections, end the monitor, and let go of the source."""
        self._unwatch()
        super().close()

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self._unwatch()
        super().__exit__(exc_type, exc_value, traceback)

    def discover(self) -> Instance:
        """Look for instances, and return the one that is next. Raises NoInstances and StoreError."""
        return self._discover()

    def instances(self) -> tuple[Instance, ...]:
        """Look for instances, and return them, the best first. Raises StoreError."""
        return self._look()

    @property
    def port(self) -> int | None:
        """The port of the instance that is next; looks for one if none is known. Raises NoInstances and StoreError."""
        return (self.balancer.pick() if self.balancer.source.current() else self.discover()).port


class AsyncClient(_OfService, httpx.AsyncClient):
    """The same as an `httpx.AsyncClient`; `discover` and `instances` are awaited."""

    def __init__(
        self,
        service: str | LoadBalancer | None = None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        **options: Any,  # noqa: ANN401  ours, and httpx's
    ) -> None:
        ours, theirs = _parted(options)
        self._failover = AsyncFailoverTransport(_named(service, ours), transport=transport, **ours)
        self._prepare()
        super().__init__(**_with_mount(theirs, self._failover))

    async def aclose(self) -> None:
        """Close the connections, end the monitor, and let go of the source."""
        await to_the_end(self._unwatch)
        await super().aclose()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await to_the_end(self._unwatch)
        await super().__aexit__(exc_type, exc_value, traceback)

    async def discover(self) -> Instance:
        """Look for instances, and return the one that is next. Raises NoInstances and StoreError."""
        return await for_now(self._discover)

    async def instances(self) -> tuple[Instance, ...]:
        """Look for instances, and return them, the best first. Raises StoreError."""
        return await for_now(self._look)

    @property
    def port(self) -> int | None:
        """The port of the instance that is next; None as long as none is known: `discover` looks for one."""
        return self.balancer.pick().port if self.balancer.source.current() else None


def _parted(options: dict[str, Any]) -> tuple[Options, dict[str, Any]]:
    """Return our options, and httpx's."""
    ours: Any = {name: value for name, value in options.items() if name in OPTIONS}
    theirs = {name: value for name, value in options.items() if name not in OPTIONS}
    check_httpx(theirs, {*OPTIONS, *(httpx.Client.__init__.__kwdefaults__ or {})})
    return ours, theirs


def _named(service: str | LoadBalancer | None, options: Options) -> str | LoadBalancer:
    if service is None and not any(options.get(name) for name in ("url", "cluster", "source")):
        raise UsageError("a client needs the name of a service", hint='Client("api"), or Client(url="http://...")')
    return "service" if service is None else service


def _with_mount(theirs: dict[str, Any], failover: FailoverTransport | AsyncFailoverTransport) -> dict[str, Any]:
    """Return httpx's options with the service mounted, as what relative URLs are relative to."""
    name = failover.settings.service.rpartition("/")[2]
    host = name if _HOST.fullmatch(name) else "service"
    base = httpx.URL(theirs.get("base_url", "/"))
    if base.is_relative_url:
        base = httpx.URL(f"{SCHEME}{host}").copy_with(raw_path=base.raw_path)
    return {**theirs, "base_url": base, "mounts": {**(theirs.get("mounts") or {}), SCHEME: failover}}
