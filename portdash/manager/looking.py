"""Looking as somebody who is about to act."""

from portdash.manager.deps import Deps
from portdash.model.snapshot import Snapshot


def look(deps: Deps, *, settle_changed: bool = True) -> Snapshot:
    """Return everything as it is now, after what is left of plans that nobody is at any more was settled.

    Without `settle_changed` only those plans are that have changed nothing: who looks again and again waits for no
    server. Raises what the observer raises, and StoreError.
    """
    snapshot = deps.observer.snapshot()
    if not snapshot.reserved or deps.config.read_only or snapshot.stale_since is not None:
        return snapshot
    from portdash.manager.recovery import recover, roll_back  # noqa: PLC0415  rare

    settle = recover if settle_changed else roll_back
    return deps.observer.snapshot() if settle(deps, deps.store.snapshot().plans) else snapshot
