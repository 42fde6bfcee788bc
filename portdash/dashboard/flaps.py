"""Services that come and go: after a few changes within minutes they are said to flap, and each change is no news."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from portdash.model.assignment import ServiceKey
from portdash.model.health import Health, HealthLevel, HealthState, flapping_text
from portdash.model.snapshot import ServiceView, Snapshot

WINDOW = 300.0
"""Seconds within which changes are counted."""
CHANGES = 6
"""So many changes between running and not running within the window are flapping: stopped and started again twice by
hand is work, a third time in five minutes is a loop."""
DOWN = 30.0
"""Seconds after which one that does not run, and that nobody looks after, is down rather than on its way."""


@dataclass(slots=True)
class Flaps:
    """Counts, from one look to the next, how often each service began or ceased to run."""

    is_done_to: Callable[[ServiceKey, float], bool] = lambda _key, _at: False
    """Says of a service whether what is seen of it at a time was done to it on purpose, from here."""
    running: dict[ServiceKey, bool] = field(default_factory=dict)
    ports: dict[ServiceKey, int | None] = field(default_factory=dict)
    changes: dict[ServiceKey, deque[float]] = field(default_factory=dict)
    """When each service changed, oldest first; Unix time in seconds."""

    def marked(self, snapshot: Snapshot) -> Snapshot:
        """Return `snapshot` with services that flap told as degraded, `flapping 6x`; all others as they are."""
        self._count(snapshot)
        if not any(len(each) >= CHANGES for each in self.changes.values()):
            return snapshot
        return replace(snapshot, services=tuple(map(self._told, snapshot.services)))

    def _count(self, snapshot: Snapshot) -> None:
        now = snapshot.taken_at
        for key in tuple(self.changes):
            times = self.changes[key]
            while times and not 0 <= now - times[0] < WINDOW:
                times.popleft()
            if not times:
                del self.changes[key]
        running = {view.key: view.is_running for view in snapshot.services}
        ports = {view.key: view.port for view in snapshot.services}
        for key, runs in running.items():
            if self.ports.get(key, ports[key]) != ports[key] or self.is_done_to(key, now):
                self.changes.pop(key, None)  # somebody moved or stopped it: what stops and starts for that is no loop
            elif self.running.get(key, runs) is not runs:
                self.changes.setdefault(key, deque(maxlen=100)).append(now)
            elif not runs and key in self.changes and key not in snapshot.leases and now - self.changes[key][-1] > DOWN:
                del self.changes[key]
        self.running, self.ports = running, ports

    def _told(self, view: ServiceView) -> ServiceView:
        count = len(self.changes.get(view.key, ()))
        if count < CHANGES or view.health.is_flapping:
            return view
        health = Health(state=HealthState.DEGRADED, level=HealthLevel.KERNEL, detail=f"{flapping_text(count)} in 5 min")
        return replace(view, health=health)
