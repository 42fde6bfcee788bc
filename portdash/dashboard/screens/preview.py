"""What would come of the allocate form, as labelled lines. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from portdash.dashboard.screens.facts import Fact
from portdash.dashboard.screens.plan_view import step_cells, what_remains
from portdash.dashboard.screens.shell import adopt_command, allocate_command
from portdash.errors import NoPortAvailable, PortdashError
from portdash.manager.wishes import Wish
from portdash.model.assignment import Assignment, Reason, Verdict
from portdash.model.names import split_qualified
from portdash.model.plan import Action, Plan, Step
from portdash.model.snapshot import Snapshot
from portdash.report.scope import workspace_label
from portdash.report.starting import tilde
from portdash.report.words import reason_phrase, source_phrase
from portdash.text import clean, plural

MOST_REASONS = 6
"""Refused candidates that are told one by one."""


def allocation_facts(snapshot: Snapshot, plan: Plan, wish: Wish, home: str) -> list[Fact]:
    """Return what an allocation would give, why, and how to ask for the same in a shell."""
    row = asked_for(snapshot, plan, wish)
    others = [step for step in plan.steps if step.key and (row is None or step.key != row.key)]
    return [
        ("Would get", _would_get(plan, row)),
        ("", list(_candidates(plan, row)) if row and plan.steps else ""),
        ("Also", ["  ".join(step_cells(step, snapshot)) for step in others]),
        *what_remains(plan, snapshot, home),
        ("Variable", f"{row.spec.variable}={row.port}" if row else ""),
        ("Shell", allocate_command(wish)),
    ]


def asked_for(snapshot: Snapshot, plan: Plan, wish: Wish) -> Assignment | None:
    """Return the row that the wish would have: from the plan, or the one it has already."""
    workspace, name = split_qualified(wish.name)
    wanted = (workspace or snapshot.workspace, name.casefold())
    for step in plan.steps:
        if step.after and (step.after.key.workspace, step.after.key.service) == wanted:
            return step.after
    rows = (view.assignment for view in snapshot.services if (view.key.workspace, view.key.service) == wanted)
    return next(rows, None)


def _would_get(plan: Plan, row: Assignment | None) -> str:
    if row is None:
        return "nothing"
    if not plan.steps:
        return f"{row.port}, which it has already ({source_phrase(row)})"
    return f"{row.port}   {source_phrase(row)}, {plural(row.attempts, 'candidate')} tried"


def _candidates(plan: Plan, row: Assignment) -> Iterator[str]:
    """Yield the refused candidates, the chosen one, and those that come next."""
    refused = [each for each in row.reasons if each.verdict is not Verdict.CHOSEN]
    yield from refused_lines(refused)
    yield f"{row.port:>5}  chosen   nobody has it or listens there"
    later = [str(each.port) for step in plan.steps if step.after == row for each in step.options[1:4]]
    if later:
        yield f" then  {', '.join(later)}"


def refused_lines(reasons: Sequence[Reason]) -> Iterator[str]:
    """Yield a line for each refused candidate, the rest of many as one."""
    for each in reasons[:MOST_REASONS]:
        port = "    ?" if each.port is None else f"{each.port:>5}"
        yield f"{port}  refused  {reason_phrase(each)}"
    if len(reasons) > MOST_REASONS:
        yield f"       and {len(reasons) - MOST_REASONS} more"


def adoption_facts(snapshot: Snapshot, plan: Plan, names: Mapping[int, str], home: str) -> list[Fact]:
    """Return which services would be born, how they will be known again, and the same for a shell.

    `names` are those that were asked for, by port, with the workspace where one was chosen.
    """
    born = [step for step in plan.steps if step.after and step.action in (Action.ASSIGN, Action.MOVE, Action.UPDATE)]
    return [
        ("Services", [_born(snapshot, plan, step) for step in born]),
        ("Known by", [line for step in born if (line := _known_by(step, home))]),
        *what_remains(plan, snapshot, home),
        ("Shell", [adopt_command(row.port, names.get(row.port, row.name)) for step in born if (row := step.after)]),
    ]


def _born(snapshot: Snapshot, plan: Plan, step: Step) -> str:
    row = step.after
    assert row is not None
    fresh = next((each.label for each in plan.workspaces if each.name == row.key.workspace), None)
    where = fresh or workspace_label(snapshot, row.key.workspace)
    return f"{clean(where)}/{clean(row.name)}  keeps {row.port} from now on"


def _known_by(step: Step, home: str) -> str:
    match = step.after.spec.match if step.after else None
    if match is None:
        return ""
    parts = [f"process {clean(match.process)}" if match.process else "any process"]
    if match.command:
        parts.append(f"with {clean(match.command)}")
    if match.directory:
        parts.append(f"in {tilde(match.directory, home)}")
    if match.unit:
        parts.append(f"of {clean(match.unit)}")
    return " ".join(parts)


def refused_facts(error: PortdashError) -> list[Fact]:
    """Return why the planner has nothing to offer."""
    reasons = [each for each in error.reasons if isinstance(each, Reason)] if isinstance(error, NoPortAvailable) else []
    return [("Would get", f"nothing: {error.message}"), ("", list(refused_lines(reasons))), ("", error.hint)]
