"""A port that an environment variable asks for."""

from dataclasses import replace

from portdash.errors import InvalidPort, NoPortAvailable
from portdash.model.assignment import Assignment, Reason, Source, Verdict
from portdash.model.plan import Strategy
from portdash.planning.candidates import new_row, try_override
from portdash.planning.drafting import Draft
from portdash.planning.requests import Override, Placement
from portdash.text import clean


def place_override(draft: Draft, placement: Placement, override: Override) -> tuple[bool, tuple[Reason, ...]]:
    """Draft the port of the service's variable, if it can be had.

    Returns whether that settled it, and otherwise why the variable was passed over: a notice names it then. With
    `strict` that raises InvalidPort (not a port) or NoPortAvailable (taken).
    """
    group = draft.occupancy.group(placement.key)
    port, refusal = try_override(draft.occupancy, group, override)
    if refusal is not None:
        problem = describe(override, refusal)
        if placement.strict:
            raise (InvalidPort(problem) if port is None else NoPortAvailable(problem, reasons=(refusal,)))
        draft.notice(f"{problem}; the search went on")
        return False, (refusal,)
    assert port is not None
    row = draft.occupancy.rows.get(placement.key)
    if row is None:
        draft.set_row((_row(draft, placement, port, None),), f"{override.variable} says so")
    elif row.port != port and draft.strategy is Strategy.CONSERVATIVE:
        name = draft.occupancy.label(placement.key)
        draft.leave(f"{name} stays on {row.port} though {override.variable} says {port}", asked=True)
    elif row.port != port:
        # The choice before the variable counts again without it: it is kept as the home.
        home = row.home if row.source is Source.OVERRIDE else row.port
        new = _row(draft, placement, port, None if home == port else home)
        draft.set_row((new,), f"{override.variable} says so")
        draft.say_what_runs(group, port)
    elif row.spec != placement.spec:
        draft.set_row((replace(row, spec=placement.spec),), "what it asks for has changed")
    return True, ()


def describe(override: Override, refusal: Reason) -> str:
    """Return what is wrong with a variable's port: `PORT=5005 is taken by node 4121 (blog)`."""
    said = f"{clean(override.variable)}={clean(override.value, limit=40)}"
    if refusal.verdict is Verdict.NOT_A_PORT:
        return f"{said} is not a port"
    if refusal.holder is not None:
        return f"{said} is taken by {refusal.holder}"
    return f"{said} cannot be used: it is {refusal.verdict.value.replace('_', ' ')}"


def _row(draft: Draft, placement: Placement, port: int, home: int | None) -> Assignment:
    return new_row(draft.snapshot, placement, port, Source.OVERRIDE, home=home, actor=draft.actor)
