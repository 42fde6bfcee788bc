"""A plan as lines for people: what is done in which order, what it costs, what it leaves."""

from collections.abc import Iterator

from portdash.model.plan import Action, Plan, Step
from portdash.text import plural


def plan_lines(plan: Plan) -> Iterator[str]:
    """Yield the plan's title, numbered steps, cost, and what stays unresolved."""
    yield plan.title
    for number, step in enumerate(plan.steps, start=1):
        yield (
            f"  {number}. {what(step, plan.workspace)}: {step.reason}"
            if step.reason
            else (f"  {number}. {what(step, plan.workspace)}")
        )
    if not plan.steps:
        yield "  nothing to change"
    else:
        yield f"  cost: {cost_text(plan)}{'' if plan.optimal else ' (not proved to be the least)'}"
    for left in plan.unresolved:
        yield f"  left: {left.text}"
    for notice in plan.notices:
        yield f"  note: {notice}"


def what(step: Step, workspace: str) -> str:
    """Return a step in words: `move web from 3000 to 3003`, `end node 4121 on 3000`."""
    service = service_of(step, workspace)
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
            target = step.target
            verb = "end" if step.action is Action.TERMINATE else "stop container"
            return f"{verb} {target.label} on {target.port}" if target else verb


def service_of(step: Step, workspace: str) -> str:
    """Return the name of the step's service, qualified where it is of another workspace."""
    row = step.after or step.before
    if step.key is None:
        return "no service"
    name = row.name if row else step.key.service
    return name if step.key.workspace == workspace else f"{step.key.workspace}/{name}"


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
