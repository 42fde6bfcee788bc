"""Services that keep their ports, told without asking whose the sockets are that listen elsewhere.

It is what scripts ask most, and on a busy machine that question costs more than all the rest of the command. Nobody
listens on the ports in question, so that whoever listens on others could only speak for another answer by being a
service's own server: then the plan made as if there were none has something to do, and the answer is not this one's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from portdash.errors import PortdashError
from portdash.manager.plans import plan_allocate
from portdash.manager.wishes import Wish, place
from portdash.model.names import split_qualified

if TYPE_CHECKING:
    from portdash.manager.deps import Deps
    from portdash.model.plan import Strategy
    from portdash.model.snapshot import Snapshot


def glance(deps: Deps, wishes: Sequence[Wish], strategy: Strategy | None) -> Snapshot | None:
    """Return a snapshot without listeners by which nothing has to change; None where a full look has to decide.

    What goes wrong is left to the full look to say.
    """
    known = {key.service for key in deps.held.assignments} if deps.held else frozenset()
    if not all(split_qualified(wish.name)[1].casefold() in known for wish in wishes):
        return None
    try:
        listening = {port for _, port in deps.machine.listening()}
        snapshot = deps.observer.unpeopled()
        placements = [place(deps, snapshot, wish) for wish in wishes]
        rows = [snapshot.assignments.get(each.key) for each in placements]
        if snapshot.stale_since is not None or any(each.detect for each in placements):
            return None
        if not all(row and row.port not in listening for row in rows):
            return None
        plan = plan_allocate(deps, snapshot, wishes, strategy=strategy)
    except (PortdashError, OSError):
        return None
    return None if plan.steps or plan.unresolved or plan.notices else snapshot
