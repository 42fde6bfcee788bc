"""Whether a service is up already, and whether what depends on it may be started."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portdash.manager.deps import Deps
from portdash.manager.wishes import Wish
from portdash.model.assignment import ServiceKey
from portdash.model.names import base_name
from portdash.model.snapshot import Snapshot
from portdash.supervisor.orders import key_of
from portdash.text import clean

if TYPE_CHECKING:
    from portdash.health.record import Watched


def running_words(deps: Deps, name: str) -> str | None:
    """Return how a service runs already, as `on 4000 (node 4121)`; None when it does not."""
    return how_it_runs(deps.observer.snapshot(), key_of(deps, Wish(name=name)))


def how_it_runs(snapshot: Snapshot, key: ServiceKey) -> str | None:
    """Return the same of a service that was looked at."""
    view = snapshot.service(key)
    if view is not None and view.is_running:
        listener = (*view.listeners, *view.elsewhere)[0]
        return f"on {listener.port} ({clean(listener.label)})"
    if key in snapshot.leases:
        return f"under another portdash (pid {snapshot.leases[key].pid})"
    return None


def has_check(deps: Deps, name: str) -> bool:
    """Say whether a check is declared for a service: to listen is not enough for it."""
    service = deps.config.service(base_name(name))
    return service is not None and service.health is not None


def why_not_well(deps: Deps, name: str) -> str | None:
    """Ask a service once; return what is wrong with it, None when it is well."""
    from portdash.health.once import check_twice  # noqa: PLC0415  a `run` alone asks nobody, and stays small
    from portdash.health.targets import targets  # noqa: PLC0415

    key = key_of(deps, Wish(name=name))

    def look() -> dict[ServiceKey, Watched]:
        found = targets(deps.observer.snapshot(), deps.config)
        return {key: found[key]} if key in found else {}

    verdict = check_twice(look(), look).get(key)
    if verdict is None:
        return "nobody listens"
    return None if verdict.state.is_well else clean(verdict.detail or verdict.state)
