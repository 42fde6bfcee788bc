"""A plan in words: its steps, what it costs, leaves and asks of you. Pure; every string is clean."""

import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

from portdash.dashboard.key_names import KeyNames
from portdash.dashboard.screens.facts import Fact
from portdash.model.assignment import Assignment, ServiceKey, Verdict
from portdash.model.ending import Allowance, spelled
from portdash.model.plan import Action, Plan, Step, Target, depths, grace_of
from portdash.model.snapshot import Snapshot
from portdash.report.redaction import mask_secrets
from portdash.report.scope import workspace_label
from portdash.report.starting import service_label
from portdash.report.to_do import follows, to_do
from portdash.report.words import reason_phrase, worst_conflict
from portdash.text import and_list, clean, plural

COMMAND = 60
"""Cells of a command line in a tree."""
_OF_ROWS = (Action.ASSIGN, Action.MOVE, Action.UPDATE, Action.RELEASE)
"""What undoing brings back."""
VERBS = {
    Action.ASSIGN: "assign",
    Action.MOVE: "move",
    Action.UPDATE: "update",
    Action.RELEASE: "release",
    Action.RESTART: "restart",
    Action.TERMINATE: "end",
    Action.STOP_CONTAINER: "stop",
}


def step_cells(step: Step, snapshot: Snapshot) -> tuple[str, str]:
    """Return what a step does, as verb and object: `move`, `shop/web  3000 → 3003`."""
    name = _step_name(step, snapshot)
    objects = {
        Action.ASSIGN: f"{name}  {step.to_port}",
        Action.MOVE: f"{name}  {step.from_port} → {step.to_port}",
        Action.UPDATE: f"{name}  stays {step.to_port}",
        Action.RELEASE: f"{name}  {step.from_port}",
        Action.RESTART: f"{name}  on {step.to_port}" if step.to_port else name,
        Action.TERMINATE: _ending(step),
        Action.STOP_CONTAINER: f"container {_target(step)}",
    }
    return VERBS[step.action], objects[step.action]


def _step_name(step: Step, snapshot: Snapshot) -> str:
    row = step.after or step.before
    key = step.key or (row.key if row else None)
    if key is None:
        return ""
    if snapshot.service(key) is None and row is not None:
        return f"{workspace_label(snapshot, key.workspace)}/{clean(row.name)}"
    return service_label(snapshot, key)


def _ending(step: Step) -> str:
    target = step.target
    if target is None:
        return _target(step)
    if target.tool:
        return f"{clean(target.whole)} on {target.port}: {spelled(target.tool)}"
    last = "then KILL" if Allowance.KILL in target.allows else "never KILL"
    return f"{clean(target.whole)} on {target.port}: TERM, up to {grace_of(target):g}s, {last}"


def target_lines(target: Target) -> Iterator[str]:
    """Yield who ends, each below the one that started it, after their number and how; or the line of the tool."""
    if target.tool:
        yield f"{clean(target.tool.stops)}, by `{spelled(target.tool)}`"
    elif target.container_id:
        yield clean(target.label)
    if target.count > 1:
        yield f"{target.count} processes: TERM, up to {grace_of(target):g}s; no KILL"
    deep = depths(target.group)
    for each in target.group:
        words = clean(mask_secrets(shlex.join(each.command or ())), limit=COMMAND)
        yield f"{'  ' * deep[each.pid]}{clean(each.label)}  {words}".rstrip()
    if target.count == 1 and target.group:
        yield f"TERM, up to {grace_of(target):g}s; no KILL"


def _target(step: Step) -> str:
    return f"{clean(step.target.label)} on {step.target.port}" if step.target else "nobody"


def tried(row: Assignment, *, left: int | None = None, most: int = 4) -> str:
    """Return the refused candidates of a row in one line; empty where the first one was taken.

    `left` is the port it leaves, where that has been accounted for already.
    """
    refused = [
        each for each in row.reasons if each.verdict is not Verdict.CHOSEN and (left is None or each.port != left)
    ]
    told = [f"{'?' if each.port is None else each.port} {reason_phrase(each)}" for each in refused[:most]]
    if len(refused) > most:
        told.append(f"{len(refused) - most} more")
    return ", ".join(told)


def cost_text(plan: Plan) -> str:
    """Return what a plan costs: `1 service moves, no process ends`."""
    if not plan.steps:
        return "nothing"
    cost = plan.cost
    running = f", {cost.running_moved} of them running" if cost.running_moved else ""
    parts = [f"{plural(cost.moved, 'service')} {'moves' if cost.moved == 1 else 'move'}{running}"] if cost.moved else []
    parts += [f"ends {plan.ends_text}{_whose(plan)}" if plan.ends_text else "no process ends"]
    if not plan.optimal:
        parts.append("a cheaper way may exist")
    return ", ".join(parts)


def _whose(plan: Plan) -> str:
    """Return whose servers a plan ends, to be read behind how many."""
    runs = {step.target.is_supervised for step in plan.steps if step.target}
    if len(runs) > 1:
        return ", some of them run by portdash"
    return " that portdash runs" if True in runs else " not portdash's"


def left_lines(plan: Plan) -> tuple[str, ...]:
    """Return what stays as it is; what is to be started again is told by `to_do_lines`."""
    return tuple(clean(left.text) for left in plan.unresolved if left.restart is None)


def beside_lines(plan: Plan, snapshot: Snapshot, key: ServiceKey) -> Iterator[str]:
    """Yield what other services stay in trouble because of who holds the port of `key`, when the plan is done."""
    view = snapshot.service(key)
    touched = {step.key for step in plan.steps}
    if view is None or any(step.target for step in plan.steps):
        return
    for other in snapshot.services:
        conflict = worst_conflict(other)
        if conflict is None or other.key == key or other.key in touched:
            continue
        if shared := [each for each in (*other.elsewhere, *other.listeners) if each in view.listeners]:
            yield f"{service_label(snapshot, other.key)} stays {conflict.kind.value} on {shared[0].port}"


def file_lines(files: Iterable[Path], home: str) -> tuple[str, ...]:
    """Return which written files follow a plan."""
    return tuple(follows(str(path), home) for path in files)


def to_do_lines(plan: Plan, snapshot: Snapshot, home: str) -> tuple[str, ...]:
    """Return what is left for the person: a moved server knows nothing of its new port until it is started again."""
    return tuple(each.line(home) for each in to_do(plan, snapshot))


def what_remains(plan: Plan, snapshot: Snapshot, home: str) -> list[Fact]:
    """Return what a plan leaves as it is, its notes, and what is left to do, as every dialog tells it."""
    return [
        ("Left", left_lines(plan)),
        ("Note", [clean(note) for note in plan.notices]),
        ("Still to do", to_do_lines(plan, snapshot, home)),
    ]


def back_text(plan: Plan, keys: KeyNames) -> str:
    """Return what undoing can and cannot bring back."""
    if not plan.steps:
        return "nothing to take back"
    ends = [step.target.whole for step in plan.steps if step.target]
    if ends:
        lost = f"{clean(and_list(ends))} cannot be brought back"
        has_rest = any(step.action in _OF_ROWS for step in plan.steps)
        return f"{lost}; {keys.way('undo')} undoes the rest" if has_rest else lost
    return f"{keys.way('undo')} undoes all of it"
