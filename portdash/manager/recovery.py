"""Settling what a crashed process left behind."""

from collections.abc import Iterable
from dataclasses import replace
from uuid import uuid4

from portdash.manager.deps import Deps
from portdash.model.kept import PlanRecord, PlanState
from portdash.model.storage import Batch, RecordPlan


def recover(deps: Deps, plans: Iterable[PlanRecord]) -> tuple[PlanRecord, ...]:
    """Mark plans whose process is gone as rolled back, which frees the ports they kept; return those.

    Assignments change in one batch together with the plan's last state, so a plan that is still `applying` has
    changed none: nothing else needs to be put back.
    """
    abandoned = tuple(plan for plan in plans if not _is_alive(deps, plan))
    if abandoned:
        deps.store.apply(
            Batch(
                id=uuid4().hex,
                title="recover abandoned plans",
                workspace=deps.place.workspace.name,
                actor=deps.actor,
                at=deps.clock.now(),
                ops=tuple(RecordPlan(replace(plan, state=PlanState.ROLLED_BACK)) for plan in abandoned),
            )
        )
    return abandoned


def _is_alive(deps: Deps, plan: PlanRecord) -> bool:
    if plan.host != deps.place.host:
        return True  # another machine's: it settles its own
    if plan.boot_id != deps.machine.boot_id():
        return False
    process = deps.machine.process(plan.pid)
    return process is not None and process.ticks == plan.started
