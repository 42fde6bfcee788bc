"""Laying verdicts on health over a snapshot. Pure."""

from collections.abc import Mapping

from portdash.model.assignment import ServiceKey
from portdash.model.health import Health, HealthLevel
from portdash.model.snapshot import ServiceView, Snapshot, Status
from portdash.record import replace


def has_answered(health: Health) -> bool:
    """Whether a database, cache or broker answered in its own protocol."""
    return health.level is HealthLevel.PROTOCOL and health.state.is_well


def with_health(snapshot: Snapshot, verdicts: Mapping[ServiceKey, Health]) -> Snapshot:
    """Return `snapshot` with these verdicts on its services; those that have none keep theirs."""
    found = ((view, verdicts.get(view.key)) for view in snapshot.services)
    return replace(snapshot, services=tuple(_judged(view, health) if health else view for view, health in found))


def _judged(view: ServiceView, health: Health) -> ServiceView:
    status = view.status
    if status in (Status.RUNNING, Status.CONNECTED):
        status = Status.CONNECTED if has_answered(health) else Status.RUNNING
    return replace(view, health=health, status=status)
