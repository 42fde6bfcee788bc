"""What clients do, as Prometheus scrapes it: a collector for a registry of prometheus_client (the extra `api`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from portdash.discovery.metrics import BUCKETS, Metrics
from portdash.errors import UsageError
from portdash.forks import ForkLock

if TYPE_CHECKING:
    from prometheus_client.core import Metric

    from portdash.discovery.metrics import Figures


class PrometheusMetrics:
    """Implements `Part`: `REGISTRY.register(metrics)` once, and hand it to the clients of any services.

    The figures are read when they are scraped. Raises UsageError where prometheus_client is not installed.
    """

    def __init__(self) -> None:
        try:
            import prometheus_client  # noqa: F401, PLC0415  an extra, and 50 ms
        except ModuleNotFoundError as error:
            raise UsageError(
                "there is no prometheus_client to collect for", hint="pip install 'portdash[api]' brings it"
            ) from error
        self._lock = ForkLock()
        self._parts: dict[str, Metrics] = {}

    def of(self, service: str) -> Metrics:
        """Return the figures of one service, the same at each call."""
        with self._lock:
            return self._parts.setdefault(service, Metrics())

    def describe(self) -> tuple[()]:
        """Return nothing: which families there are is known without a look at the figures."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield every family, with a sample for each service."""
        with self._lock:
            figures = {service: part.figures() for service, part in sorted(self._parts.items())}
        yield _instances(figures)
        yield _failovers(figures)
        yield _requests(figures)
        yield _durations(figures)
        yield _looks(figures)


def _instances(figures: dict[str, Figures]) -> Metric:
    from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415  see above

    family = GaugeMetricFamily("portdash_instances", "Instances that the last look found.", labels=["service"])
    for service, each in figures.items():
        family.add_metric([service], each.instances_found)
    return family


def _failovers(figures: dict[str, Figures]) -> Metric:
    from prometheus_client.core import CounterMetricFamily  # noqa: PLC0415

    text = "Times that a request went on to another instance."
    family = CounterMetricFamily("portdash_failovers", text, labels=["service"])
    for service, each in figures.items():
        family.add_metric([service], each.failover_count)
    return family


def _requests(figures: dict[str, Figures]) -> Metric:
    from prometheus_client.core import CounterMetricFamily  # noqa: PLC0415

    text = "Attempts at an instance, by how they ended."
    family = CounterMetricFamily("portdash_requests", text, labels=["service", "port", "outcome"])
    for service, each in figures.items():
        for port, ok, count in each.outcomes:
            family.add_metric([service, str(port or ""), "ok" if ok else "failed"], count)
    return family


def _durations(figures: dict[str, Figures]) -> Metric:
    from prometheus_client.core import HistogramMetricFamily  # noqa: PLC0415

    text = "Seconds that attempts took which went well."
    family = HistogramMetricFamily("portdash_request_duration_seconds", text, labels=["service"])
    for service, each in figures.items():
        buckets, total = [], 0
        for bound, count in zip((*map(str, BUCKETS), "+Inf"), each.buckets, strict=True):
            total += count
            buckets.append((bound, float(total)))
        family.add_metric([service], buckets, each.total_seconds)
    return family


def _looks(figures: dict[str, Figures]) -> Metric:
    from prometheus_client.core import CounterMetricFamily  # noqa: PLC0415

    text = "Looks for instances, by whether there were any."
    family = CounterMetricFamily("portdash_discovery", text, labels=["service", "result"])
    for service, each in figures.items():
        family.add_metric([service, "found"], each.looks - each.misses)
        family.add_metric([service, "none"], each.misses)
    return family
