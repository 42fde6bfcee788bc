"""What a column says in one row, and laying such cells out in a line."""

from collections.abc import Mapping

from portdash.dashboard.rows.layout import MARGIN, Column, Place, choose, fit
from portdash.dashboard.rows.row import Line, Span, Tone

Cell = tuple[tuple[str, ...], Tone]
"""Wordings, fullest first, and the tone they are drawn in."""

RIGHT = frozenset({Column.CONN, Column.PID, Column.USED})
"""Columns of numbers that end below each other."""


def lay(cells: Mapping[Column, Cell], places: tuple[Place, ...], *, sign: Column | None = None) -> Line:
    """Lay cells out in the widths of their columns.

    Of the column `sign` only the first cell, its glyph, has the tone; the words beside it stay plain.
    """
    spans = [Span(" " * MARGIN)]
    for number, (column, width) in enumerate(places):
        texts, tone = cells[column]
        gap = " " if number + 1 < len(places) else ""
        drawn = fit(choose(texts, width), width, right=column in RIGHT) + gap
        if column is sign:
            spans.append(Span(drawn[:1], tone))
            drawn, tone = drawn[1:], Tone.PLAIN
        spans.append(Span(drawn, tone))
    return tuple(spans)
