"""Making text fit: columns by width, cutting and padding in terminal cells. Every drawn string passes `fit`."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from rich.cells import cell_len, set_cell_size

from portdash.dashboard.rows.row import Line, Span, Tone
from portdash.dashboard.rows.trend import CELLS
from portdash.named_tuple import NamedTuple
from portdash.text import clean

MARGIN = 3
"""Cells before the first column: the cursor and its distance to the text."""
HOLDER_LEAST = 24
"""Cells that HELD BY keeps before a trend or a host is shown."""
HOST_CELLS = 8
NAME_MOST = 24
"""Cells that the longest name is given."""


class Column(StrEnum):
    """A column of some view; other listeners use the places of services under other heads."""

    SERVICE = "SERVICE"
    PORT = "PORT"
    SOURCE = "SOURCE"
    STATE = "STATE"
    TREND = "TREND"
    HELD_BY = "HELD BY"
    HOST = "HOST"
    VIA = "VIA"
    UP = "UP"
    COMMAND = "COMMAND"
    PROTO = "PROTO"
    ADDRESS = "ADDRESS"
    PID = "PID"
    PROCESS = "PROCESS"
    PROJECT = "PROJECT"
    CONN = "CONN"
    USER = "USER"
    KIND = "KIND"
    HOLDER = "HOLDER"
    SINCE = "SINCE"
    WAY_OUT = "WAY OUT"
    NAME = "NAME"
    PORTS = "PORTS"
    PRIO = "PRIO"
    USED = "USED"
    STRIP = "STRIP"
    TIME = "TIME"
    WHO = "WHO"
    ACTION = "ACTION"
    FROM_TO = "FROM→TO"
    WHY = "WHY"


OTHER_HEADS = {
    Column.SERVICE: "WOULD BE",
    Column.SOURCE: "PROJECT",
    Column.STATE: "CONNECTIONS",
    Column.HELD_BY: "PROCESS",
}


class Place(NamedTuple):
    """A column with its width."""

    column: Column
    width: int


class Columns(NamedTuple):
    """The columns that there is room for, for services and for other listeners."""

    services: tuple[Place, ...]
    others: tuple[Place, ...]
    sorted_by: Column | None = None
    """The column that the rows are sorted by; None where they have the order of their view."""
    is_reversed: bool = False

    def has(self, column: Column) -> bool:
        """Whether services show it."""
        return any(place.column is column for place in self.services)


def columns_for(width: int, longest_name: int, *, trend: bool = False, hosts: bool = False) -> Columns:
    """Return what fits `width`, by priority: a name is cut last, HELD BY takes what is left.

    With `hosts` rows say on which host they are, and with `trend` services how their latencies went, where HELD BY has
    room enough without those cells.
    """
    columns = _columns_for(width, longest_name)
    if hosts and width >= 98:
        columns = _with_host(columns)
    return _with_trend(columns) if trend and width >= 98 else columns


def _holder_room(columns: Columns) -> int:
    return next(place.width for place in columns.services if place.column is Column.HELD_BY)


def _with_host(columns: Columns) -> Columns:
    """Take the cells of HOST from HELD BY, which stands before it."""
    if _holder_room(columns) < HOLDER_LEAST + HOST_CELLS + 1:
        return columns
    return Columns(_host_beside(columns.services), _host_beside(columns.others))


def _host_beside(places: tuple[Place, ...]) -> tuple[Place, ...]:
    found: list[Place] = []
    for column, width in places:
        held = column is Column.HELD_BY
        found.append(Place(column, width - HOST_CELLS - 1 if held else width))
        found += [Place(Column.HOST, HOST_CELLS)] if held else []
    return tuple(found)


def _with_trend(columns: Columns) -> Columns:
    """Take the cells of TREND from HELD BY; other listeners have them in the column before it."""
    taken = CELLS + 1
    if _holder_room(columns) < HOLDER_LEAST + taken:
        return columns
    services, others = [], []
    for column, width in columns.services:
        held = column is Column.HELD_BY
        services += [Place(Column.TREND, CELLS)] if held else []
        services.append(Place(column, width - taken if held else width))
        others.append(Place(column, width - taken if held else width + taken if column is Column.STATE else width))
    return Columns(tuple(services), tuple(others))


def _columns_for(width: int, longest_name: int) -> Columns:
    if width >= 140:
        fixed = [(Column.PORT, 5), (Column.SOURCE, 14), (Column.STATE, 14), (Column.VIA, 10), (Column.UP, 4)]
        command = min(60, width - 125)
        services = _spread(width, _name(longest_name, 13, NAME_MOST), [*fixed, (Column.COMMAND, command)])
        return Columns(services, services)
    if width >= 98:
        fixed = [(Column.PORT, 5), (Column.SOURCE, 14), (Column.STATE, 14), (Column.VIA, 8), (Column.UP, 4)]
        services = _spread(width, _name(longest_name, 13 if width < 110 else 20, NAME_MOST), fixed)
        return Columns(services, services)
    if width >= 70:
        fixed = [(Column.PORT, 5), (Column.SOURCE, 13), (Column.STATE, 14), (Column.UP, 4)]
        services = _spread(width, _name(longest_name, 11, 18), fixed)
        return Columns(services, _merged(services, Column.STATE))
    if width >= 50:
        services = _spread(width, _name(longest_name, 11, 16), [(Column.PORT, 5), (Column.STATE, 14)])
        return Columns(services, _merged(services, Column.STATE))
    name = max(4, width - MARGIN - 7 - 14)
    services = (Place(Column.SERVICE, name), Place(Column.PORT, 5), Place(Column.STATE, 14))
    return Columns(services, (*services[:2], Place(Column.HELD_BY, 14)))


def _name(longest: int, least: int, most: int) -> int:
    return max(least, min(longest, most))


def _spread(width: int, name: int, fixed: Sequence[tuple[Column, int]]) -> tuple[Place, ...]:
    """Give each column its width and HELD BY, which stands after STATE, the rest."""
    rest = width - MARGIN - name - sum(each + 1 for _column, each in fixed) - 1
    places = [Place(Column.SERVICE, name)]
    for column, each in fixed:
        places.append(Place(column, each))
        if column is Column.STATE:
            places.append(Place(Column.HELD_BY, rest))
    return tuple(places)


def _merged(places: tuple[Place, ...], dropped: Column) -> tuple[Place, ...]:
    """Give the room of a dropped column to HELD BY."""
    freed = sum(place.width + 1 for place in places if place.column is dropped)
    return tuple(
        Place(place.column, place.width + freed) if place.column is Column.HELD_BY else place
        for place in places
        if place.column is not dropped
    )


def widened(places: tuple[Place, ...], needs: Mapping[Column, int]) -> tuple[Place, ...]:
    """Give names of other listeners the cells that they need and PROCESS can spare: what it says after who it is."""
    held = next((place.width for place in places if place.column is Column.HELD_BY), 0)
    spare = max(0, held - HOLDER_LEAST)
    found = []
    for column, width in places:
        more = min(spare, max(0, min(needs.get(column, 0), NAME_MOST) - width))
        spare -= more
        held -= more
        found.append(Place(column, width + more))
    return tuple(Place(column, held if column is Column.HELD_BY else width) for column, width in found)


def safe(text: str) -> str:
    """Return `text` without anything a terminal would obey."""
    return text if text.isprintable() else clean(text, limit=None)


def cut(text: str, width: int) -> str:
    """Return `text` cleaned and cut to `width` cells, the cut shown by an ellipsis."""
    text = safe(text)
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1) + "…" if width > 1 else "…"[:width]


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Return `text` cleaned, cut and padded to exactly `width` cells."""
    text = cut(text, width)
    padding = " " * (width - cell_len(text))
    return padding + text if right else text + padding


def choose(texts: Sequence[str], width: int) -> str:
    """Return the first, fullest wording that fits `width` cells, else the last."""
    return next((text for text in texts if cell_len(safe(text)) <= width), texts[-1] if texts else "")


def line_width(line: Iterable[Span]) -> int:
    """Return how many cells a line takes."""
    return sum(cell_len(safe(span.text)) for span in line)


def cut_line(line: Iterable[Span], width: int) -> Line:
    """Return `line` cleaned and cut to `width` cells."""
    kept: list[Span] = []
    for span in line:
        if width <= 0:
            break
        text = cut(span.text, width)
        kept.append(Span(text, span.tone))
        width -= cell_len(text)
    return tuple(kept)


def justify(left: Line, right: Line, width: int) -> Line:
    """Return `left` and `right` at the two ends of `width` cells; the left one is cut where both do not fit."""
    right = cut_line(right, width)
    room = width - line_width(right)
    left = cut_line(left, max(0, room - 1) if right else room)
    gap = " " * (room - line_width(left))
    return (*left, Span(gap, Tone.PLAIN), *right)
