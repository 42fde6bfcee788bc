"""Asking services how they do, for hooks in a process that does not show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from portdash.health.targets import Kinds, targets

if TYPE_CHECKING:
    from portdash.manager.deps import Current, Deps
    from portdash.model.assignment import ServiceKey
    from portdash.model.health import Health


class Checking:
    """All services of a machine, told anew at each look which there are."""

    def __init__(self, deps: Deps, current: Current) -> None:
        self._current = current
        self._kinds = Kinds()
        self._round = deps.rounds.join()

    def verdicts(self) -> Mapping[ServiceKey, Health]:
        """Look at the machine, and return what the checks have come to. Raises PortdashError."""
        deps = self._current()
        self._round.watch(targets(deps.observer.snapshot(), deps.config, kind=self._kinds))
        return self._round.verdicts()

    def stop(self) -> None:
        """Check nothing any more."""
        self._round.leave()
