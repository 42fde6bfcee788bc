"""The figures of `/metrics`: gauges of one look at everything, and counters of what has come since the first scrape.

Made anew for each, so that nothing is stale and what is gone is gone. No label grows without end: there is no pid.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from threading import Lock
from typing import NamedTuple, TypeVar

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from portdash import __version__
from portdash.errors import StoreError
from portdash.manager.deps import Deps
from portdash.manager.history_tail import HistoryTail
from portdash.manager.troubles import Troubles, kind_of
from portdash.model.assignment import Source
from portdash.model.conflict import ConflictKind
from portdash.model.history import Event, EventKind
from portdash.model.names import base_name
from portdash.model.snapshot import ServiceView, Snapshot, Status
from portdash.planning.utilisation import fill
from portdash.text import clean

L = TypeVar("L", bound=tuple[str, ...])

_SERVED = (Status.RUNNING, Status.CONNECTED)
GONE = "gone"
"""Result of an allocation that was given back before anybody asked how it went."""


class Counts(NamedTuple):
    """What has come so far."""

    allocations: Mapping[str, int]
    """By the source of the port."""
    conflicts: Mapping[str, int]
    """By kind."""
    is_read: bool = True
    """Whether the history could be read up to now."""


class Tally:
    """Counts what is new since the last scrape: from the history, and from one snapshot to the next. For any thread."""

    def __init__(self, deps: Deps) -> None:
        self._tail = HistoryTail(deps.store)
        self._troubles = Troubles(deps.actor)
        self._lock = Lock()
        self._allocations = Counter({source.value: 0 for source in Source})
        self._conflicts = Counter({kind.value: 0 for kind in ConflictKind if not kind.is_notice})

    def count(self, snapshot: Snapshot) -> Counts:
        """Return the counts as of this snapshot; the first call starts them at nothing.

        Of a store that is away the counts stay what they were, and catch up when it is back.
        """
        with self._lock:
            # One that was found to be away a moment ago may hang: it is not waited for a second time.
            read, is_read = self._read() if snapshot.stale_since is None else ((), False)
            for event in (*self._troubles.sift(read), *self._troubles.see(snapshot)):
                if event.kind is EventKind.CONFLICT:
                    self._conflicts[kind_of(event)] += 1
                elif event.kind is EventKind.ASSIGNED:
                    self._allocations[_result(event, snapshot)] += 1
            return Counts(dict(self._allocations), dict(self._conflicts), is_read)

    def _read(self) -> tuple[tuple[Event, ...], bool]:
        try:
            return self._tail.read()[0], True
        except StoreError:
            return (), False


def exposition(snapshot: Snapshot, counts: Counts, *, accept: str) -> tuple[bytes, str]:
    """Return the figures in the format that a scraper accepts best, and the name of that format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once(snapshot, counts))
    encode, media_type = choose_encoder(accept)
    return encode(registry), media_type


class _Once(Collector):
    """The figures of one moment."""

    def __init__(self, snapshot: Snapshot, counts: Counts) -> None:
        self._snapshot = snapshot
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        snapshot = self._snapshot
        yield InfoMetricFamily("portdash_build", "The portdash that serves this.", value={"version": __version__})
        yield GaugeMetricFamily(
            "portdash_store_up",
            "Whether the store could be read; where not, all that is told of assignments is of the last contact.",
            value=int(self._counts.is_read),
        )
        yield _gauge(
            "portdash_instances",
            "Services and their further instances, by how they stand.",
            ("workspace", "service", "status"),
            Counter((view.key.workspace, base_name(view.key.service), view.status.value) for view in snapshot.services),
        )
        yield _gauge(
            "portdash_instance_up",
            "Whether the service's own server listens on its port, and is neither unhealthy nor hung.",
            ("workspace", "service", "port"),
            _up(snapshot.services),
        )
        owned = sum(1 for seen in snapshot.listeners if seen.is_owned)
        states = {("assigned",): owned, ("foreign",): len(snapshot.listeners) - owned}
        yield _gauge("portdash_listeners", "Sockets that listen, by whether a service's own.", ("state",), states)
        ranges = {(name,): counts for name, counts in fill(snapshot).items()}
        total = {name: ports for name, (ports, _used) in ranges.items()}
        yield _gauge("portdash_range_ports", "Ports of a range.", ("range",), total)
        used = {name: ports for name, (_total, ports) in ranges.items()}
        yield _gauge("portdash_range_used_ports", "Ports of a range, assigned or listened on.", ("range",), used)
        now = Counter((conflict.kind.value,) for conflict in snapshot.conflicts)
        yield _gauge("portdash_open_conflicts", "Conflicts that there are now.", ("kind",), now)
        yield _counter(
            "portdash_allocations", "Ports given, by how they were found.", "result", self._counts.allocations
        )
        yield _counter("portdash_conflicts", "Conflicts that came up.", "kind", self._counts.conflicts)


def _result(event: Event, snapshot: Snapshot) -> str:
    """Return how the port of an event was found, as its row says."""
    name = event.service.casefold()
    rows = (
        row
        for key, row in snapshot.assignments.items()
        if (key.service, key.workspace, row.port) == (name, event.workspace, event.to_port)
    )
    return next((row.source.value for row in rows), GONE)


def _up(views: tuple[ServiceView, ...]) -> dict[tuple[str, ...], int]:
    """Return 1 or 0 for every service that has a port."""
    found: dict[tuple[str, ...], int] = {}
    for view in views:
        if view.port is not None:
            labels = (view.key.workspace, view.key.service, str(view.port))
            is_up = view.status in _SERVED and not view.health.state.is_ill
            found[labels] = max(found.get(labels, 0), int(is_up))  # two environments may have the very same
    return found


def _gauge(name: str, about: str, labels: tuple[str, ...], values: Mapping[L, int]) -> Metric:
    family = GaugeMetricFamily(name, about, labels=labels)
    for given, value in values.items():
        family.add_metric([clean(label) for label in given], value)
    return family


def _counter(name: str, about: str, label: str, values: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(name, about, labels=(label,))
    for given, value in values.items():
        family.add_metric([clean(given)], value)
    return family
