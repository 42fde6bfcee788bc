"""Looking as somebody who is about to act."""

from portdash.manager.deps import Deps
from portdash.model.snapshot import Snapshot


def look(deps: Deps) -> Snapshot:
    """Return everything as it is now, after what is left of plans that nobody is at any more was settled.

    Raises what the observer raises, and StoreError.
    """
    snapshot = deps.observer.snapshot()
    if not snapshot.reserved or deps.config.read_only or snapshot.stale_since is not None:
        return snapshot
    from portdash.manager.recovery import recover  # noqa: PLC0415  rare

    return deps.observer.snapshot() if recover(deps, deps.store.snapshot().plans) else snapshot
