"""Giving back what workspaces have whose directory is gone, one workspace at a time."""

from collections.abc import Sequence

from portdash.errors import PlanOutdated
from portdash.manager.apply import Outcome, apply_plan
from portdash.manager.deps import Deps
from portdash.model.plan import Plan
from portdash.model.snapshot import Snapshot
from portdash.model.workspace import Workspace
from portdash.planning.pruning import plan_prune, rows_of
from portdash.record import record
from portdash.text import clean


@record
class Kept:
    """A workspace that is not seen and yet not taken for gone."""

    workspace: Workspace
    why: str


def vanished(snapshot: Snapshot) -> tuple[Workspace, ...]:
    """Return the workspaces that are gone and have ports, by name."""
    found = (each for each in snapshot.workspaces if each.name in snapshot.vanished and rows_of(snapshot, each.name))
    return tuple(sorted(found, key=lambda each: each.name))


def kept(deps: Deps, snapshot: Snapshot) -> tuple[Kept, ...]:
    """Return the workspaces with ports that are merely out of sight, and why that is thought."""
    found = (
        (each, deps.machine.why_unseen(each.root))
        for each in sorted(snapshot.workspaces, key=lambda each: each.name)
        if each.root is not None and each.name not in snapshot.vanished and rows_of(snapshot, each.name)
    )
    return tuple(Kept(each, why) for each, why in found if why is not None)


def plans(deps: Deps, snapshot: Snapshot) -> tuple[tuple[Workspace, Plan], ...]:
    """Plan the end of each vanished workspace's ports, a plan each."""
    return tuple((each, plan_prune(snapshot, each.name, actor=deps.actor)) for each in vanished(snapshot))


def prune(deps: Deps, workspace: Workspace, plan: Plan) -> Outcome:
    """Apply the plan of one workspace.

    Raises PlanOutdated when its directory is there again or a row has changed, LockedDown, StoreError.
    """
    if workspace.root is not None and deps.machine.is_directory(workspace.root):
        raise PlanOutdated(f"{clean(workspace.label)} is there again: nothing of it was given back")
    return apply_plan(deps, plan)


def undo_hint(snapshot: Snapshot, done: Sequence[Plan]) -> str:
    """Return how the last of the plans that were applied is taken back: undo looks at one environment."""
    environments = sorted({step.key.environment for step in done[-1].steps if step.key})
    here = snapshot.environment in environments
    command = "portdash undo" if here else f"portdash --environment {clean(environments[0])} undo"
    return f"`{command}` takes {'the last of them' if len(done) > 1 else 'that'} back"
