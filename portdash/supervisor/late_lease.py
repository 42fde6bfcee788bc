"""The lease of a service that was started while the store was away: taken as soon as the store takes it."""

import os
import threading
from collections.abc import Callable

from portdash.errors import StoreError
from portdash.machine.living import lives
from portdash.manager.deps import Deps
from portdash.model.assignment import Lease
from portdash.model.storage import Applied, Batch, TakeLease
from portdash.supervisor.orders import Ready
from portdash.text import clean

_FIRST_REST, _LONGEST_REST = 0.5, 10.0
"""Seconds between two tries; each is twice as long as the one before."""


def lease_late(
    deps: Deps, ready: Ready, is_served: Callable[[str], bool], over: threading.Event, tell: Callable[[str], None]
) -> None:
    """Try until the store has the lease, another token `is_served`, or the run is `over`; `tell` takes a line."""
    rest = _FIRST_REST
    while not over.wait(rest) and is_served(ready.token):
        try:
            taken = take_lease(deps, ready)
        except StoreError:  # still away, as was said when the service started
            rest = min(rest * 2, _LONGEST_REST)
            continue
        if taken:
            tell(f"the store is back: {clean(ready.row.name)} can be asked to stop or move")
        return


def take_lease(deps: Deps, ready: Ready) -> bool:
    """Lease the service for this process; say whether it has the lease. Raises StoreError.

    It has none where a living process has it by now, or the service has no port any more.
    """
    key = ready.row.key
    held = deps.store.snapshot().leases.get(key)
    if held is not None and lives(deps.machine, held):
        return held.token == ready.token
    process = deps.machine.process(os.getpid())
    lease = Lease(
        key=key,
        pid=os.getpid(),
        started=process.ticks if process else 0,
        boot_id=deps.machine.boot_id(),
        token=ready.token,
        supervised=True,
    )
    answer = deps.store.apply(
        Batch(
            id=f"{ready.token}-late",
            title=f"{ready.row.name} runs",
            workspace=key.workspace,
            actor=deps.actor,
            at=deps.clock.now(),
            ops=(TakeLease(lease),),
        )
    )
    return isinstance(answer, Applied)
