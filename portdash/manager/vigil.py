"""Hearing how services do, for a program that asked to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portdash.health.targets import Kinds, targets
from portdash.model.assignment import ServiceKey
from portdash.model.health import Health, HealthState
from portdash.model.history import Event, EventKind
from portdash.text import clean

if TYPE_CHECKING:
    from portdash.config.settings import Config
    from portdash.manager.deps import Deps
    from portdash.model.snapshot import Snapshot


class Vigil:
    """Checks the services of this workspace, and puts what changes into the stream of `deps` for the next to tell.

    That a service is found to be well at first is no news; that one is well again is. Nothing of it is stored.
    """

    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._kinds = Kinds()
        self._ill: set[ServiceKey] = set()
        self._names: dict[ServiceKey, tuple[str, int | None]] = {}
        self._round = deps.rounds.join(self._changed)

    def see(self, snapshot: Snapshot, config: Config) -> None:
        """Check the services of a snapshot from now on, as the configuration says."""
        here = [view for view in snapshot.services if view.key.workspace == snapshot.workspace]
        self._names = {view.key: (view.name, view.port) for view in here}
        found = targets(snapshot, config, kind=self._kinds)
        self._round.watch({key: watched for key, watched in found.items() if key in self._names})

    def stop(self) -> None:
        """End all checks."""
        self._round.leave()

    def _changed(self, key: ServiceKey, before: Health, after: Health) -> None:
        """Take note of another state; in the monitor's thread."""
        if after.state is HealthState.UNKNOWN:
            return
        if after.state is HealthState.HEALTHY:
            is_news = key in self._ill or before.state is not HealthState.UNKNOWN
            self._ill.discard(key)
            if not is_news:
                return
        else:
            self._ill.add(key)
        name, port = self._names.get(key, (key.service, None))
        self._deps.events.put(
            [
                Event(
                    kind=EventKind.HEALTH,
                    at=self._deps.clock.now(),
                    workspace=key.workspace,
                    service=name,
                    actor=self._deps.actor,
                    reason=clean(f"{after.state}: {after.detail}" if after.detail else after.state.value),
                    to_port=port,
                    host=key.host,
                )
            ]
        )
