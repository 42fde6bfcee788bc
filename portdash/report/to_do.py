"""What a plan leaves for the person: a server knows nothing of its new port until it is started again. Pure."""

from collections.abc import Iterator

from portdash.model.assignment import Assignment, ServiceKey
from portdash.model.ending import Tool, spelled
from portdash.model.plan import Action, Plan, Target
from portdash.model.snapshot import ServiceView, Snapshot
from portdash.report.starting import ToDo, how_to_start, own_listeners, start_line, tilde
from portdash.text import clean

_STOP, _START = "stop", "start"


def to_do(plan: Plan, snapshot: Snapshot) -> tuple[ToDo, ...]:
    """Return what is to be started by hand when a plan is done, `snapshot` being the world before it.

    What portdash runs it starts itself.
    """
    rows = {row.key: row for step in plan.steps if (row := step.after)}
    found = [
        how_to_start(snapshot, row)
        if (row := rows.get(left.restart) or snapshot.assignments.get(left.restart))
        else ToDo(None, clean(left.text))
        for left in plan.unresolved
        if left.restart is not None
    ]
    found += [how_to_start(snapshot, row) for row in _moved_idle(plan, snapshot)]
    told = {each.key for each in found}
    for view, row, target in _claimants(plan, snapshot, rows):
        if view.key not in told:
            told.add(view.key)
            found.append(_by_tool(snapshot, view, target) or how_to_start(snapshot, row))
    return tuple(dict.fromkeys(found))


def follows(path: str, home: str) -> str:
    """Return that a file which portdash has a block in says what is, once a plan is done."""
    return f"portdash's block in {tilde(path, home)} follows"


def _moved_idle(plan: Plan, snapshot: Snapshot) -> Iterator[Assignment]:
    """Yield services that move and do not run, but for those that come along with another."""
    for step in plan.steps:
        row = step.after
        view = snapshot.service(row.key) if row and step.action is Action.MOVE else None
        if row and view and not (view.is_running or row.spec.inherit_from or _is_supervised(snapshot, row.key)):
            yield row


def _claimants(
    plan: Plan, snapshot: Snapshot, rows: dict[ServiceKey, Assignment]
) -> Iterator[tuple[ServiceView, Assignment, Target]]:
    """Yield the services whose port is freed, with their rows and who held it: of this workspace, or any by `free`.

    Those of this workspace, too, whose own server ends on another port.
    """
    targets = {(each.port, each.protocol): each for step in plan.steps if (each := step.target)}
    for view in snapshot.services:
        is_here = view.key.workspace == plan.workspace
        ports = [view.port, *(each.port for each in view.elsewhere if is_here)]
        slots = ((port, view.key.protocol) for port in ports if port is not None)
        target = next((targets[slot] for slot in slots if slot in targets), None)
        row = rows.get(view.key, view.assignment)
        if target is None or row is None or view.spec.inherit_from or _is_supervised(snapshot, view.key):
            continue
        if plan.only_frees or is_here:
            yield view, row, target


def _by_tool(snapshot: Snapshot, view: ServiceView, target: Target) -> ToDo | None:
    """Return how the tool that stops a service's own server starts it again: `systemctl --user start web.service`."""
    tool = target.tool
    if tool is None or _STOP not in tool.argv or not any(each.port == target.port for each in own_listeners(view)):
        return None
    argv = tuple(_START if word == _STOP else word for word in tool.argv)
    told = spelled(Tool(tool.stops, argv, tool.environ))
    return ToDo(view.key, f"{start_line(snapshot, view.key)}: {told}", port=view.port or target.port)


def _is_supervised(snapshot: Snapshot, key: ServiceKey) -> bool:
    """Say whether a `portdash run` looks after a service."""
    lease = snapshot.leases.get(key)
    return lease is not None and lease.supervised
