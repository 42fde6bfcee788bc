"""Services on their way: a `run` has their lease, and they do not listen yet."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from portdash.model.assignment import Lease, ServiceKey
from portdash.model.health import Health, HealthLevel, HealthState
from portdash.model.snapshot import ServiceView, Snapshot
from portdash.report.words import age

PATIENCE = 30.0
"""Seconds after which one that does not listen is not taken to be on its way: `run` gives up waiting then."""


@dataclass(slots=True)
class Starts:
    """Tells, from one look to the next, which services are on their way."""

    begun: Callable[[Lease], float | None] = lambda _lease: None
    """Returns when the process that has a lease was started, Unix time in seconds; None where that is not known."""
    since: dict[ServiceKey, float] = field(default_factory=dict)
    """Since when each does not listen whose `run` lives."""
    has_looked: bool = False

    def marked(self, snapshot: Snapshot) -> Snapshot:
        """Return `snapshot` with services that are on their way told as `starting`; all others as they are."""
        found = {key: lease for key, lease in snapshot.leases.items() if lease.supervised}
        if not found and not self.since:
            self.has_looked = True
            return snapshot
        waiting = {view.key for view in snapshot.services if view.key in found and not view.is_running}
        self.since = {key: self._since(key, found[key], snapshot.taken_at) for key in waiting}
        self.has_looked = True
        if not waiting:
            return snapshot
        return replace(snapshot, services=tuple(self._told(view, snapshot.taken_at) for view in snapshot.services))

    def _since(self, key: ServiceKey, lease: Lease, now: float) -> float:
        """Return since when it does not listen: what was so at the first look, since its `run` began at the latest."""
        if key in self.since:
            return self.since[key]
        begun = None if self.has_looked else self.begun(lease)
        return now if begun is None else min(now, begun)

    def _told(self, view: ServiceView, now: float) -> ServiceView:
        since = self.since.get(view.key)
        if since is None or not 0 <= now - since < PATIENCE:
            return view
        return replace(
            view, health=Health(state=HealthState.STARTING, level=HealthLevel.KERNEL, detail=age(now - since))
        )
