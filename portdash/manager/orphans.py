"""What runs have left behind: found, and ended after a yes."""

from portdash.errors import PlanOutdated
from portdash.manager.deps import Deps
from portdash.model.orphan import Orphan
from portdash.model.plan import GRACE
from portdash.model.snapshot import Snapshot


def orphans(deps: Deps, snapshot: Snapshot) -> tuple[Orphan, ...]:
    """Return what is left of this user's runs whose portdash has ended without a word. Raises OSError, StoreError."""
    live = {lease.token for lease in snapshot.leases.values()}
    known = {lease.token for lease in deps.store.snapshot().leases.values() if lease.key.host == snapshot.host}
    return deps.machine.orphans(known - live)


def end_orphan(deps: Deps, orphan: Orphan) -> str:
    """End one; return a line about it. Raises PlanOutdated when its portdash lives, Refused, OSError, StoreError."""
    if any(lease.token == orphan.token for lease in deps.observer.snapshot().leases.values()):
        raise PlanOutdated(f"{orphan.label} is not left behind: its portdash runs", hint="look again: `portdash prune`")
    return deps.machine.end_orphan(orphan, grace=GRACE)
