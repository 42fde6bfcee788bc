"""Going about on the main screen: cursor, folding, details, filter, scope, trouble. Nothing here changes the world."""

from textual import on
from textual.widgets import Input

from portdash.dashboard.messages import FoldRequested, RowOpened
from portdash.dashboard.rows.listing import group_of
from portdash.dashboard.rows.row import OTHERS_KEY, Kind, RowKey
from portdash.dashboard.rows.summary import troubles
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
        """Fold the group of the row; from the details, come back."""
        row = self.table.row
        if self.is_in_details:
            self._leave_details()
        elif row and self.facts and (key := group_of(row, self.facts)):
            if row.key == key and row.is_folded and row.kind is Kind.SYSTEM:
                key = OTHERS_KEY
            self._set_folded(key, folded=True)
            self.table.move_to(key)

    def action_unfold(self) -> None:
        """Unfold the group; on any other row, enter its details."""
        row = self.table.row
        if row is None or self.is_in_details:
            return
        if row.is_foldable:
            self._set_folded(row.key, folded=False)
        else:
            self.action_details()

    @on(FoldRequested)
    def _fold_requested(self, message: FoldRequested) -> None:
        self._set_folded(message.key, folded=message.key not in (self.folded or frozenset()))

    def _set_folded(self, key: RowKey, *, folded: bool) -> None:
        known = self.folded or frozenset()
        self.folded = known | {key} if folded else known - {key}
        self.has_folded = True
        self.show_list()

    def action_details(self) -> None:
        """Go into the details; on a line that folds, fold or unfold."""
        row = self.table.row
        if row is not None and row.is_foldable and row.kind is not Kind.GROUP:
            self._fold_requested(FoldRequested(row.key))
            return
        if self.arrangement.details is Where.OVER:
            self.query_one("#body").add_class("-open")
        self.pane.focus()

    @on(RowOpened)
    def _row_opened(self) -> None:
        self.action_details()

    def _leave_details(self) -> None:
        self.query_one("#body").remove_class("-open", "-zoomed")
        self._size_details()
        self.table.focus()

    def action_next_pane(self) -> None:
        """From the list to the details and back."""
        if self.is_in_details:
            self._leave_details()
        else:
            self.action_details()

    def action_previous_pane(self) -> None:
        """With two panes, the same."""
        self.action_next_pane()

    def action_back(self) -> None:
        """Take back one thing: toasts and details, filter, the trouble view."""
        self.app.clear_notifications()
        if self.is_in_details:
            self._leave_details()
        elif self.has_filter:
            self.filter_input.value = self.filter_text = ""
            self._close_filter()
        elif self.trouble_only:
            self.action_trouble()

    # What is shown.

    def action_filter(self) -> None:
        """Type a filter; the list follows."""
        if self.is_in_details:
            self._leave_details()
        self.query_one("#filter-line").add_class("-open")
        self.filter_input.focus()

    @on(Input.Changed, "#filter")
    def _filter_changed(self, event: Input.Changed) -> None:
        self.filter_text = event.value
        self.show_list()

    @on(Input.Submitted, "#filter")
    def _filter_kept(self) -> None:
        self._close_filter()

    def _close_filter(self) -> None:
        self.query_one("#filter-line").remove_class("-open")
        self.table.focus()
        self.show_list()

    def action_trouble(self) -> None:
        """Only rows in trouble, or all."""
        self.trouble_only = not self.trouble_only
        self.show_list()

    def action_scope(self) -> None:
        """Only this workspace, or all."""
        self.here_only = not self.here_only
        self.show_list()

    def action_next_trouble(self) -> None:
        """To the next row in trouble."""
        self._walk(1)

    def action_previous_trouble(self) -> None:
        """To the previous row in trouble."""
        self._walk(-1)

    def _walk(self, step: int) -> None:
        if self.facts is None or not (keys := troubles(self.facts)):
            return
        cursor = self.table.cursor
        at = keys.index(cursor) + step if cursor in keys else (0 if step > 0 else -1)
        key = keys[at % len(keys)]
        if not self.go_to(key):
            # The filter or the scope hides it: trouble goes first.
            self.here_only = False
            self.filter_input.value = self.filter_text = ""
            self.show_list()
            self.go_to(key)
