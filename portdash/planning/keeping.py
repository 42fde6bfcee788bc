"""A service that asks again: it keeps the port it has, unless that cannot be used or is not what it wants any more."""

from dataclasses import replace

from portdash.model.assignment import Assignment, Reason, Source
from portdash.model.plan import Strategy
from portdash.planning.candidates import exhausted, find
from portdash.planning.displacement import exchange_row
from portdash.planning.drafting import Draft, Seat
from portdash.planning.occupancy import Group
from portdash.planning.requests import Placement
from portdash.planning.rescue import give, rescue, why_left
from portdash.planning.rules import own_range
from portdash.text import clean


def keep(draft: Draft, placement: Placement, refused: tuple[Reason, ...]) -> None:
    """Draft nothing where request and state are as before, else the least that serves the request.

    Raises NoPortAvailable when its old port is no longer what it asks for and there is no other.
    """
    occupancy = draft.occupancy
    group = occupancy.group(placement.key)
    row = occupancy.rows[placement.key]
    runs_here = any(seen.listener.port == row.port for seen in occupancy.servers(group))
    if row.source is Source.INHERITED or _is_unwanted(row, placement, runs_here=runs_here):
        _replace(draft, placement, refused)
        return
    if row.source is Source.OVERRIDE and not runs_here and draft.strategy is not Strategy.CONSERVATIVE:
        _forget_override(draft, placement)
        return
    if not occupancy.is_usable(group, row.port):
        if rescue(draft, placement.key, asked=True):
            _note_change(draft, placement)
        return
    if _may_go_home(draft, group, row):
        assert row.home is not None
        home = replace(exchange_row(draft, group, row.home), spec=placement.spec)
        draft.notice(f"{clean(row.name)} returns from {row.port} to {row.home}, which is free again")
        draft.set_row((home,), f"its home {row.home} is free again")
        return
    _note_change(draft, placement)
    _say_if_kept_outside(draft, row, placement)


def _is_unwanted(row: Assignment, placement: Placement, *, runs_here: bool) -> bool:
    """Say whether the request, other than the one the port was given for, rules the port out.

    A running server is left alone, and so is a port that was asked for or found rather than searched.
    """
    spec = placement.spec
    if spec == row.spec or runs_here:
        return False
    if row.port in spec.exclude and row.port not in row.spec.exclude:
        return True
    own = own_range(spec)
    is_new = own is not None and own != own_range(row.spec)
    return is_new and own is not None and row.port not in own and row.port not in spec.preferred


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


def _may_go_home(draft: Draft, group: Group, row: Assignment) -> bool:
    """Say whether a displaced service goes back: it does not run, or runs there already, and its home is free."""
    if row.home is None or not draft.snapshot.policy.return_home or draft.strategy is Strategy.CONSERVATIVE:
        return False
    elsewhere = [seen for seen in draft.occupancy.servers(group) if seen.listener.port != row.home]
    return not elsewhere and draft.occupancy.refusal(group, row.home) is None


def _note_change(draft: Draft, placement: Placement) -> None:
    """Record what a service asks for now, where that has changed and its port has not."""
    row = draft.occupancy.rows[placement.key]
    if row.spec != placement.spec:
        draft.set_row((replace(row, spec=placement.spec),), "what it asks for has changed")


def _say_if_kept_outside(draft: Draft, row: Assignment, placement: Placement) -> None:
    own = own_range(placement.spec)
    if placement.spec != row.spec and own is not None and row.port not in (*placement.spec.preferred, *own):
        name = clean(row.name)
        draft.notice(f"{name} keeps {row.port} while it runs there, outside {own}: `portdash move {name}` moves it")
