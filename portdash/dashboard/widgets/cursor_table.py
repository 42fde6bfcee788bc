"""The cursor of the list: it stays on its row, by key, whatever is refreshed round it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.geometry import Size
from textual.scroll_view import ScrollView

from portdash.dashboard.messages import CursorMoved
from portdash.dashboard.rows.row import Line, Row, RowKey
from portdash.dashboard.rows.view import View
from portdash.dashboard.widgets.stops import first_found, neighbour, next_stop, scrolled, stop_after
from portdash.dashboard.widgets.toned import Toned

if TYPE_CHECKING:
    from portdash.dashboard.rows.listing import Listing


class CursorTable(Toned, ScrollView, can_focus=True, inherit_bindings=False):
    """Holds a listing and a cursor in it. What draws it is in the subclass."""

    listing: Listing | None = None
    cursor: RowKey | None = None
    """Identity of the row under the cursor."""
    _index = 0
    """Where the cursor's row stands; a cache of `listing.index[cursor]`."""

    def forget_lines(self) -> None:
        """Drop what was drawn of another listing."""

    def visible_lines(self) -> tuple[Line | None, ...]:
        """Return what each line of the window shows, the cursor's among them."""
        return ()

    def refresh_changed(self, before: tuple[Line | None, ...]) -> None:
        """Draw the lines that are others than `before`."""

    @property
    def row(self) -> Row | None:
        """The row under the cursor."""
        if self.listing is None or self.cursor is None or self._index >= len(self.listing.rows):
            return None
        return self.listing.rows[self._index]

    @property
    def cursor_line(self) -> int:
        """Line of the screen on which the cursor stands, counted from 0."""
        return self.content_region.y + 1 + self._index - self.scroll_offset.y

    @property
    def page(self) -> int:
        """Rows that are visible at once."""
        return max(1, self.scrollable_content_region.height - 1)

    def show(self, listing: Listing, *, start: RowKey | None = None) -> None:
        """Show other rows. The cursor stays on its row and on its line of the screen.

        At the top of the history it goes down with its row, as far as the list goes: what is new stands above it.

        `start` is where the cursor goes while it is nowhere, and in another view. A row that is no more hands it to its
        nearest neighbour; a filter that leaves it out, or that finds rows below the heading it is on, to the first row
        that was found: what is asked for by `/3000` is what the next key is about.
        """
        before, old_index, old_lines = self.listing, self._index, self.visible_lines()
        if before is not None and before.state.view is not listing.state.view:
            before, self.cursor = None, None
        self.listing = listing
        self._index = self._place(before, start)
        key = listing.rows[self._index].key if listing.rows and self._index >= 0 else None
        has_moved, self.cursor = key != self.cursor, key
        if before is None or len(before.rows) != len(listing.rows):
            self.virtual_size = Size(1, len(listing.rows) + 1)
        if before is not None and (shift := self._index - old_index) and key is not None and not has_moved:
            if listing.state.view is View.HISTORY and self.scroll_offset.y == 0:
                self.reveal()  # who looks at the newest goes on to see it come in
            else:
                self.scroll_to(y=max(0, self.scroll_offset.y + shift), animate=False)
        self.forget_lines()
        self.refresh_changed(old_lines)
        if before is None:
            self.refresh()
        if has_moved:
            self.reveal()
            self.post_message(CursorMoved(self.row))

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

    def _place(self, before: Listing | None, start: RowKey | None) -> int:
        """Return where the cursor stands among the new rows, -1 where no row can hold it."""
        assert self.listing is not None
        index, state = self.listing.index, self.listing.state
        has_found = before is not None and state.filter.is_active and state.filter != before.state.filter
        if self.cursor is not None and self.cursor in index:
            kept = index[self.cursor]
            if not (has_found and self.listing.rows[kept].is_foldable):
                return kept
        if has_found and (found := first_found(self.listing.rows)) >= 0:
            return found
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
            self.reveal()
            return
        old, self._index = self._index, index
        self.cursor = self.listing.rows[index].key
        for each in (old, index):
            self.refresh_line(each + 1)
        self.reveal()
        self.post_message(CursorMoved(self.row))

    def reveal(self) -> None:
        """Scroll so that the cursor is seen."""
        if self.listing is None or self._index < 0:
            return
        top = self.scroll_offset.y
        target = scrolled(self.listing.rows, self._index, top, self.page)
        if target != top:
            self.scroll_to(y=target, animate=False)
