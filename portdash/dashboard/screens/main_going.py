"""Going about on the main screen: cursor, folding, panes, trouble. Nothing here changes the world."""

from textual import on

from portdash.dashboard.messages import BucketChosen, FoldRequested, RowOpened
from portdash.dashboard.rows.row import OTHERS_KEY, Kind, RangeLine, RowKey
from portdash.dashboard.rows.summary import troubles
from portdash.dashboard.rows.view import View
from portdash.dashboard.screens.arrangement import Where
from portdash.dashboard.screens.main_details import Detailing


class Going(Detailing):
    """The actions that only change what is seen; each bears the id of its command."""

    # The cursor. In the details the same keys scroll.

    def action_cursor_down(self) -> None:
        """One row down."""
        self._go(1)

    def action_cursor_up(self) -> None:
        """One row up."""
        self._go(-1)

    def action_half_down(self) -> None:
        """Half a page down."""
        self._go(max(1, self.table.page // 2))

    def action_half_up(self) -> None:
        """Half a page up."""
        self._go(-max(1, self.table.page // 2))

    def action_page_down(self) -> None:
        """A page down."""
        self._go(self.table.page)

    def action_page_up(self) -> None:
        """A page up."""
        self._go(-self.table.page)

    def action_top(self) -> None:
        """To the first row."""
        if self.is_in_details:
            self.pane.scroll_to(y=0, animate=False)
        else:
            self.table.move_to_end(last=False)

    def action_bottom(self) -> None:
        """To the last row."""
        if self.is_in_details:
            self.pane.scroll_to(y=len(self.pane.lines), animate=False)
        else:
            self.table.move_to_end(last=True)

    def _go(self, rows: int) -> None:
        if self.is_in_details:
            self.pane.scroll_to(y=max(0, self.pane.scroll_offset.y + rows), animate=False)
        else:
            self.table.move_by(rows)

    # Folding, details, panes.

    def action_fold(self) -> None:
        """Fold the group of the row; from the details, come back; in a strip, go left."""
        from portdash.dashboard.rows.listing import group_of  # noqa: PLC0415  not for the first frame

        row = self.table.row
        if self.is_in_details:
            self.leave_details()
        elif row and isinstance(row.subject, RangeLine):
            self._go_in_strip(row.subject, -1)
        elif row and self.facts and (key := group_of(row, self.facts)):
            if row.key == key and row.is_folded and row.kind is Kind.SYSTEM:
                key = OTHERS_KEY
            self._set_folded(key, folded=True)
            self.table.move_to(key)

    def action_unfold(self) -> None:
        """Unfold the group; on any other row, enter its details; in a strip, go right."""
        row = self.table.row
        if row is None or self.is_in_details:
            return
        if isinstance(row.subject, RangeLine):
            self._go_in_strip(row.subject, 1)
        elif row.is_foldable:
            self._set_folded(row.key, folded=False)
        else:
            self.enter_details()

    def _go_in_strip(self, line: RangeLine, by: int) -> None:
        """Move the cursor along the strip; it stops at the ends."""
        from portdash.dashboard.rows.ranges import cells_of, strip_width  # noqa: PLC0415  a view of its own

        cells = cells_of(line.use.ports, strip_width(self.table.columns))
        self.table.move_bucket(max(0, min(cells - 1, min(self.table.bucket, cells - 1) + by)))

    @on(BucketChosen)
    def _bucket_chosen(self) -> None:
        self.show_bars()

    @on(FoldRequested)
    def _fold_requested(self, message: FoldRequested) -> None:
        self._set_folded(message.key, folded=message.key not in (self.outlook.folded or frozenset()))

    def _set_folded(self, key: RowKey, *, folded: bool) -> None:
        known = self.outlook.folded or frozenset()
        self.outlook.folded = known | {key} if folded else known - {key}
        self.outlook.has_folded = True
        self.show_list()

    def action_details(self) -> None:
        """Go into the details, where a view knows nothing better."""
        self.enter_details()

    def enter_details(self) -> None:
        """Go into the details; on a line that folds, fold or unfold."""
        row = self.table.row
        if row is not None and row.is_foldable and row.kind is not Kind.GROUP:
            self._fold_requested(FoldRequested(row.key))
            return
        if self.arrangement.details is Where.OVER:
            self.query_one("#body").add_class("-open")
        if self.query_one("#body").has_class("-zoom-list"):
            self._zoom("-zoom-details")
        self.pane.focus()

    @on(RowOpened)
    def _row_opened(self) -> None:
        self.action_details()

    def leave_details(self) -> None:
        """Give the keys back to the list."""
        body = self.query_one("#body")
        body.remove_class("-open")
        if body.has_class("-zoom-details"):
            self._zoom("")
        self.table.focus()

    def action_zoom(self) -> None:
        """Give the pane that has the keys the whole screen, or share it again."""
        zoomed = self.query_one("#body").has_class("-zoom-list") or self.query_one("#body").has_class("-zoom-details")
        self._zoom("" if zoomed else "-zoom-details" if self.is_in_details else "-zoom-list")
        self.call_after_refresh(self.show_list)

    def _zoom(self, wanted: str) -> None:
        for name in ("-zoom-list", "-zoom-details"):
            self.query_one("#body").set_class(name == wanted, name)
        self._size_details()

    def action_next_pane(self) -> None:
        """From the list to the details and back."""
        if self.is_in_details:
            self.leave_details()
        else:
            self.enter_details()

    def action_previous_pane(self) -> None:
        """With two panes, the same."""
        self.action_next_pane()

    def action_next_trouble(self) -> None:
        """To the next row in trouble."""
        self._walk(1)

    def action_previous_trouble(self) -> None:
        """To the previous row in trouble."""
        self._walk(-1)

    def _walk(self, step: int) -> None:
        """Go to the next trouble: by rank among services, in the order of the rows anywhere else."""
        if self.facts is None or not (keys := troubles(self.facts)):
            return
        row = self.table.row
        if self.outlook.view is not View.SERVICES and self.table.listing:
            found = [each for each in self.table.listing.rows if each.subject_key in keys]
            keys = tuple(dict.fromkeys(each.subject_key for each in found)) or keys
        cursor = row.subject_key if row else None
        at = keys.index(cursor) + step if cursor in keys else (0 if step > 0 else -1)
        key = keys[at % len(keys)]
        if not self.go_to(key):
            # The filter, the scope or the view hides it: trouble goes first.
            self.unhide_all()
            self.go_to(key)

    def unhide_all(self) -> None:
        """Show all services again."""
