"""How many cells the columns of a view need, so that no name is cut beside cells that nobody uses.

What is cheap to tell of thousands is told of all of them; the cells of rows that have to be made first, of the first
rows alone.
"""

from collections.abc import Iterable, Mapping
from itertools import islice
from types import MappingProxyType

from rich.cells import cell_len

from portdash.dashboard.rows.drawing import cells_for
from portdash.dashboard.rows.events import OVER
from portdash.dashboard.rows.facts import Facts
from portdash.dashboard.rows.layout import Column, safe
from portdash.dashboard.rows.listing import Listing
from portdash.dashboard.rows.row import EventLine, RangeLine
from portdash.dashboard.rows.sockets import service_of, socket_name, user_of
from portdash.dashboard.rows.view import View
from portdash.manager.naming import suggest_name
from portdash.named_tuple import NamedTuple

MEASURED = 200
"""Rows whose cells are made to be measured."""

KIND_LEAST = 13
"""Cells of `◐ flapping 6x`: words with a figure that grows move no column."""
STRIP_MOST = 100
"""Cells of the longest strip: each range could fill one."""

Cells = Mapping[Column, int]
"""How many cells the widest text of each column takes; of a column that is not there nobody knows."""
_NONE: Cells = MappingProxyType({})


class Needs(NamedTuple):
    """What the rows of a view need; `others` are the other listeners below the services."""

    rows: Cells = _NONE
    others: Cells = _NONE


def needs_of(listing: Listing) -> Needs:
    """Return what the rows of a listing need."""
    match listing.state.view:
        case View.SERVICES:
            return Needs({Column.SERVICE: listing.longest_name}, _others(listing.facts))
        case View.LISTENING:
            return Needs(_sockets(listing.facts))
        case View.RANGES:
            lines = (row.subject for row in listing.rows)
            names = _widest(line.use.name for line in lines if isinstance(line, RangeLine))
            return Needs({Column.NAME: names, Column.STRIP: STRIP_MOST})
        case View.CONFLICTS | View.HISTORY:
            return Needs(_drawn(listing))


def _widest(texts: Iterable[str]) -> int:
    return max((cell_len(safe(text)) for text in texts), default=0)


def _others(facts: Facts) -> Cells:
    listeners = [other.listener for other in islice(facts.others, MEASURED)]
    named = (each for each in listeners if each.project or each.container)
    return {
        Column.SERVICE: _widest(f"{suggest_name(each, facts.wanted)}?" for each in named),
        Column.SOURCE: _widest({each.project.label for each in listeners if each.project}),
    }


def _sockets(facts: Facts) -> Cells:
    """Return what all that listens needs: of thousands most say the same, which is measured once."""
    listeners = [seen.listener for seen in facts.snapshot.listeners]
    views = {view.key: view for view in facts.snapshot.services}
    owned = ((seen.listener, views[seen.key]) for seen in facts.snapshot.listeners if views and seen.key in views)
    return {
        Column.PROCESS: _widest(set(map(socket_name, listeners))),
        Column.PROJECT: _widest({each.project.label for each in listeners if each.project}),
        Column.ADDRESS: _widest({each.address for each in listeners}),
        Column.USER: _widest(set(map(user_of, listeners))),
        Column.PID: len(str(max((each.pid or 0 for each in listeners), default=0))),
        Column.SERVICE: 2 + _widest({service_of(listener, view, facts) for listener, view in owned}),
    }


def _drawn(listing: Listing) -> Cells:
    found = {Column.KIND: KIND_LEAST}
    for row in islice(listing.rows, MEASURED):
        is_said = isinstance(row.subject, EventLine) and row.subject.is_said
        for column, (texts, _tone) in cells_for(row, listing.facts, listing.state.beside).items():
            if is_said and column in OVER:
                continue  # what was said is drawn over them all
            found[column] = max(found.get(column, 0), cell_len(safe(texts[0])) if texts else 0)
    return found
