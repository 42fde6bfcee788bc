"""Planning to make listeners services of their own projects."""

from collections.abc import Sequence

from portdash.errors import UsageError
from portdash.machine.projects import workspace_of
from portdash.manager.deps import Deps
from portdash.manager.finding import workspace_named
from portdash.manager.naming import suggest_name, suggest_type, taken_names, wanted_ports
from portdash.manager.places import settle_name
from portdash.manager.plans import with_workspaces
from portdash.model.assignment import Match, ServiceSpec
from portdash.model.listener import Listener
from portdash.model.names import DEFAULT_WORKSPACE, split_qualified
from portdash.model.plan import Plan
from portdash.model.snapshot import Snapshot
from portdash.model.state import StoreState
from portdash.model.workspace import Workspace
from portdash.planning.adoption import Adoption
from portdash.planning.adoption import plan_adopt as _plan_adopt
from portdash.planning.command_line import program_of
from portdash.text import clean


def plan_adopt(
    deps: Deps, snapshot: Snapshot, listeners: Sequence[Listener], *, names: Sequence[str | None] = ()
) -> Plan:
    """Plan to make listeners services of their own projects, named as given or after what is seen.

    A name may be qualified, `blog/web`: then it becomes a service of that workspace, wherever it runs. Raises
    UsageError where there is no such workspace, and InvalidName.
    """
    if not listeners:
        raise UsageError("there is no listener to adopt", hint="`portdash ls` shows every listener")
    workspaces: list[Workspace] = []
    adoptions: list[Adoption] = []
    declared = wanted_ports(snapshot.services, snapshot.workspaces)
    for number, listener in enumerate(listeners):
        given = names[number] if number < len(names) else None
        where, wanted = split_qualified(given) if given else (None, None)
        home = _workspace_of(snapshot, listener, workspaces)
        workspace = _workspace_named(snapshot, where) if where else home
        taken = taken_names(snapshot.services, workspace.name)
        taken |= {each.key.service for each in adoptions if each.key.workspace == workspace.name}
        name = wanted or suggest_name(listener, declared, taken)
        spec = ServiceSpec(
            name=name,
            type=suggest_type(listener, snapshot.policy),
            protocol=listener.protocol,
            match=_signature(listener) or (_container_rule(listener) if workspace.name != home.name else None),
        )
        key = deps.place.key(name, workspace=workspace.name, protocol=listener.protocol)
        adoptions.append(Adoption(key=key, spec=spec, port=listener.port, protocol=listener.protocol))
        if workspace not in workspaces:
            workspaces.append(workspace)
    plan = _plan_adopt(snapshot, adoptions, actor=deps.actor)
    return with_workspaces(deps, snapshot, plan, *workspaces)


def _signature(listener: Listener) -> Match | None:
    owner = listener.owner
    if owner is None or listener.container:
        return None  # a container's proxy says nothing about the service; its name and labels do
    if listener.project is None:
        return Match(process=owner.name)
    command = owner.command or ()
    program = program_of(owner.name or "", command).name if listener.framework else ""
    known_by = program if program and program in " ".join(command) else None
    titled = " " in (owner.name or "")  # a title of its own choosing, often with a version that the next one lacks
    return Match(process=None if titled and known_by else owner.name, command=known_by, directory=owner.cwd)


def _container_rule(listener: Listener) -> Match | None:
    """Return what says that a container is a service of another workspace than its own: else its project speaks."""
    return Match(process=listener.container.name) if listener.container else None


def _workspace_named(snapshot: Snapshot, text: str) -> Workspace:
    found = snapshot.workspace_named(workspace_named(snapshot.workspaces, text))
    if found is None:
        known = ", ".join(sorted(clean(each.label) for each in snapshot.workspaces))
        raise UsageError(f"there is no workspace {clean(text)}", hint=f"there are: {known}")
    return found


def _workspace_of(snapshot: Snapshot, listener: Listener, fresh: Sequence[Workspace]) -> Workspace:
    project = listener.project
    if project is None:
        default = snapshot.workspace_named(DEFAULT_WORKSPACE)
        return default or Workspace(name=DEFAULT_WORKSPACE, root=None)
    known = StoreState(workspaces=(*snapshot.workspaces, *fresh))
    return settle_name(workspace_of(project), known)
