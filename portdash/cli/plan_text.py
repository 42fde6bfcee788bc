"""A plan as lines for people: what is done in which order, what it costs, what it leaves."""

from collections.abc import Iterator

from portdash.cli.listener_text import command_text
from portdash.manager.deps import Deps
from portdash.model.ending import Allowance, spelled
from portdash.model.plan import Action, Plan, Step, depths, grace_of
from portdash.model.snapshot import Snapshot
from portdash.report.scope import workspace_label
from portdash.text import clean, columns, plural

COMMAND = 60
"""Cells of a command line in a tree."""


def plan_lines(plan: Plan, snapshot: Snapshot) -> Iterator[str]:
    """Yield the plan's title, numbered steps, cost, and what stays unresolved, as they read in `snapshot`."""
    yield plan.title
    for number, step in enumerate(plan.steps, start=1):
        yield f"  {number}. {what(step, plan, snapshot)}{f': {step.reason}' if step.reason else ''}"
        yield from (f"       {line}" for line in tree_lines(step))
    if not plan.steps:
        yield "  nothing to change"
    else:
        yield f"  cost: {cost_text(plan)}{'' if plan.optimal else ' (not proved to be the least)'}"
    for left in plan.unresolved:
        yield f"  left: {left.text}"
    for notice in plan.notices:
        yield f"  note: {notice}"


def after_lines(deps: Deps, snapshot: Snapshot, plan: Plan) -> Iterator[str]:
    """Yield, below a plan, what is to be started by hand when it is done, and which written files follow it."""
    if not plan.steps or plan.is_stuck:
        return
    from portdash.manager.written import files_of  # noqa: PLC0415  many plans change nothing
    from portdash.report.to_do import follows, to_do  # noqa: PLC0415  as above

    home = deps.environ.get("HOME", "")
    yield from (f"  you: {each.line(home)}" for each in to_do(plan, snapshot))
    yield from (f"  file: {follows(str(file.path), home)}" for file in files_of(deps, plan))


def what(step: Step, plan: Plan, snapshot: Snapshot) -> str:
    """Return a step in words: `move web from 3000 to 3003`, `end node 4121 on 3000`."""
    service = service_of(step, plan, snapshot)
    match step.action:
        case Action.ASSIGN:
            return f"assign {step.to_port} to {service}"
        case Action.MOVE:
            return f"move {service} from {step.from_port} to {step.to_port}"
        case Action.UPDATE:
            return f"update what is recorded of {service}, which stays on {step.to_port}"
        case Action.RELEASE:
            return f"release {step.from_port}, the port of {service}"
        case Action.RESTART:
            return f"restart {service} on {step.to_port}"
        case Action.TERMINATE | Action.STOP_CONTAINER:
            return _ends(step)


def _ends(step: Step) -> str:
    target = step.target
    verb = "stop container" if step.action is Action.STOP_CONTAINER else "end"
    if target is None:
        return verb
    return f"{'stop' if target.tool else verb} {target.whole} on {target.port}"


def tree_lines(step: Step) -> Iterator[str]:
    """Yield who ends, each below the one that started it, with its command; or the command that stops it instead."""
    target = step.target
    if target is None:
        return
    if target.tool:
        yield spelled(target.tool)
    deep = depths(target.group)
    rows = []
    for each in target.group:
        holds = "listens" if each.pid in target.holding else ""
        rows.append((f"{'  ' * deep[each.pid]}{clean(each.label)}", holds, command_text(each, limit=COMMAND)))
    yield from columns(rows)
    if not target.tool and not target.container_id:
        last = "who is left then is killed" if Allowance.KILL in target.allows else "nobody is killed"
        yield f"SIGTERM, and up to {grace_of(target):g}s to end; {last}"


def service_of(step: Step, plan: Plan, snapshot: Snapshot) -> str:
    """Return the name of the step's service, with its workspace's where that is another than the plan's."""
    row = step.after or step.before
    if step.key is None:
        return "no service"
    name = clean(row.name if row else step.key.service)
    workspace = step.key.workspace
    return name if workspace == plan.workspace else f"{workspace_label(snapshot, workspace)}/{name}"


def cost_text(plan: Plan) -> str:
    """Return the cost in words, parts that are nothing left out."""
    cost, ended = plan.cost, plan.ends_text
    parts = (
        (cost.moved, f"{plural(cost.moved, 'port')} changed"),
        (cost.running_moved, f"{cost.running_moved} of a running service"),
        (cost.lost, f"{plural(cost.lost, 'first choice')} lost"),
        (cost.terminated, f"{ended} ended"),
    )
    return ", ".join(text for count, text in parts if count) or "nothing that exists is disturbed"
