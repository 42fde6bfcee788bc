"""Planning the way out of conflicts: of one service, or of all in one plan."""

from portdash.errors import NoSuchService
from portdash.model.assignment import ServiceKey, Source
from portdash.model.conflict import ConflictKind
from portdash.model.plan import Plan, Strategy
from portdash.model.snapshot import ServiceView, Snapshot
from portdash.planning.displacement import exchange_row
from portdash.planning.drafting import Draft
from portdash.planning.forcing import force
from portdash.planning.occupancy import Group
from portdash.planning.requests import asking_otherwise
from portdash.planning.rescue import keep_where_it_runs, rescue, step_aside
from portdash.planning.rules import asked_ports
from portdash.planning.wording import holders_text
from portdash.text import clean


def plan_resolve(snapshot: Snapshot, key: ServiceKey | None, *, strategy: Strategy, actor: str) -> Plan:
    """Plan the way out of a service's conflicts; with None of all conflicts, the most important service first.

    What cannot be settled is unresolved, with the reason; a plan for all is stuck only when it settles nothing. Raises
    NoSuchService.
    """
    views = [view for view in snapshot.services if _troubles(view)]
    asking = asking_otherwise(snapshot, (key,) if key is not None else (view.key for view in views))
    draft = Draft(snapshot, strategy=strategy, actor=actor, placements=asking)
    if key is not None:
        view = snapshot.service(key)
        if view is None:
            raise NoSuchService(f"{clean(key.service)} is not a service")
        _settle(draft, view, asked=True)
        if strategy is Strategy.AGGRESSIVE and not _troubles(view):
            _insist(draft, view)
        if not (draft.has_steps or draft.is_left or _troubles(view)):
            draft.notice(f"{draft.occupancy.label(key)} has no conflict")
        return draft.finish(f"resolve {clean(view.name)} ({strategy})")
    for view in sorted(views, key=lambda each: _turn(draft, each)):
        if not _left_alone(draft, view):
            _settle(draft, view, asked=False)
    if not draft.has_steps:
        draft.ask_for_all()
    if not views:
        draft.notice("there is no conflict")
    return draft.finish(f"resolve all ({strategy})")


def _left_alone(draft: Draft, view: ServiceView) -> bool:
    """Say whether a plan for all has no business with a service, and note why."""
    name = draft.occupancy.label(view.key)
    if view.key.user != draft.snapshot.user:
        draft.leave(f"{name} is {clean(view.key.user)}'s: it is left to them", asked=False)
    elif view.key.workspace in draft.snapshot.vanished:
        draft.leave(f"{name} stays as it is: its workspace is gone, `portdash prune` gives it back", asked=False)
    else:
        return False
    return True


def _turn(draft: Draft, view: ServiceView) -> tuple[int, bool, ServiceKey]:
    group = draft.occupancy.group(draft.occupancy.root(view.key))
    return draft.occupancy.priority(group), not draft.occupancy.is_pinned(group), view.key


def _troubles(view: ServiceView) -> set[ConflictKind]:
    return {each.kind for each in view.conflicts if not each.kind.is_notice}


def _settle(draft: Draft, view: ServiceView, *, asked: bool) -> None:
    """Draft the way out for one service as the world is after the steps so far."""
    occupancy = draft.occupancy
    troubles = _troubles(view)
    root = occupancy.root(view.key)
    if root not in occupancy.rows or not troubles:
        return
    group = occupancy.group(root)
    if not draft.snapshot.policy.trusted and root.workspace != draft.snapshot.workspace and not asked:
        draft.leave(
            f"{occupancy.label(root)} belongs to another workspace, and this project is not trusted", asked=False
        )
        return
    if draft.touches(group.members):
        return
    if ConflictKind.MUTUAL in troubles and _shares_by_declaration(draft, view, asked=asked):
        return
    row = occupancy.rows[root]
    if occupancy.rows[view.key].port != row.port and view.key != root:
        draft.inherit(view.key, occupancy.spec(view.key), row.port)
        return
    if not occupancy.is_usable(group, row.port):
        if not _stay_with_server(draft, group, quietly=True):
            rescue(draft, root, asked=asked)
    elif ConflictKind.SHADOWED in troubles:
        _unshadow(draft, group, asked=asked)
    elif ConflictKind.MISPLACED in troubles:
        _stay_with_server(draft, group, quietly=False, asked=asked)


