"""What a store holds, at one revision."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from portdash.model.assignment import Assignment, Lease, ServiceKey
from portdash.model.workspace import Workspace
from portdash.record import field, record

if TYPE_CHECKING:
    from portdash.model.kept import PlanRecord, Quarantine
    from portdash.model.requests import Request


@record(kw_only=True)
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
    requests: tuple[Request, ...] = ()
    """What supervisors are asked for, by id: without an answer, or answered a moment ago."""
    stale_since: float | None = None
    """Unix time of the last contact with an authority that is out of reach, None while what is here is current."""
    notices: tuple[str, ...] = ()
    """What is worth knowing about the store itself, a sentence each."""
