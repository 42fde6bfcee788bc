"""A service that asks again and does not stay: its port cannot be used, is not what it wants, or its home is free."""

from dataclasses import replace

from portdash.model.assignment import Reason
from portdash.model.plan import Strategy
from portdash.planning.candidates import exhausted, find
from portdash.planning.displacement import exchange_row
from portdash.planning.drafting import Draft, Seat
from portdash.planning.giving import give
from portdash.planning.keeping import has_lost_its_variable, is_unwanted, note_change
from portdash.planning.requests import Placement
from portdash.planning.rescue import rescue, why_left
from portdash.text import clean


def leave_port(draft: Draft, placement: Placement, refused: tuple[Reason, ...]) -> None:
    """Draft another port for a service that does not keep its own. Raises NoPortAvailable."""
    occupancy = draft.occupancy
    row = occupancy.rows[placement.key]
    if is_unwanted(draft, placement, row):
        _replace(draft, placement, refused)
    elif has_lost_its_variable(draft, row):
        _forget_override(draft, placement)
    elif not occupancy.is_usable(occupancy.group(row.key), row.port):
        if rescue(draft, placement.key, asked=True):
            note_change(draft, placement)
    else:
        _go_home(draft, placement)


def _replace(draft: Draft, placement: Placement, refused: tuple[Reason, ...]) -> None:
    """Search a new port for a service that does not want its old one."""
    occupancy = draft.occupancy
    group = occupancy.group(placement.key)
    row = occupancy.rows[placement.key]
    if draft.strategy is Strategy.CONSERVATIVE:
        draft.leave(f"{occupancy.label(placement.key)} stays on {row.port}, which it no longer asks for", asked=True)
        return
    left, avoid = why_left(draft, group, row), frozenset({row.port})
    found = find(occupancy, group, refused=(*refused, left), avoid=avoid, actor=draft.actor)
    if not give(draft, group, found, Seat(f"it no longer asks for {row.port}", avoid=avoid)):
        raise exhausted(found)


def _forget_override(draft: Draft, placement: Placement) -> None:
    """Without its variable, the choice before it counts again: the home, else a search that may end where it is."""
    occupancy = draft.occupancy
    group = occupancy.group(placement.key)
    row = occupancy.rows[placement.key]
    why = "its variable is not set any more"
    if row.home is not None and occupancy.refusal(group, row.home) is None:
        draft.set_row((exchange_row(draft, group, row.home),), why)
        return
    found = find(occupancy, group, actor=draft.actor)
    if not give(draft, group, found, Seat(why)):
        raise exhausted(found)


def _go_home(draft: Draft, placement: Placement) -> None:
    group = draft.occupancy.group(placement.key)
    row = draft.occupancy.rows[placement.key]
    assert row.home is not None
    home = replace(exchange_row(draft, group, row.home), spec=placement.spec)
    draft.notice(f"{clean(row.name)} returns from {row.port} to {row.home}, which is free again")
    draft.set_row((home,), f"its home {row.home} is free again")
