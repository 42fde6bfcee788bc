"""Figures of a service: looking for its instances a number of times, and asking each of them every time."""

from __future__ import annotations

import time
from collections import defaultdict
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

from portdash.discovery.finding import cluster_of, seek_everywhere
from portdash.discovery.instance import Instance, ranked
from portdash.discovery.listed import ask_urls
from portdash.discovery.metrics import percentile
from portdash.manager.endpoints import fixed_url
from portdash.model.names import base_name
from portdash.record import record

if TYPE_CHECKING:
    from portdash.manager.deps import Deps
    from portdash.model.ports import PortRange


@record(kw_only=True)
class Spread:
    """How some times are spread, in milliseconds."""

    avg: float
    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, times: list[float]) -> Spread:
        """Return the spread of some times, at least one."""
        ordered = sorted(times)
        p50, p95, p99 = (percentile(ordered, share) or 0.0 for share in (0.50, 0.95, 0.99))
        return cls(avg=sum(ordered) / len(ordered), p50=p50, p95=p95, p99=p99)


@record(kw_only=True)
class Measured:
    """One instance."""

    instance: Instance
    """As it was seen last."""
    well: int
    """Looks at which it did well."""
    latency: Spread | None
    """Of its answers; None where it is asked nothing, or never answered."""


@record(kw_only=True)
class ServiceFigures:
    """All instances of one service."""

    name: str
    looks: int
    discovery: Spread
    """Of the looks, each with the answers of all instances."""
    instances: tuple[Measured, ...]
    """The best first; those too that were not seen at every look."""

    @property
    def availability(self) -> float:
        """Share of the looks, of all instances together, at which one did well."""
        return sum(each.well for each in self.instances) / (self.looks * max(1, len(self.instances)))


def measure(deps: Deps, name: str, *, looks: int, ports: PortRange | None = None) -> ServiceFigures:
    """Look so many times, at least once, one after the other. Raises InvalidName, StoreError.

    Of a service whose URL is fixed, that is asked. Otherwise it is looked for where `discover` looks, other machines
    among it: an instance that one of them announces does as it announces, and nobody here knows how soon it answers.
    """
    url = fixed_url(deps, name)
    times: list[float] = []
    last: dict[str, Instance] = {}
    well: dict[str, int] = defaultdict(int)
    latencies: dict[str, list[float]] = defaultdict(list)
    with ExitStack() as stack:
        cluster = None if url else cluster_of(deps, name)
        if cluster is not None:
            stack.enter_context(closing(cluster))
        for _ in range(looks):
            start = time.perf_counter()
            if url:
                found = ask_urls(name.rpartition("/")[2], (url,), deps.config)
            else:
                found = seek_everywhere(deps, name, cluster, ports=ports, every=True).instances
            times.append((time.perf_counter() - start) * 1000)
            last |= {each.url: each for each in found}
            for each in found:
                well[each.url] += each.is_well
                if each.health.latency_ms is not None:
                    latencies[each.url].append(each.health.latency_ms)
    return ServiceFigures(
        name=name,
        looks=looks,
        discovery=Spread.of(times),
        instances=tuple(
            Measured(instance=each, well=well[each.url], latency=_spread(latencies[each.url]))
            for each in ranked(last.values())
        ),
    )


def _spread(times: list[float]) -> Spread | None:
    return Spread.of(times) if times else None


def services_here(deps: Deps) -> tuple[str, ...]:
    """Return the services of this workspace, here and on other machines, further instances not counted, by name."""
    snapshot = deps.observer.snapshot()
    views = (view for view in (*snapshot.remote, *snapshot.services) if view.key.workspace == snapshot.workspace)
    names = {base_name(view.key.service): base_name(view.name) for view in views}
    return tuple(sorted(names.values(), key=str.casefold))
