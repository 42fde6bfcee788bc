"""The list: a line-rendered table of 5,000 rows whose cursor stays on its row, whatever is refreshed round it.

Rows come as a frozen `Listing`; only lines that are visible are ever drawn, and only those that changed are drawn anew.
The first line is the heads of the columns and does not scroll.
"""

from dataclasses import replace

from textual.events import Click, Resize
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from portdash.dashboard.glyphs import CURSOR
from portdash.dashboard.messages import (
    BucketChosen,
    CursorMoved,
    FoldRequested,
    HeadClicked,
    MenuRequested,
    RowOpened,
)
from portdash.dashboard.rows.column_sets import columns_of
from portdash.dashboard.rows.drawing import ages_told, line_of
from portdash.dashboard.rows.facts import Facts
from portdash.dashboard.rows.layout import MARGIN, Column, Columns
from portdash.dashboard.rows.listing import Listing
from portdash.dashboard.rows.paint import head_line
from portdash.dashboard.rows.ranges import strip_width
from portdash.dashboard.rows.row import Kind, Line, Row, RowKey, Span, Tone
from portdash.dashboard.rows.texts import READING, STARRED
from portdash.dashboard.rows.view import View
from portdash.dashboard.widgets.stops import neighbour, next_stop, scrolled, stop_after
from portdash.dashboard.widgets.toned import Toned

TREND_FROM = 150
"""Columns of the terminal from which on the list shows how latencies went."""
_RIGHT_BUTTON = 3


