"""An instance of a service, and which is the best: by how it does, then by how soon it answered. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from portdash.config.urls import redacted
from portdash.model.health import Health, HealthState
from portdash.record import field, record
from portdash.text import clean


class Nearness(IntEnum):
    """How surely an instance is one of the service; a lower one is preferred among those that do alike."""

    OWN = 0
    """A server of the service, or of one of its further instances."""
    LOOSE = 1
    """A listener that is no service, and answers as one of this would."""
    OTHER_PROJECT = 2
    """Such a one that runs in another project."""
    OTHER_HOST = 3
    """One that another machine announces."""


@record(kw_only=True)
class Instance:
    """One server that a client of the service could use."""

    service: str
    """Its name as it was written, such as `web@2`; that of the service for one that is no service itself."""
    url: str
    health: Health
    port: int | None = None
    """None where the URL is fixed and nobody looked."""
    pid: int | None = None
    workspace: str | None = None
    """Label of its workspace or project; None where it is not known."""
    nearness: Nearness = Nearness.OWN
    identity: object = field(default=None, repr=False)
    """What tells its process or container from a later one on the port; None where that is not known."""
    host: str | None = None
    """Name of the other machine that announces it."""
    version: str = ""
    """Of the service, where it is announced."""
    stale_since: float | None = None
    """Unix time at which it was last known, where whoever knows it is away; such a one is used last."""

    @property
    def where(self) -> str:
        """Its port; where that is not known its URL, without what may be a secret. Ready to show."""
        return clean(redacted(self.url), limit=None) if self.port is None else f"port {self.port}"

    @property
    def status(self) -> str:
        """How it does, in a word: `healthy`, `hung`, ..."""
        return self.health.state.value

    @property
    def is_well(self) -> bool:
        """Whether it does what it should, be it with a restriction."""
        return self.health.state.is_well


_RANKS = {
    HealthState.HEALTHY: 0,
    HealthState.DEGRADED: 1,
    HealthState.STARTING: 2,
    HealthState.UNKNOWN: 3,
    HealthState.UNHEALTHY: 4,
    HealthState.HUNG: 5,
}


def ranked(instances: Iterable[Instance]) -> tuple[Instance, ...]:
    """Return them with the best first: what is stale last, and of those that do alike, who answered first."""
    return tuple(sorted(instances, key=_order))


def health_rank(instance: Instance) -> int:
    """Return how it does as a number, 0 for the best; what is stale comes after all that is known."""
    return _RANKS[instance.health.state] + (0 if instance.stale_since is None else len(_RANKS))


def _order(instance: Instance) -> tuple[bool, int, int, bool, float, int, str]:
    latency = instance.health.latency_ms
    return (
        instance.stale_since is not None,
        health_rank(instance),
        instance.nearness,
        latency is None,
        latency or 0.0,
        instance.port or 0,
        instance.url,
    )
