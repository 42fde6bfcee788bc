"""Looking back: the latest events, of one service or one workspace."""

from collections.abc import Iterator
from itertools import islice

from portdash.manager.deps import Deps
from portdash.manager.finding import workspace_named
from portdash.model.history import Event
from portdash.model.names import split_qualified

_FIRST_LOOK = 256


def history(deps: Deps, *, service: str | None, everywhere: bool, limit: int) -> tuple[Event, ...]:
    """Return at most `limit` events, newest first. Raises InvalidName, StoreError.

    They are those of this workspace on this host, of the one that qualifies `service` (`shop/web`), or with
    `everywhere` of all, wherever they are.
    """
    qualifier, name = (None, None) if service is None else split_qualified(service)
    where = None if everywhere else deps.place.workspace.name
    if qualifier is not None:
        where = workspace_named(deps.store.snapshot().workspaces, qualifier)
    host = None if everywhere else deps.place.host
    return tuple(islice(_latest(deps, name, where, host), limit))


def _latest(deps: Deps, service: str | None, workspace: str | None, host: str | None) -> Iterator[Event]:
    """Yield the events of a workspace and a host, newest first; more are asked for each time they do not suffice."""
    seen: set[int] = set()
    asked = _FIRST_LOOK
    while True:
        found = deps.store.events(limit=asked, service=service)
        for event in found:
            if event.sequence not in seen:
                seen.add(event.sequence)
                if workspace in (None, event.workspace) and (host is None or event.is_of(host)):
                    yield event
        if len(found) < asked:
            return
        asked *= 4