def _insist(draft: Draft, view: ServiceView) -> None:
    """Get a service that has no conflict the port it asks for above all, or its home where it asks for none.

    The choice of a variable stands: it is not sticky, and there is nothing to come back to.
    """
    occupancy = draft.occupancy
    root = occupancy.root(view.key)
    row = occupancy.rows.get(root)
    if row is None or row.source is Source.OVERRIDE:
        return
    group = occupancy.group(root)
    wished = asked_ports(group.spec) or (() if row.home is None else (row.home,))
    port = next((each for each in wished if not occupancy.forbidden(group, each)), row.port)
    if port == row.port:
        return
    if problem := force(draft, group, port):
        draft.leave(f"{occupancy.label(root)} cannot have {port}: {problem}", asked=True)
        return
    draft.set_row(
        (exchange_row(draft, group, port),), "it is what it asked for" if asked_ports(group.spec) else "it is its home"
    )
    draft.say_what_runs(group, port)


def _shares_by_declaration(draft: Draft, view: ServiceView, *, asked: bool) -> bool:
    """Say whether the service must not share the port it inherits: no plan can settle that."""
    occupancy = draft.occupancy
    root = occupancy.root(view.key)
    group = occupancy.group(root)
    if not any(occupancy.is_mutual(group, key) for key in group.members):
        return False
    text = f"{occupancy.label(view.key)} inherits a port that it must not share: change the configuration"
    draft.leave(text, asked=asked)
    return True


def _unshadow(draft: Draft, group: Group, *, asked: bool) -> None:
    occupancy = draft.occupancy
    row = occupancy.rows[group.root]
    others = holders_text(seen.listener for seen in occupancy.strangers(group, row.port))
    name = occupancy.label(group.root)
    if not others:
        return
    if draft.strategy is Strategy.AGGRESSIVE:
        problem = force(draft, group, row.port)
    elif draft.strategy is Strategy.CONSERVATIVE:
        problem = f"{others} answers part of it"
    elif occupancy.is_pinned(group):
        problem = f"{name} is pinned, and {others} answers part of it"
    elif not asked:
        # It works, in part: a plan for everything does not disturb it, a plan for this one service does.
        alone = f"`portdash resolve {name}` alone looks for another port"
        problem = f"{others} answers part of it; the rest works, so a plan for all leaves it there, {alone}"
    else:
        found = step_aside(draft, group, row, f"{others} answers part of {row.port}")
        problem = None if found is None else found.exhausted_text
    if problem is not None:
        draft.leave(f"{name} stays shadowed on {row.port}: {problem}", asked=asked)


def _stay_with_server(draft: Draft, group: Group, *, quietly: bool, asked: bool = False) -> bool:
    """Let the assignment follow the service's server, which listens elsewhere; say whether that is drafted.

    That disturbs nobody, so it goes before any other way, but not where the port is another's or wanted by one. With
    `quietly` there is another way left, and nothing is said.
    """
    occupancy = draft.occupancy
    row = occupancy.rows[group.root]
    servers = [seen for seen in occupancy.servers(group) if seen.listener.port != row.port]
    if not servers:
        return False
    port, listener = servers[0].listener.port, servers[0].listener
    name = occupancy.label(group.root)
    if draft.strategy is Strategy.AGGRESSIVE and quietly:
        return False
    if draft.strategy is Strategy.CONSERVATIVE:
        problem = f"its server is {holders_text([listener])}"
    elif occupancy.is_pinned(group):
        problem = f"{name} is pinned to {row.port}"
    else:
        problem = keep_where_it_runs(draft, group.root, port) or ""
    if not problem:
        return True
    if not quietly:
        draft.leave(
            f"{name} runs on {port} instead of {row.port} ({problem}): start it again on {row.port}", asked=asked
        )
    return False
