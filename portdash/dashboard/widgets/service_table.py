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
from portdash.dashboard.messages import CursorMoved, FoldRequested, RowOpened
from portdash.dashboard.rows.facts import Facts
from portdash.dashboard.rows.layout import Column, Columns, columns_for
from portdash.dashboard.rows.listing import Listing
from portdash.dashboard.rows.paint import ages_of, head_line, paint
from portdash.dashboard.rows.row import Line, Row, RowKey, Span, Tone
from portdash.dashboard.rows.texts import READING, STARRED
from portdash.dashboard.widgets.toned import Toned

TREND_FROM = 150
"""Columns of the terminal from which on the list shows how latencies went."""


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
    _index = 0
    """Where that row stands; a cache of `listing.index[cursor]`."""
    notice = READING
    """What is said while there is nothing to list."""
    _lines: dict[int, Line]
    """Lines drawn from this listing at this width."""
    _ages: dict[int, tuple[str, ...]]
    """The ages that each of them tells."""
    _columns: Columns | None = None

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

    def show(self, listing: Listing, *, start: RowKey | None = None) -> None:
        """Show other rows. The cursor stays on its row and on its line of the screen.

        `start` is where the cursor goes while it is nowhere. A row that is no more hands it to its nearest neighbour.
        """
        before, old_index, old_lines = self.listing, self._index, self._visible_lines()
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
            if is_seen and told == ages_of(self.listing.rows[index], facts):
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
        if self.listing is None or self.cursor is None:
            return
        step = 1 if rows > 0 else -1
        index = at = self._index
        for _ in range(abs(rows)):
            at = self._next_stop(at, step)
            if at < 0:
                break
            index = at
        self._set_index(index)

    def move_to_end(self, *, last: bool) -> None:
        """Put the cursor on the first or the last row."""
        if self.listing is None or self.cursor is None:
            return
        at = self._next_stop(len(self.listing.rows), -1) if last else self._next_stop(-1, 1)
        self._set_index(max(0, at))

    def _next_stop(self, index: int, step: int) -> int:
        """Return the next row that can hold the cursor, -1 where there is none."""
        assert self.listing is not None
        rows = self.listing.rows
        index += step
        while 0 <= index < len(rows):
            if rows[index].can_hold_cursor:
                return index
            index += step
        return -1

    def _place(self, before: Listing | None, start: RowKey | None) -> int:
        """Return where the cursor stands among the new rows, -1 where no row can hold it."""
        assert self.listing is not None
        index = self.listing.index
        if self.cursor is not None and self.cursor in index:
            return index[self.cursor]
        if self.cursor is not None and before is not None:
            after = (row.key for row in before.rows[self._index + 1 :])
            ahead = (row.key for row in reversed(before.rows[: self._index]))
            for neighbours in (after, ahead):
                for key in neighbours:
                    if key in index and self.listing.rows[index[key]].can_hold_cursor:
                        return index[key]
        if start is not None and start in index:
            return index[start]
        return self._next_stop(-1, 1)

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
        """Scroll so that the cursor is seen, and with the first or last row all that stands beyond it."""
        if self.listing is None or self._index < 0:
            return
        top, page = self.scroll_offset.y, self.page
        last = self._next_stop(self._index, 1) < 0
        first = self._next_stop(self._index, -1) < 0
        target = top
        if first:
            target = max(0, self._index - page + 1)
        elif last:
            target = max(top, len(self.listing.rows) - page)
            target = min(target, self._index)
        elif self._index < top:
            target = self._index
        elif self._index >= top + page:
            target = self._index - page + 1
        if target != top:
            self.scroll_to(y=target, animate=False)

    def on_resize(self, event: Resize) -> None:  # noqa: ARG002
        """Lay the columns out anew."""
        self._forget_lines()
        self.refresh()
        self._reveal()

    def on_click(self, event: Click) -> None:
        """Put the cursor under the mouse; a click on the row it is on opens it, one on a fold sign folds."""
        if self.listing is None or event.y < 1:
            return
        index = self.scroll_offset.y + event.y - 1
        if index >= len(self.listing.rows) or not self.listing.rows[index].can_hold_cursor:
            return
        row = self.listing.rows[index]
        was_there = index == self._index
        self._set_index(index)
        if row.is_foldable and (event.x < 2 or was_there):
            self.post_message(FoldRequested(row.key))
        elif was_there:
            self.post_message(RowOpened(row))

    def watch_has_focus(self, has_focus: bool) -> None:
        """Draw the cursor as it looks with or without the focus."""
        super().watch_has_focus(has_focus)
        self.refresh()

    def _columns_now(self) -> Columns:
        if self._columns is None:
            longest = self.listing.longest_name if self.listing else 0
            trend = self.app.size.width >= TREND_FROM and bool(self.listing and self.listing.facts.pulses)
            self._columns = columns_for(self.scrollable_content_region.width, longest, trend=trend)
        return self._columns

    def _forget_lines(self) -> None:
        self._lines, self._ages = {}, {}
        self._columns = None

    def _line(self, index: int) -> Line:
        if index not in self._lines:
            assert self.listing is not None
            row = self.listing.rows[index]
            width = self.scrollable_content_region.width
            self._lines[index] = paint(row, self.listing.facts, self._columns_now(), width)
            self._ages[index] = ages_of(row, self.listing.facts)
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
        line = self._line(index)
        if index == self._index and self.cursor is not None:
            return self._with_cursor(line, self.listing.rows[index])
        return line

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
            return self.strip(head_line(self._columns_now(), others=others) if self.listing.has_heads else (), width)
        index = top + y - 1
        line = self._drawn(index)
        if line is None:
            is_last = y == self.scrollable_content_region.height - 1
            starred = is_last and self.listing.has_heads and not self._columns_now().has(Column.SOURCE)
            return self.strip((Span(STARRED, Tone.DIM),) if starred else (), width)
        if index == self._index and self.cursor is not None:
            return self.strip(line, width, over="cursor" if self.has_focus else "marked")
        return self.strip(line, width)