class ServiceTable(Toned, ScrollView, can_focus=True, inherit_bindings=False):
    """Shows a listing and keeps a cursor in it, by key."""

    DEFAULT_CSS = """
    ServiceTable {
        height: 1fr;
        overflow: hidden auto;
        scrollbar-size-vertical: 1;
    }
    """

    listing: Listing | None = None
    cursor: RowKey | None = None
    """Identity of the row under the cursor."""
    bucket = 0
    """Cell of the strip that the cursor is on, in the view of ranges."""
    without: frozenset[Column] = frozenset()
    """Columns that somebody does not want to see."""
    _index = 0
    """Where the cursor's row stands; a cache of `listing.index[cursor]`."""
    notice = READING
    """What is said while there is nothing to list."""
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

    @property
    def row(self) -> Row | None:
        """The row under the cursor."""
        if self.listing is None or self.cursor is None or self._index >= len(self.listing.rows):
            return None
        return self.listing.rows[self._index]

    @property
    def page(self) -> int:
        """Rows that are visible at once."""
        return max(1, self.scrollable_content_region.height - 1)

    @property
    def columns(self) -> Columns:
        """The columns that are shown."""
        width = self.scrollable_content_region.width
        if self._columns is None or self._columns_width != width:
            view = self.listing.state.view if self.listing else View.SERVICES
            longest = self.listing.longest_name if self.listing else 0
            trend = self.app.size.width >= TREND_FROM and bool(self.listing and self.listing.facts.pulses)
            self._columns_width = width
            self._columns = columns_of(view, width, longest, trend=trend, without=self.without)
        return self._columns

    def show(self, listing: Listing, *, start: RowKey | None = None) -> None:
        """Show other rows. The cursor stays on its row and on its line of the screen.

        `start` is where the cursor goes while it is nowhere, and in another view. A row that is no more hands it to its
        nearest neighbour.
        """
        before, old_index, old_lines = self.listing, self._index, self._visible_lines()
        if before is not None and before.state.view is not listing.state.view:
            before, self.cursor = None, None
        self.listing = listing
        self._index = self._place(before, start)
        key = listing.rows[self._index].key if listing.rows and self._index >= 0 else None
        has_moved, self.cursor = key != self.cursor, key
        if before is None or len(before.rows) != len(listing.rows):
            self.virtual_size = Size(1, len(listing.rows) + 1)
        if before is not None and (shift := self._index - old_index) and key is not None and not has_moved:
            self.scroll_to(y=max(0, self.scroll_offset.y + shift), animate=False)
        self._forget_lines()
        self._refresh_changed(old_lines)
        if before is None:
            self.refresh()
        if has_moved:
            self._reveal()
            self.post_message(CursorMoved(self.row))

    def grow_older(self, facts: Facts) -> None:
        """Draw the same rows at a later time: only lines that tell another age are drawn anew."""
        if self.listing is None:
            return
        self.listing = replace(self.listing, facts=facts)
        top = self.scroll_offset.y
        for index, told in list(self._ages.items()):
            is_seen = top <= index < top + self.page
            if is_seen and told == ages_told(self.listing.rows[index], facts):
                continue
            del self._lines[index], self._ages[index]
            if is_seen:
                self.refresh_line(index + 1)

    def move_to(self, key: RowKey) -> bool:
        """Put the cursor on a row; say whether it is there to be had."""
        if self.listing is None or (index := self.listing.index.get(key)) is None:
            return False
        self._set_index(index)
        return True

    def move_by(self, rows: int) -> None:
        """Move the cursor so many rows that can hold it; it stops at the ends."""
        if self.listing is not None and self.cursor is not None:
            self._set_index(stop_after(self.listing.rows, self._index, rows))

    def move_to_end(self, *, last: bool) -> None:
        """Put the cursor on the first or the last row."""
        if self.listing is None or self.cursor is None:
            return
        rows = self.listing.rows
        self._set_index(max(0, next_stop(rows, len(rows), -1) if last else next_stop(rows, -1, 1)))

    def move_bucket(self, to: int) -> None:
        """Put the cursor on another cell of the strip."""
        self.bucket = max(0, to)
        self._lines.pop(self._index, None)
        self.refresh_line(self._index + 1)
        self.post_message(CursorMoved(self.row))

    def _place(self, before: Listing | None, start: RowKey | None) -> int:
        """Return where the cursor stands among the new rows, -1 where no row can hold it."""
        assert self.listing is not None
        index = self.listing.index
        if self.cursor is not None and self.cursor in index:
            return index[self.cursor]
        if self.cursor is not None and before is not None:
            found = neighbour(before.rows, self._index, self.listing.rows, index)
            if found >= 0:
                return found
        if start is not None and start in index:
            return index[start]
        return next_stop(self.listing.rows, -1, 1)

    def _set_index(self, index: int) -> None:
        assert self.listing is not None
        if not self.listing.rows or index < 0 or index == self._index:
            self._reveal()
            return
        old, self._index = self._index, index
        self.cursor = self.listing.rows[index].key
        for each in (old, index):
            self.refresh_line(each + 1)
        self._reveal()
        self.post_message(CursorMoved(self.row))

    def _reveal(self) -> None:
        if self.listing is None or self._index < 0:
            return
        top = self.scroll_offset.y
        target = scrolled(self.listing.rows, self._index, top, self.page)
        if target != top:
            self.scroll_to(y=target, animate=False)

    def on_resize(self, event: Resize) -> None:  # noqa: ARG002
        """Lay the columns out anew."""
        self._forget_lines()
        self.refresh()
        self._reveal()

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

    def forget(self) -> None:
        """Draw everything anew: columns or signs are others."""
        self._forget_lines()
        self.refresh()

    def _forget_lines(self) -> None:
        self._lines, self._ages = {}, {}
        self._columns = None

    def _line(self, index: int) -> Line:
        if index not in self._lines:
            assert self.listing is not None
            row, facts = self.listing.rows[index], self.listing.facts
            width = self.scrollable_content_region.width
            self._lines[index] = line_of(row, facts, self.columns, width, self.listing.state.beside)
            self._ages[index] = ages_told(row, facts)
        return self._lines[index]

    def _visible_lines(self) -> tuple[Line | None, ...]:
        """Return what each line of the window shows, the cursor's among them."""
        if self.listing is None:
            return ()
        top = self.scroll_offset.y
        return tuple(self._drawn(top + y) for y in range(self.page))

    def _drawn(self, index: int) -> Line | None:
        if self.listing is None or index >= len(self.listing.rows):
            return None
        row = self.listing.rows[index]
        if index != self._index or self.cursor is None:
            return self._line(index)
        if row.kind is Kind.RANGE:
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

    def _refresh_changed(self, before: tuple[Line | None, ...]) -> None:
        after = self._visible_lines()
        if len(before) != len(after):
            self.refresh()
            return
        top = self.scroll_offset.y
        for y, (old, new) in enumerate(zip(before, after, strict=True)):
            if old != new:
                self.refresh_line(top + y + 1)

    def render_line(self, y: int) -> Strip:
        """Draw one line of the window."""
        width = self.scrollable_content_region.width
        if self.listing is None:
            return self.strip((Span(f"   {self.notice}", Tone.DIM),) if y == 1 else (), width)
        top = self.scroll_offset.y
        if y == 0:
            others = top > self.listing.others_start
            return self.strip(head_line(self.columns, others=others) if self.listing.has_heads else (), width)
        index = top + y - 1
        line = self._drawn(index)
        if line is None:
            is_last = y == self.scrollable_content_region.height - 1
            return self.strip((Span(STARRED, Tone.DIM),) if is_last and self._is_starred else (), width)
        if index == self._index and self.cursor is not None and self.listing.rows[index].kind is not Kind.RANGE:
            return self.strip(line, width, over="cursor" if self.has_focus else "marked")
        return self.strip(line, width)

    @property
    def _is_starred(self) -> bool:
        """Whether stars stand for what no column says."""
        services = self.listing is not None and self.listing.state.view is View.SERVICES and self.listing.has_heads
        return services and not self.columns.has(Column.SOURCE)
