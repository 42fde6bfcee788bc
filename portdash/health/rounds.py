"""One monitor for all in a process who want to know how services do: each says which, and each is told of those."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock
from typing import TYPE_CHECKING

from portdash.model.health import Health

if TYPE_CHECKING:
    from portdash.health.monitor import Monitor
    from portdash.health.pulse import Pulse
    from portdash.health.record import Watched
    from portdash.model.assignment import ServiceKey

Changed = Callable[["ServiceKey", Health, Health], object]
"""Called with the verdict before and the one after, which differ in state; mostly in the monitor's thread."""


class Rounds:
    """The monitor runs from when the first who takes part says what to watch, until the last has left.

    Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._members: list[Round] = []
        self._monitor: Monitor[ServiceKey] | None = None

    def join(self, changed: Changed | None = None) -> Round:
        """Take part."""
        member = Round(self, changed)
        with self._lock:
            self._members.append(member)
        return member

    def watch(self, member: Round, services: Mapping[ServiceKey, Watched]) -> None:
        """Watch these for one member; how those are that others watch already it is told at once."""
        from portdash.health.monitor import Monitor  # noqa: PLC0415  it loads asyncio, which most commands do without

        with self._lock:
            if member not in self._members:
                return
            fresh = services.keys() - member.wanted.keys()
            member.wanted = services
            if self._monitor is None and not services:
                return  # nothing is loaded and begun before there is something to check
            if self._monitor is None:
                self._monitor = Monitor(changed=self._tell)
            monitor = self._monitor
            known = monitor.verdicts()
            monitor.watch(self._wanted(services))
        monitor.start()
        if member.changed is not None:
            for key in fresh & known.keys():
                if known[key].state is not Health().state:
                    member.changed(key, Health(), known[key])

    def verdicts(self) -> Mapping[ServiceKey, Health]:
        """Return the verdict on each service that anybody watches."""
        monitor = self._monitor
        return monitor.verdicts() if monitor is not None else {}

    def pulses(self) -> Mapping[ServiceKey, Pulse]:
        """Return what the checks of each service that anybody watches have come to."""
        monitor = self._monitor
        return monitor.pulses() if monitor is not None else {}

    def hurry(self, key: ServiceKey) -> None:
        """Check one service now rather than at its time."""
        monitor = self._monitor
        if monitor is not None:
            monitor.hurry(key)

    def leave(self, member: Round) -> None:
        """Watch nothing for a member any more."""
        with self._lock:
            if member not in self._members:
                return
            self._members.remove(member)
            monitor = self._monitor
            if self._members:
                if monitor is not None:
                    monitor.watch(self._wanted({}))
                return
            self._monitor = None
        if monitor is not None:
            monitor.stop()

    def _wanted(self, latest: Mapping[ServiceKey, Watched]) -> dict[ServiceKey, Watched]:
        """Return what all watch together; of what several watch, what was seen last counts."""
        found: dict[ServiceKey, Watched] = {}
        for member in self._members:
            found.update(member.wanted)
        return {**found, **latest}

    def _tell(self, key: ServiceKey, before: Health, after: Health) -> None:
        for member in tuple(self._members):
            if member.changed is not None and key in member.wanted:
                member.changed(key, before, after)


class Round:
    """The part of one who takes part."""

    def __init__(self, rounds: Rounds, changed: Changed | None) -> None:
        self._rounds = rounds
        self.changed = changed
        self.wanted: Mapping[ServiceKey, Watched] = {}

    def watch(self, services: Mapping[ServiceKey, Watched], /) -> None:
        """Watch these from now on, and no others; called with each new look at the machine."""
        self._rounds.watch(self, services)

    def verdicts(self) -> Mapping[ServiceKey, Health]:
        """Return the verdict on each service that is watched here."""
        return {key: health for key, health in self._rounds.verdicts().items() if key in self.wanted}

    def pulses(self) -> Mapping[ServiceKey, Pulse]:
        """Return what the checks of each service that is watched here have come to."""
        return {key: pulse for key, pulse in self._rounds.pulses().items() if key in self.wanted}

    def hurry(self, key: ServiceKey, /) -> None:
        """Check one service now rather than at its time."""
        self._rounds.hurry(key)

    def leave(self) -> None:
        """Watch nothing any more."""
        self._rounds.leave(self)
