"""Ports that a store keeps from everybody for a while: those given back a moment ago, and those of a plan at work."""

from enum import StrEnum

from portdash.model.ports import IpProtocol
from portdash.record import record

QUARANTINE_SECONDS = 60.0
"""How long a port that was given back is kept from other services: browsers, clients and TIME_WAIT remember it."""


@record(kw_only=True)
class Quarantine:
    """A port that was given back a moment ago."""

    host: str
    protocol: IpProtocol
    port: int
    service: str
    """Who had it."""
    released_at: float
    """Unix time in seconds."""


class PlanState(StrEnum):
    """How far a plan that touches processes has come."""

    APPLYING = "applying"
    APPLIED = "applied"
    ROLLED_BACK = "rolled_back"


@record(kw_only=True)
class PlanRecord:
    """A plan that ends processes, written down before it starts so that a crash leaves a trace."""

    id: str
    host: str
    workspace: str
    title: str
    state: PlanState
    pid: int
    """Process that applies it."""
    started: int
    """Start of that process in kernel ticks, 0 where the system does not tell."""
    boot_id: str
    operation: str | None = None
    """Id of the batch that changes the rows, where more is to be done after it."""
    reserved: tuple[tuple[IpProtocol, int], ...] = ()
    """Ports nobody else may take until it is over."""
