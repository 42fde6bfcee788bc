"""Drawing a row of any view: which cells it has, and the line they make."""

from collections.abc import Mapping

from portdash.dashboard import glyphs as g
from portdash.dashboard.rows.cells import Cell, lay
from portdash.dashboard.rows.conflict_rows import conflict_cells, since_text
from portdash.dashboard.rows.events import event_cells, said_line
from portdash.dashboard.rows.facts import Facts
from portdash.dashboard.rows.layout import Column, Columns
from portdash.dashboard.rows.paint import ages_of, finish, other_cells, paint, service_cells
from portdash.dashboard.rows.ranges import range_cells, range_line
from portdash.dashboard.rows.row import EventLine, Kind, Line, Other, RangeLine, Row, RowKey, Span, Tone
from portdash.dashboard.rows.sockets import socket_cells
from portdash.dashboard.rows.words import up_of
from portdash.model.assignment import ServiceKey
from portdash.model.snapshot import ServiceView
from portdash.named_tuple import NamedTuple

_NONE: Mapping[ServiceKey, tuple[str, ...]] = {}


class Beside(NamedTuple):
    """What rows are drawn from besides the facts."""

    marked: frozenset[RowKey] = frozenset()
    ways_out: Mapping[ServiceKey, tuple[str, ...]] = _NONE
    """What resolving each conflict would do, in the fullest wording first, where that is known."""


def cells_for(row: Row, facts: Facts, beside: Beside) -> Mapping[Column, Cell]:
    """Return what each column says in this row; nothing for a line that has no columns."""
    cells: Mapping[Column, Cell] = {}
    match row.kind, row.subject:
        case Kind.SOCKET, _:
            cells = socket_cells(row, facts)
        case Kind.CONFLICT, _:
            cells = conflict_cells(row, facts, beside.ways_out)
        case _, ServiceView() as view:
            cells = service_cells(view, facts)
        case _, Other() as other:
            cells = other_cells(other, facts)
        case _, EventLine() as event:
            cells = event_cells(event, facts)
        case _, RangeLine() as line:
            cells = range_cells(line)
    return cells


def line_of(row: Row, facts: Facts, columns: Columns, width: int, beside: Beside, *, at: int | None = None) -> Line:
    """Return the line of a row, exactly `width` cells; `at` is the bucket of a range that is to be marked."""
    if isinstance(row.subject, RangeLine):
        line = finish(range_line(row.subject, columns, at), row, facts, width)
    elif isinstance(row.subject, EventLine) and row.subject.is_said:
        line = finish(said_line(row.subject, facts, columns), row, facts, width)
    elif row.kind in (Kind.SOCKET, Kind.CONFLICT, Kind.EVENT):
        sign = Column.KIND if row.kind is Kind.CONFLICT else None
        line = finish(lay(cells_for(row, facts, beside), columns.services, sign=sign), row, facts, width)
    else:
        line = paint(row, facts, columns, width)
    if row.can_be_marked and row.subject_key in beside.marked and line:
        return (Span(f" {g.MARK} ", Tone.ACCENT), Span(line[0].text[3:], line[0].tone), *line[1:])
    return line


def ages_told(row: Row, facts: Facts) -> tuple[str, ...]:
    """Return all that a row's line says of time: while it is the same in one world, so is the line."""
    if row.kind is Kind.SOCKET:
        return up_of(row.socket, facts, row.subject_key)
    if row.kind is Kind.CONFLICT and isinstance(row.subject, ServiceView):
        return (since_text(row.subject, facts),)
    return ages_of(row, facts)
