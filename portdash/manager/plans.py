"""Making plans: the pure planner, fed with what the configuration knows. Nothing here changes anything.

Each planner is imported by the plan that needs it: who asks for a port does not pay for how one is adopted.
"""

from collections.abc import Iterable, Sequence

from portdash.errors import NoSuchService
from portdash.manager.deps import Deps
from portdash.manager.wishes import Wish, place
from portdash.model.assignment import ServiceKey
from portdash.model.plan import Plan, Strategy
from portdash.model.snapshot import Snapshot
from portdash.model.workspace import Workspace
from portdash.planning.requests import Placement
from portdash.record import replace

FAR_BACK = 100
"""Operations among which undo looks for the last one of this environment."""


def plan_allocate(
    deps: Deps,
    snapshot: Snapshot,
    wishes: Sequence[Wish],
    *,
    strategy: Strategy | None = None,
    placements: Sequence[Placement] | None = None,
) -> Plan:
    """Plan ports for all of `wishes` or none. Raises UsageError, NoSuchService (a missing parent), NoPortAvailable.

    `placements` are the wishes completed from this snapshot, where who calls has done that already.
    """
    from portdash.planning.allocation import plan_allocate as _plan_allocate  # noqa: PLC0415

    placements = placements or [place(deps, snapshot, wish) for wish in wishes]
    plan = _plan_allocate(snapshot, placements, strategy=strategy or snapshot.policy.strategy, actor=deps.actor)
    return _aimed(deps, snapshot, with_workspaces(deps, snapshot, plan))


def plan_move(
    deps: Deps, snapshot: Snapshot, key: ServiceKey, to: int | None = None, *, strategy: Strategy | None = None
) -> Plan:
    """Plan another port for a service: `to`, or the next best."""
    from portdash.planning.moving import plan_move as _plan_move  # noqa: PLC0415

    strategy = strategy or snapshot.policy.strategy
    return _aimed(deps, snapshot, _plan_move(snapshot, key, to, strategy=strategy, actor=deps.actor))


def plan_homing(deps: Deps, snapshot: Snapshot, keys: Iterable[ServiceKey]) -> Plan:
    """Plan for services the port that each would rather have, where it can be had now; nobody is ended for it."""
    from portdash.planning.moving import plan_homing as _plan_homing  # noqa: PLC0415

    return _aimed(deps, snapshot, _plan_homing(snapshot, keys, actor=deps.actor))


def plan_resolve(
    deps: Deps, snapshot: Snapshot, key: ServiceKey | None = None, *, strategy: Strategy | None = None
) -> Plan:
    """Plan the way out of one service's conflicts, or of all."""
    from portdash.planning.resolution import plan_resolve as _plan_resolve  # noqa: PLC0415

    strategy = strategy or snapshot.policy.strategy
    return _aimed(deps, snapshot, _plan_resolve(snapshot, key, strategy=strategy, actor=deps.actor))


def plan_release(deps: Deps, snapshot: Snapshot, keys: Sequence[ServiceKey]) -> Plan:
    """Plan giving assignments back, with those that inherit from them. Raises NoSuchService, Refused.

    Refused is what another `portdash run` looks after: it would go on, and nobody could stop it by its name.
    """
    from portdash.planning.releasing import plan_release as _plan_release  # noqa: PLC0415

    plan = _plan_release(snapshot, keys, actor=deps.actor)
    if snapshot.leases:
        from portdash.manager.supervising import check_nobody_runs  # noqa: PLC0415  mostly nothing is run

        check_nobody_runs(snapshot, plan)
    return plan


def plan_undo(deps: Deps, snapshot: Snapshot) -> Plan:
    """Plan to take the last operation of this workspace and environment back. Raises NoSuchService: there is none."""
    from portdash.planning.undoing import plan_undo as _plan_undo  # noqa: PLC0415

    place = deps.place
    operations = deps.store.operations(place.workspace.name, limit=FAR_BACK)
    for operation in operations:
        if any(place.is_of(change.key) for change in operation.changes):
            plan = replace(_plan_undo(snapshot, operation, actor=deps.actor), undoes=operation.id)
            return _aimed(deps, snapshot, plan)
    raise NoSuchService(
        f"there is nothing to undo that was done from {place.workspace.label} ({place.environment})",
        hint="undo takes back what was changed from this workspace; `portdash history` shows who changed what",
    )


def with_workspaces(deps: Deps, snapshot: Snapshot, plan: Plan, *more: Workspace) -> Plan:
    """Let the plan write down the workspaces it uses; the store ignores those it has."""
    used = {step.key.workspace for step in plan.steps if step.key}
    candidates = (*more, deps.place.workspace, *snapshot.workspaces)
    named = {each.name: each for each in reversed(candidates)}
    return replace(plan, workspaces=tuple(named[name] for name in sorted(used) if name in named))


def _aimed(deps: Deps, snapshot: Snapshot, plan: Plan) -> Plan:
    """Let a plan start again what portdash runs, and one that ends processes know all that ends with them."""
    if snapshot.leases:
        from portdash.manager.following import with_followers  # noqa: PLC0415  mostly nothing is run

        plan = with_followers(deps, snapshot, plan)
    if not plan.needs_consent:
        return plan
    from portdash.manager.freeing import aimed  # noqa: PLC0415

    return aimed(deps, plan)
