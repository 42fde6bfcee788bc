"""Asking services how they do, for hooks in a process where nobody else does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from portdash.health.monitor import Monitor
from portdash.health.targets import Kinds, targets
from portdash.model.assignment import ServiceKey
from portdash.model.health import Health

if TYPE_CHECKING:
    from portdash.manager.deps import Deps


class Rounds:
    """A monitor of all services of a machine, told anew at each look which there are."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._kinds = Kinds()
        self._monitor: Monitor[ServiceKey] = Monitor()

    def verdicts(self) -> Mapping[ServiceKey, Health]:
        """Look at the machine, and return what the checks have come to. Raises PortdashError."""
        self._monitor.start()
        self._monitor.watch(targets(self._deps.observer.snapshot(), self._deps.config, kind=self._kinds))
        return self._monitor.verdicts()

    def stop(self) -> None:
        """End all checks."""
        self._monitor.stop()
