"""A plan that touches processes, phase by phase: ports kept, obstacles cleared, rows stored, servers started again."""

from dataclasses import replace

from portdash.errors import NotSupervised, PlanOutdated, PortdashError
from portdash.identifiers import new_id
from portdash.manager.at_work import at_work
from portdash.manager.clearing import Progress, clear_the_way, kept_ports, say_what_was_done
from portdash.manager.committing import commit
from portdash.manager.deps import Deps
from portdash.manager.restarting import moves, restart_followers, see_moved
from portdash.manager.slots import restarts
from portdash.manager.written import rewrite_recorded
from portdash.model.assignment import Lease
from portdash.model.conflict import Conflict
from portdash.model.history import Operation
from portdash.model.kept import PlanState
from portdash.model.plan import Plan
from portdash.record import record


@record(kw_only=True)
class Done:
    """What came of it, in words where it is about processes."""

    operation: Operation
    ended: tuple[str, ...]
    restarted: tuple[str, ...]
    left: tuple[str, ...]


def apply_in_phases(
    deps: Deps,
    plan: Plan,
    progress: Progress,
    *,
    leases: tuple[Lease, ...],
    found: tuple[Conflict, ...],
    settled: tuple[Conflict, ...],
) -> Done:
    """Apply a plan that was checked. Raises PlanOutdated, PlanFailed, Refused, StoreError.

    The row of the plan stays `applying` until the servers listen: whoever opens the store after a crash settles it.
    """
    with at_work(new_id()) as identity:
        return _in_phases(deps, plan, identity, progress, leases=leases, found=found, settled=settled)


def _in_phases(
    deps: Deps,
    plan: Plan,
    identity: str,
    progress: Progress,
    *,
    leases: tuple[Lease, ...],
    found: tuple[Conflict, ...],
    settled: tuple[Conflict, ...],
) -> Done:
    goes_on = bool(restarts(plan))
    with kept_ports(deps, plan, identity) as record:
        ended = clear_the_way(deps, plan, progress)
        if goes_on:
            record = replace(record, state=PlanState.APPLYING, operation=deps.operation or new_id())  # noqa: PLW2901
        try:
            asked = moves(deps, plan, record)
            operation = commit(
                deps, plan, leases=leases, ended=ended, record=record, requests=asked, found=found, settled=settled
            )
        except NotSupervised as error:
            outdated = PlanOutdated(f"a server has ended meanwhile: {error.message}")
            say_what_was_done(outdated, ended)
            raise outdated from error
        except PortdashError as error:
            say_what_was_done(error, ended)
            raise
    moved = see_moved(deps, record, operation, asked, progress) if goes_on else ()
    written = rewrite_recorded(deps, plan)  # before who reads them starts again
    followers = restart_followers(deps, plan, progress)
    return Done(
        operation=operation,
        ended=ended,
        restarted=(*moved, *written.lines, *followers.lines),
        left=(*written.left, *followers.left),
    )
