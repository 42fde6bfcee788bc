"""What is known about how well a service does, and by what kind of proof."""

from enum import StrEnum

from portdash.record import record


class HealthState(StrEnum):
    """The verdict."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"
    HUNG = "hung"
    STARTING = "starting"
    UNKNOWN = "unknown"

    @property
    def is_ill(self) -> bool:
        """Whether nothing should be sent to it: it is unhealthy, or hung."""
        return self in (HealthState.UNHEALTHY, HealthState.HUNG)

    @property
    def is_well(self) -> bool:
        """Whether it answers, be it slowly."""
        return self in (HealthState.HEALTHY, HealthState.DEGRADED)


class HealthLevel(StrEnum):
    """What the verdict rests on, cheapest first."""

    NONE = "none"
    KERNEL = "kernel"
    """Socket table and process state: no packet was sent."""
    CONTAINER = "container"
    CONNECT = "connect"
    PROTOCOL = "protocol"
    HTTP = "http"


@record(kw_only=True)
class Health:
    """One verdict. Volatile: shown by whoever probes, never stored."""

    state: HealthState = HealthState.UNKNOWN
    level: HealthLevel = HealthLevel.NONE
    latency_ms: float | None = None
    detail: str = ""

    @property
    def is_flapping(self) -> bool:
        """Whether it comes and goes, so that no single change of it is worth telling."""
        return self.state is HealthState.DEGRADED and self.detail.startswith(_FLAPPING)


_FLAPPING = "flapping "


def flapping_text(changes: int) -> str:
    """Return the detail of what flaps: `flapping 6x`."""
    return f"{_FLAPPING}{changes}x"
