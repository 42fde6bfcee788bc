"""The list: a line-rendered table of 5,000 rows whose cursor stays on its row, whatever is refreshed round it.

Rows come as a frozen `Listing`; only lines that are visible are ever drawn, and only those that changed are drawn anew.
The first line is the heads of the columns and does not scroll.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual.events import Click, Resize
from textual.strip import Strip

from portdash.dashboard.first_frame import READING
from portdash.dashboard.glyphs import CURSOR
from portdash.dashboard.messages import (
    BucketChosen,
    CursorMoved,
    FoldRequested,
    HeadClicked,
    MenuRequested,
    RowOpened,
)
from portdash.dashboard.rows.layout import MARGIN, Column, Columns, cut_line
from portdash.dashboard.rows.row import Kind, Line, Row, Span, Tone
from portdash.dashboard.rows.view import Sort, View
from portdash.dashboard.widgets.cursor_table import CursorTable

if TYPE_CHECKING:
    from portdash.dashboard.rows.facts import Facts

TREND_FROM = 150
"""Columns of the terminal from which on the list shows how latencies went."""
_RIGHT_BUTTON = 3
_STARRED = "* not its preferred port"
"""Where no SOURCE column says it."""


class ServiceTable(CursorTable, inherit_bindings=False):
    """Shows a listing and keeps a cursor in it, by key."""

    DEFAULT_CSS = """
    ServiceTable {
        height: 1fr;
        overflow: hidden auto;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
    }
    """

    bucket = 0
    """Cell of the strip that the cursor is on, in the view of ranges."""
    without: frozenset[Column] = frozenset()
    """Columns that somebody does not want to see."""
    notice = READING
    """What is said while there is nothing to list."""
    _below = ""
    """What the last line says, while it is free."""
    _lines: dict[int, Line]
    """Lines drawn from this listing at this width."""
    _ages: dict[int, tuple[str, ...]]
    """The ages that each of them tells."""
    _columns: Columns | None = None
    _columns_width = 0
    """The width they were laid out for: a scroll bar that appears takes a cell."""

    def on_mount(self) -> None:
        """Start with nothing drawn."""
        self._lines, self._ages = {}, {}

    def say(self, notice: str) -> None:
        """Say why there is nothing to list yet."""
        self.notice = notice
        self.refresh()

    def say_below(self, text: str) -> None:
        """Say something in the last line of the list, where no row is; nothing happens when it says so already."""
        if text != self._below:
            self._below = text
            self.refresh_line(self.scroll_offset.y + self.scrollable_content_region.height - 1)

    @property
    def has_room_below(self) -> bool:
        """Whether the rows leave the last line free."""
        return self.listing is not None and len(self.listing.rows) < self.page

    @property
    def columns(self) -> Columns:
        """The columns that are shown."""
        width = self.scrollable_content_region.width
        if self._columns is None or self._columns_width != width:
            from portdash.dashboard.rows.column_sets import columns_of  # noqa: PLC0415  not for the first frame
            from portdash.dashboard.rows.needs import Needs, needs_of  # noqa: PLC0415  as above

            view = self.listing.state.view if self.listing else View.SERVICES
            needs = needs_of(self.listing) if self.listing else Needs()
            order = self.listing.state.sort if self.listing else Sort()
            hosts = bool(self.listing and self.listing.facts.snapshot.remote)
            trend = self.app.size.width >= TREND_FROM and bool(self.listing and self.listing.facts.pulses)
            self._columns_width = width
            columns = columns_of(view, width, needs, trend=trend, hosts=hosts, without=self.without)
            self._columns = columns._replace(sorted_by=order.column, is_reversed=order.is_reversed)
        return self._columns

    def grow_older(self, facts: Facts) -> None:
        """Draw the same rows at a later time: only lines that tell another age are drawn anew."""
        from portdash.dashboard.rows.drawing import ages_told  # noqa: PLC0415  as above

        if self.listing is None:
            return
        self.listing = replace(self.listing, facts=facts)
        top = self.scroll_offset.y
        end = top + self.page
        for index, told in list(self._ages.items()):
            is_seen = top <= index < end
            if is_seen and told == ages_told(self.listing.rows[index], facts):
                continue
            del self._lines[index], self._ages[index]
            if is_seen:
                self.refresh_line(index + 1)

    def move_bucket(self, to: int) -> None:
        """Put the cursor on another cell of the strip."""
        self.bucket = max(0, to)
        self._lines.pop(self._index, None)
        self.refresh_line(self._index + 1)
        self.post_message(CursorMoved(self.row))

    def on_resize(self, event: Resize) -> None:  # noqa: ARG002
        """Lay the columns out anew."""
        self.forget_lines()
        self.refresh()
        self.reveal()

    def on_click(self, event: Click) -> None:
        """Put the cursor under the mouse; a click on the row it is on opens it, one on a fold sign folds.

        A click on the head of a column sorts by it, one with the right button opens the menu of the row.
        """
        if self.listing is None:
            return
        if event.y < 1:
            if (column := self._column_at(event.x)) is not None:
                self.post_message(HeadClicked(column))
            return
        index = self.scroll_offset.y + event.y - 1
        if index >= len(self.listing.rows) or not self.listing.rows[index].can_hold_cursor:
            return
        row = self.listing.rows[index]
        was_there = index == self._index
        self._set_index(index)
        if event.button == _RIGHT_BUTTON:
            self.post_message(MenuRequested())
        elif row.kind is Kind.RANGE:
            self._range_clicked(event.x, was_there=was_there)
        elif row.is_foldable and (event.x < 2 or was_there):
            self.post_message(FoldRequested(row.key))
        elif was_there:
            self.post_message(RowOpened(row))

    def _range_clicked(self, x: int, *, was_there: bool) -> None:
        """Put the cursor on the cell of the strip under the mouse; a second click there opens it."""
        from portdash.dashboard.rows.ranges import strip_width  # noqa: PLC0415  as above

        cell = x - (
            MARGIN + sum(place.width + 1 for place in self.columns.services if place.column is not Column.STRIP)
        )
        row = self.row
        if not 0 <= cell < strip_width(self.columns) or row is None:
            return
        if was_there and cell == self.bucket:
            self.post_message(RowOpened(row))
        else:
            self.move_bucket(cell)
            self.post_message(BucketChosen())

    def _column_at(self, x: int) -> Column | None:
        """Return the column whose head is under the mouse."""
        start = MARGIN
        for column, width in self.columns.services:
            if start <= x < start + width:
                return column
            start += width + 1
        return None

    def watch_has_focus(self, has_focus: bool) -> None:
        """Draw the cursor as it looks with or without the focus."""
        super().watch_has_focus(has_focus)
        self.refresh()

    def forget_lines(self) -> None:
        """Drop what was drawn: rows, columns or the width are others."""
        self._lines, self._ages = {}, {}
        self._columns = None

    def _line(self, index: int) -> Line:
        width = self.scrollable_content_region.width
        if self._columns_width != width:  # a scroll bar came or went, which no event tells
            self.forget_lines()
        if index not in self._lines:
            from portdash.dashboard.rows.drawing import ages_told, line_of  # noqa: PLC0415  as above

            assert self.listing is not None
            row, facts = self.listing.rows[index], self.listing.facts
            self._lines[index] = line_of(row, facts, self.columns, width, self.listing.state.beside)
            self._ages[index] = ages_told(row, facts)
        return self._lines[index]

    def visible_lines(self) -> tuple[Line | None, ...]:
        """Return what each line of the window shows, the heads and the cursor's among them."""
        if self.listing is None:
            return ()
        top = self.scroll_offset.y
        rows = [self._drawn(top + y) for y in range(self.page)]
        return self._head(), *rows

    def _drawn(self, index: int) -> Line | None:
        if self.listing is None or index >= len(self.listing.rows):
            return None
        row = self.listing.rows[index]
        if index != self._index or self.cursor is None:
            return self._line(index)
        if row.kind is Kind.RANGE:
            from portdash.dashboard.rows.drawing import line_of  # noqa: PLC0415  as above

            width = self.scrollable_content_region.width
            beside = self.listing.state.beside
            line = line_of(row, self.listing.facts, self.columns, width, beside, at=self.bucket)
            return self._with_cursor(line, row)
        return self._with_cursor(self._line(index), row)

    @staticmethod
    def _with_cursor(line: Line, row: Row) -> Line:
        """Put the cursor's sign where a row has none of its own."""
        if row.is_foldable or not line:
            return line
        return (Span(CURSOR, line[0].tone), Span(line[0].text[1:], line[0].tone), *line[1:])

    def refresh_changed(self, before: tuple[Line | None, ...]) -> None:
        """Draw the lines that are others than `before`."""
        after = self.visible_lines()
        if len(before) != len(after):
            self.refresh()
            return
        top = self.scroll_offset.y
        for y, (old, new) in enumerate(zip(before, after, strict=True)):
            if old != new:
                self.refresh_line(top + y)

    def _head(self) -> Line:
        if self.listing is None or not self.listing.has_heads:
            return ()
        from portdash.dashboard.rows.paint import head_line  # noqa: PLC0415  as above

        others = not self.listing.has_services or self.scroll_offset.y > self.listing.others_start
        return head_line(self.columns, others=others)

    def render_line(self, y: int) -> Strip:
        """Draw one line of the window."""
        width = self.scrollable_content_region.width
        if self.listing is None:
            return self.strip((Span(f"   {self.notice}", Tone.DIM),) if y == 1 else (), width)
        top = self.scroll_offset.y
        if y == 0:
            return self.strip(self._head(), width)
        index = top + y - 1
        line = self._drawn(index)
        if line is None:
            text = self._below or (_STARRED if self._is_starred else "")
            is_last = y == self.scrollable_content_region.height - 1
            return self.strip(cut_line((Span(f" {text}", Tone.DIM),), width) if is_last and text else (), width)
        if index == self._index and self.cursor is not None and self.listing.rows[index].kind is not Kind.RANGE:
            return self.strip(line, width, over="cursor" if self.has_focus else "marked")
        return self.strip(line, width)

    @property
    def _is_starred(self) -> bool:
        """Whether stars stand for what no column says."""
        services = self.listing is not None and self.listing.state.view is View.SERVICES and self.listing.has_services
        return services and not self.columns.has(Column.SOURCE)
