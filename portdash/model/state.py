"""What a store holds, at one revision."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from portdash.model.assignment import Assignment, Lease, ServiceKey
from portdash.model.ports import IpProtocol
from portdash.model.workspace import Workspace

QUARANTINE_SECONDS = 60.0
"""How long a port that was given back is kept from other services: browsers, clients and TIME_WAIT remember it."""


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
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
    reserved: tuple[tuple[IpProtocol, int], ...] = ()
    """Ports nobody else may take until it is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreState:
    """Everything a store holds, at one revision."""

    revision: int = 0
    assignments: Mapping[ServiceKey, Assignment] = field(default_factory=lambda: MappingProxyType({}))
    leases: Mapping[ServiceKey, Lease] = field(default_factory=lambda: MappingProxyType({}))
    workspaces: tuple[Workspace, ...] = ()
    """Those of this host."""
    quarantines: tuple[Quarantine, ...] = ()
    plans: tuple[PlanRecord, ...] = ()
    """Those in state `applying`."""
    stale_since: float | None = None
    """Unix time of the last contact with an authority that is out of reach, None while what is here is current."""
    notices: tuple[str, ...] = ()
    """What is worth knowing about the store itself, a sentence each."""
