"""What runs have left behind: found, and ended after a yes."""

from portdash.errors import PlanOutdated
from portdash.machine.living import lives
from portdash.manager.deps import Deps
from portdash.model.orphan import Orphan
from portdash.model.plan import GRACE


def orphans(deps: Deps) -> tuple[Orphan, ...]:
    """Return what is left of this user's runs whose portdash has ended without a word. Raises OSError, StoreError."""
    ours = (lease for lease in deps.store.snapshot().leases.values() if lease.key.host == deps.machine.host)
    return deps.machine.orphans({lease.token for lease in ours if not lives(deps.machine, lease)})


def end_orphan(deps: Deps, orphan: Orphan) -> str:
    """End one; return a line about it. Raises PlanOutdated when its portdash lives, Refused, OSError, StoreError."""
    leases = deps.store.snapshot().leases.values()
    if any(lease.token == orphan.token and lives(deps.machine, lease) for lease in leases):
        raise PlanOutdated(f"{orphan.label} is not left behind: its portdash runs", hint="look again: `portdash prune`")
    return deps.machine.end_orphan(orphan, grace=GRACE)
