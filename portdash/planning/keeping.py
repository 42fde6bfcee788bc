"""A service that asks again: it keeps the port it has, unless that cannot be used or is not what it wants any more."""

from portdash.model.assignment import Assignment, Reason, Source
from portdash.model.plan import Strategy
from portdash.planning.drafting import Draft
from portdash.planning.requests import Placement
from portdash.planning.rules import own_range
from portdash.record import replace
from portdash.text import clean


def keep(draft: Draft, placement: Placement, refused: tuple[Reason, ...]) -> None:
    """Draft nothing where request and state are as before, else the least that serves the request.

    Raises NoPortAvailable when its old port is no longer what it asks for and there is no other.
    """
    row = draft.occupancy.rows[placement.key]
    if _stays(draft, placement, row):
        note_change(draft, placement)
        _say_if_kept_outside(draft, row, placement)
        return
    from portdash.planning.leaving import leave_port  # noqa: PLC0415  mostly it stays

    leave_port(draft, placement, refused)


def _stays(draft: Draft, placement: Placement, row: Assignment) -> bool:
    """Say whether nothing speaks against the port it has, and no better one is free for it."""
    return (
        not is_unwanted(draft, placement, row)
        and not has_lost_its_variable(draft, row)
        and draft.occupancy.is_usable(draft.occupancy.group(row.key), row.port)
        and not may_go_home(draft, row)
    )


def is_unwanted(draft: Draft, placement: Placement, row: Assignment) -> bool:
    """Say whether the request, other than the one the port was given for, rules the port out.

    A running server is left alone, and so is a port that was asked for or found rather than searched.
    """
    spec = placement.spec
    if row.source is Source.INHERITED:
        return True
    if spec == row.spec or _runs_here(draft, row):
        return False
    if row.port in spec.exclude and row.port not in row.spec.exclude:
        return True
    own = own_range(spec)
    is_new = own is not None and own != own_range(row.spec)
    return is_new and own is not None and row.port not in own and row.port not in spec.preferred


def has_lost_its_variable(draft: Draft, row: Assignment) -> bool:
    """Say whether it was a variable's choice, and what it was before counts again now that this is not set."""
    return row.source is Source.OVERRIDE and draft.strategy is not Strategy.CONSERVATIVE and not _runs_here(draft, row)


def may_go_home(draft: Draft, row: Assignment) -> bool:
    """Say whether a displaced service goes back: it does not run, or runs there already, and its home is free."""
    if row.home is None or not draft.snapshot.policy.return_home or draft.strategy is Strategy.CONSERVATIVE:
        return False
    group = draft.occupancy.group(row.key)
    elsewhere = [seen for seen in draft.occupancy.servers(group) if seen.listener.port != row.home]
    return not elsewhere and draft.occupancy.refusal(group, row.home) is None


def note_change(draft: Draft, placement: Placement) -> None:
    """Record what a service asks for now, where that has changed and its port has not."""
    row = draft.occupancy.rows[placement.key]
    if row.spec != placement.spec:
        draft.set_row((replace(row, spec=placement.spec),), "what it asks for has changed")


def _runs_here(draft: Draft, row: Assignment) -> bool:
    servers = draft.occupancy.servers(draft.occupancy.group(row.key))
    return any(seen.listener.port == row.port for seen in servers)


def _say_if_kept_outside(draft: Draft, row: Assignment, placement: Placement) -> None:
    own = own_range(placement.spec)
    if placement.spec != row.spec and own is not None and row.port not in (*placement.spec.preferred, *own):
        name = clean(row.name)
        draft.notice(f"{name} keeps {row.port} while it runs there, outside {own}: `portdash move {name}` moves it")
