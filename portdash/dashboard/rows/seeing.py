"""What is seen: the rows of the view that is shown, filtered, narrowed and sorted."""

from collections.abc import Iterator

from portdash.dashboard.rows import texts
from portdash.dashboard.rows.conflict_rows import conflict_rows
from portdash.dashboard.rows.events import event_rows
from portdash.dashboard.rows.facts import Facts, is_in
from portdash.dashboard.rows.listing import Listing, ListState, build_listing, text_rows
from portdash.dashboard.rows.matching import matches
from portdash.dashboard.rows.ranges import range_rows
from portdash.dashboard.rows.row import EventLine, Other, RangeLine, Row
from portdash.dashboard.rows.sockets import socket_rows
from portdash.dashboard.rows.sorting import sort_rows
from portdash.dashboard.rows.view import View
from portdash.model.snapshot import ServiceView


def see(facts: Facts, state: ListState) -> Listing:
    """Return the rows of the view that `state` is about."""
    if state.view is View.SERVICES:
        return build_listing(facts, state)
    found = list(_rows(facts, state))
    shown = [row for row in found if _is_wanted(row, facts, state)]
    rows = sort_rows(shown, state.sort, facts, state.beside)
    if not rows:
        rows = text_rows("empty", (_empty(facts, state, len(found)),), state.width)
    return Listing(tuple(rows), facts, state, len(found) - len(shown))


def _rows(facts: Facts, state: ListState) -> Iterator[Row]:
    if state.view is View.LISTENING:
        return socket_rows(facts)
    if state.view is View.CONFLICTS:
        return conflict_rows(facts)
    if state.view is View.RANGES:
        return range_rows(facts)
    return event_rows(facts.events, state.said)


def _is_wanted(row: Row, facts: Facts, state: ListState) -> bool:
    if isinstance(row.subject, RangeLine):
        name = row.subject.use.name.casefold()
        return all(needle in name for needle in state.filter.needles)
    if state.only is not None and not _is_here(row, facts, state.only):
        return False
    return not state.filter.is_active or matches(state.filter, row, facts)


def _is_here(row: Row, facts: Facts, workspace: str) -> bool:
    """Say whether a row is about something of the workspace that the view is narrowed to."""
    match row.subject:
        case ServiceView() as view:
            return view.key.workspace == workspace
        case Other() as other:
            return is_in(other, facts.snapshot.workspace_named(workspace))
        case EventLine() as line:
            return line.is_said or (line.event.workspace == workspace and line.event.is_of(facts.snapshot.host))
        case _:
            return True


def _empty(facts: Facts, state: ListState, found: int) -> str:
    """Say why there is nothing, and what would change that."""
    if found and state.filter.is_active and not state.filter.is_trouble_alone:
        return texts.nothing_matches(facts, state.filter, found, _NOUNS[state.view], is_narrowed=state.only is not None)
    if found and state.filter.is_trouble_alone and state.view is not View.CONFLICTS:
        return texts.none_in_trouble(facts, state.only, _NOUNS[state.view])
    if found and state.only is not None:
        return texts.nothing_here(facts, state.only, _NOUNS[state.view])
    if state.view is View.CONFLICTS:
        return texts.no_trouble(facts)
    return texts.EMPTY[state.view]


_NOUNS = {
    View.LISTENING: "socket",
    View.CONFLICTS: "trouble",
    View.RANGES: "range",
    View.HISTORY: "event",
}
