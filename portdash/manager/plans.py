"""Making plans: the pure planner, fed with what the configuration knows. Nothing here changes anything."""

from collections.abc import Sequence
from dataclasses import replace

from portdash.errors import NoSuchService, UsageError
from portdash.machine.projects import workspace_of
from portdash.manager.deps import Deps
from portdash.manager.naming import free_name, suggest_name
from portdash.manager.places import settle_name
from portdash.manager.wishes import Wish, place
from portdash.model.assignment import Match, ServiceKey, ServiceSpec
from portdash.model.listener import Listener
from portdash.model.names import DEFAULT_WORKSPACE
from portdash.model.plan import Plan, Strategy
from portdash.model.snapshot import Snapshot
from portdash.model.state import StoreState
from portdash.model.workspace import Workspace
from portdash.planning.adoption import plan_adopt as _plan_adopt
from portdash.planning.allocation import plan_allocate as _plan_allocate
from portdash.planning.moving import plan_move as _plan_move
from portdash.planning.releasing import plan_release as _plan_release
from portdash.planning.requests import Adoption
from portdash.planning.resolution import plan_resolve as _plan_resolve
from portdash.planning.undoing import plan_undo as _plan_undo

FAR_BACK = 100
"""Operations among which undo looks for the last one of this environment."""


def plan_allocate(deps: Deps, snapshot: Snapshot, wishes: Sequence[Wish], *, strategy: Strategy | None = None) -> Plan:
    """Plan ports for all of `wishes` or none. Raises UsageError, NoSuchService (a missing parent), NoPortAvailable."""
    placements = [place(deps, snapshot, wish) for wish in wishes]
    plan = _plan_allocate(snapshot, placements, strategy=strategy or snapshot.policy.strategy, actor=deps.actor)
    return _with_workspaces(deps, snapshot, plan)


def plan_move(
    deps: Deps, snapshot: Snapshot, key: ServiceKey, to: int | None = None, *, strategy: Strategy | None = None
) -> Plan:
    """Plan another port for a service: `to`, or the next best."""
    return _plan_move(snapshot, key, to, strategy=strategy or snapshot.policy.strategy, actor=deps.actor)


def plan_resolve(
    deps: Deps, snapshot: Snapshot, key: ServiceKey | None = None, *, strategy: Strategy | None = None
) -> Plan:
    """Plan the way out of one service's conflicts, or of all."""
    return _plan_resolve(snapshot, key, strategy=strategy or snapshot.policy.strategy, actor=deps.actor)


def plan_release(deps: Deps, snapshot: Snapshot, keys: Sequence[ServiceKey]) -> Plan:
    """Plan giving assignments back, with those that inherit from them."""
    return _plan_release(snapshot, keys, actor=deps.actor)


def plan_adopt(
    deps: Deps, snapshot: Snapshot, listeners: Sequence[Listener], *, names: Sequence[str | None] = ()
) -> Plan:
    """Plan to make listeners services of their own projects, named as given or after what is seen."""
    if not listeners:
        raise UsageError("there is no listener to adopt", hint="`portdash ls` shows every listener")
    workspaces: list[Workspace] = []
    adoptions: list[Adoption] = []
    for number, listener in enumerate(listeners):
        workspace = _workspace_of(snapshot, listener, workspaces)
        wanted = names[number] if number < len(names) else None
        taken = {view.key.service for view in snapshot.services if view.key.workspace == workspace.name}
        taken |= {each.key.service for each in adoptions if each.key.workspace == workspace.name}
        name = wanted or free_name(suggest_name(listener), taken)
        spec = ServiceSpec(name=name, protocol=listener.protocol, match=_signature(listener))
        key = deps.place.key(name, workspace=workspace.name, protocol=listener.protocol)
        adoptions.append(Adoption(key=key, spec=spec, port=listener.port, protocol=listener.protocol))
        if workspace not in workspaces:
            workspaces.append(workspace)
    plan = _plan_adopt(snapshot, adoptions, actor=deps.actor)
    return _with_workspaces(deps, snapshot, plan, *workspaces)


def plan_undo(deps: Deps, snapshot: Snapshot) -> Plan:
    """Plan to take the last operation of this workspace and environment back. Raises NoSuchService: there is none."""
    place = deps.place
    operations = deps.store.operations(place.workspace.name, limit=FAR_BACK)
    for operation in operations:
        if any(change.key.environment == place.environment for change in operation.changes):
            return replace(_plan_undo(snapshot, operation, actor=deps.actor), undoes=operation.id)
    raise NoSuchService(
        f"there is nothing to undo in {place.workspace.label} ({place.environment})",
        hint="undo takes back what portdash changed in this workspace; `portdash status` shows what it holds",
    )


def _signature(listener: Listener) -> Match | None:
    owner = listener.owner
    if owner is None or listener.container:
        return None  # a container's proxy says nothing about the service; its name and labels do
    return Match(process=owner.name, directory=owner.cwd if listener.project else None)


def _workspace_of(snapshot: Snapshot, listener: Listener, fresh: Sequence[Workspace]) -> Workspace:
    project = listener.project
    if project is None:
        default = snapshot.workspace_named(DEFAULT_WORKSPACE)
        return default or Workspace(name=DEFAULT_WORKSPACE, root=None)
    known = StoreState(workspaces=(*snapshot.workspaces, *fresh))
    return settle_name(workspace_of(project), known)


def _with_workspaces(deps: Deps, snapshot: Snapshot, plan: Plan, *more: Workspace) -> Plan:
    """Let the plan write down the workspaces it uses; the store ignores those it has."""
    used = {step.key.workspace for step in plan.steps if step.key}
    candidates = (*more, deps.place.workspace, *snapshot.workspaces)
    named = {each.name: each for each in reversed(candidates)}
    return replace(plan, workspaces=tuple(named[name] for name in sorted(used) if name in named))
