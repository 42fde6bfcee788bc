"""Checks that are loaded and begun with the first services there are to check: no table waits for them."""

from collections.abc import Mapping
from threading import Lock
from typing import TYPE_CHECKING

from portdash.model.assignment import ServiceKey
from portdash.model.health import Health

if TYPE_CHECKING:
    from portdash.health.monitor import Monitor
    from portdash.health.pulse import Pulse
    from portdash.health.record import Watched


class LateMonitor:
    """A `Monitor` that begins when it is first told to watch something. Its methods may be called from any thread."""

    def __init__(self) -> None:
        self._monitor: Monitor[ServiceKey] | None = None
        self._is_over = False
        self._lock = Lock()

    def watch(self, services: "Mapping[ServiceKey, Watched]", /) -> None:
        """Ask these from now on, and no others; nobody once it was stopped."""
        with self._lock:
            if self._monitor is None and services and not self._is_over:
                from portdash.health.monitor import Monitor  # noqa: PLC0415  see the top

                self._monitor = Monitor()
                self._monitor.start()
        if self._monitor is not None:
            self._monitor.watch(services)

    def verdicts(self) -> Mapping[ServiceKey, Health]:
        """Return the verdict on each."""
        return self._monitor.verdicts() if self._monitor is not None else {}

    def pulses(self) -> "dict[ServiceKey, Pulse]":
        """Return what the checks of each have come to."""
        return self._monitor.pulses() if self._monitor is not None else {}

    def hurry(self, key: ServiceKey, /) -> None:
        """Ask one now rather than at its time."""
        if self._monitor is not None:
            self._monitor.hurry(key)

    def stop(self) -> None:
        """End all checks, and begin none any more."""
        with self._lock:
            self._is_over = True
        if self._monitor is not None:
            self._monitor.stop()
