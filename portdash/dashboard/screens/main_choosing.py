"""Choosing what the list shows: view, filter, scope, order, columns, marks, colours."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from textual import on
from textual.events import Key
from textual.widgets import Input

from portdash.dashboard.glyphs import MARK
from portdash.dashboard.memory import Remembered
from portdash.dashboard.messages import HeadClicked
from portdash.dashboard.rows.column_sets import optional
from portdash.dashboard.rows.layout import Column
from portdash.dashboard.rows.ranges import bucket, strip_width
from portdash.dashboard.rows.row import RangeLine, Row
from portdash.dashboard.rows.view import NATURAL, Sort, View
from portdash.dashboard.screens.help import HelpRow
from portdash.dashboard.screens.main_going import Going
from portdash.dashboard.theme import CHOICES
from portdash.model.ports import PortRange
from portdash.model.snapshot import ServiceView


class Choosing(Going):
    """The actions that change what is seen; each bears the id of its command."""

    _past = Remembered()
    """What was chosen, where nothing is kept from one start to the next."""

    def action_view_services(self) -> None:
        """Services by workspace, then other listeners."""
        self.show_view(View.SERVICES)

    def action_view_listening(self) -> None:
        """All that listens."""
        self.show_view(View.LISTENING)

    def action_view_conflicts(self) -> None:
        """What is in trouble."""
        self.show_view(View.CONFLICTS)

    def action_view_ranges(self) -> None:
        """How full the ranges are."""
        self.show_view(View.RANGES)

    def action_view_history(self) -> None:
        """What has happened."""
        self.show_view(View.HISTORY)

    def show_view(self, view: View) -> None:
        """Show another view; the cursor stays on what it is on, where that is there too."""
        if self.is_in_details:
            self.leave_details()
        outlook = self.outlook
        if view is outlook.view:
            return
        row = self.table.row
        if self.table.cursor is not None:
            outlook.cursors[outlook.view] = self.table.cursor
        outlook.view = view
        self.view_changed()
        self.show_list(start=outlook.cursors.get(view))
        if row is not None and row.can_be_marked and not self.go_to(row.subject_key):
            self._go_to_port(row)

    def _go_to_port(self, row: Row) -> None:
        """Put the cursor on the socket that sits on a service's port, where none is its own."""
        port = row.subject.port if isinstance(row.subject, ServiceView) else None
        rows = self.table.listing.rows if self.table.listing else ()
        key = next((each.key for each in rows if each.socket is not None and each.socket.port == port), None)
        if key is not None:
            self.table.move_to(key)

    def view_changed(self) -> None:
        """Have read what this view needs."""

    def action_details(self) -> None:
        """Go into the details; on a line that folds, fold or unfold; in a strip, show the rows of its bucket."""
        row = self.table.row
        if row and isinstance(row.subject, RangeLine) and not self.is_in_details:
            self._show_ports(bucket(row.subject.use.ports, strip_width(self.table.columns), self.table.bucket))
        else:
            super().action_details()

    def _show_ports(self, ports: PortRange) -> None:
        text = f"port:{ports.first}" if ports.first == ports.last else f"port:{ports.first}-{ports.last}"
        self.outlook.only = None
        self.outlook.trouble_only = False
        self.filter_input.value = self.outlook.filter_text = text
        self.show_view(View.SERVICES)

    # Filter, trouble, scope.

    def action_filter(self) -> None:
        """Type a filter; the list follows."""
        if self.is_in_details:
            self.leave_details()
        self.query_one("#filter-line").add_class("-open")
        self.filter_input.focus()

    @on(Input.Changed, "#filter")
    def _filter_changed(self, event: Input.Changed) -> None:
        self.outlook.filter_text = event.value
        self.show_list()

    @on(Input.Submitted, "#filter")
    def filter_kept(self) -> None:
        """Keep the filter, and remember it for another day."""
        self.keep(self.remembered.with_filter(self.outlook.filter_text))
        self.close_filter()

    def on_key(self, event: Key) -> None:
        """In the filter line, go back to what was looked for before."""
        if self.filter_input.has_focus and event.key in ("up", "down"):
            event.stop()
            event.prevent_default()
            self._recall(-1 if event.key == "up" else 1)

    def _recall(self, step: int) -> None:
        past = ["", *reversed(self.remembered.filters)]
        at = past.index(self.filter_input.value) if self.filter_input.value in past else 0
        self.filter_input.value = past[max(0, min(len(past) - 1, at - step))]
        self.filter_input.cursor_position = len(self.filter_input.value)

    def close_filter(self) -> None:
        """Give the keys back to the list."""
        self.query_one("#filter-line").remove_class("-open")
        self.table.focus()
        self.show_list()

    def _clear_filter(self) -> None:
        self.filter_input.value = self.outlook.filter_text = ""

    def action_trouble(self) -> None:
        """Only rows in trouble, or all."""
        self.outlook.trouble_only = not self.outlook.trouble_only
        self.show_list()

    def action_scope(self) -> None:
        """Only this workspace, or all."""
        if self.snapshot:
            self.outlook.only = None if self.outlook.only is not None else self.snapshot.workspace
            self.show_list()

    def unhide_all(self) -> None:
        """Take filter and scope back, and show services."""
        self.outlook.only = None
        self._clear_filter()
        self.outlook.view = View.SERVICES
        self.show_list()

    def action_workspace(self) -> None:
        """Pick the one workspace that is shown."""
        if self.facts is None:
            return
        shown = self.outlook.only
        rows = [HelpRow("", "all workspaces", _shown(is_it=shown is None), command="")]
        for group in self.facts.groups:
            name = group.workspace.name
            place = self.facts.abbreviated(group.workspace.root) if group.workspace.root else ""
            rows.append(HelpRow("", group.workspace.label, place + _shown(is_it=shown == name), command=name))
        self.ask("Workspace", rows, self._workspace_chosen)

    def _workspace_chosen(self, name: str | None) -> None:
        if name is not None:
            self.outlook.only = name or None
            self.show_list()

    def action_back(self) -> None:
        """Take back one thing: toasts and details, filter, the trouble view, marks."""
        self.app.clear_notifications()
        if self.is_in_details:
            self.leave_details()
        elif self.has_filter:
            self._clear_filter()
            self.close_filter()
        elif self.outlook.trouble_only:
            self.action_trouble()
        elif self.outlook.marked:
            self.outlook.marked = frozenset()
            self.show_list()

    # Order and columns.

    @on(HeadClicked)
    def _head_clicked(self, message: HeadClicked) -> None:
        self.sort_by(message.column)

    def sort_by(self, column: Column | None) -> None:
        """Sort by a column; by the same one again the other way round, and then as the view does of itself."""
        now = self.outlook.sort
        turned = now.column is column
        self.outlook.sorts[self.outlook.view] = Sort(column, not now.is_reversed if turned else False)
        self.remember()
        self.show_list()

    def action_sort(self) -> None:
        """Choose the column to sort by."""
        view, now = self.outlook.view, self.outlook.sort
        rows = [HelpRow("", NATURAL[view], _order(now, None), command="")]
        rows += [HelpRow("", column.value, _order(now, column), command=column.value) for column in self._sortable()]
        self.ask(f"Sort {view.title}", rows, self._sort_chosen)

    def _sort_chosen(self, name: str | None) -> None:
        if name is not None:
            self.sort_by(Column(name) if name else None)

    def _sortable(self) -> list[Column]:
        return [place.column for place in self.table.columns.services if place.column is not Column.STRIP]

    def action_sort_next(self) -> None:
        """Sort by the next column."""
        self._sort_beside(1)

    def action_sort_previous(self) -> None:
        """Sort by the column before."""
        self._sort_beside(-1)

    def _sort_beside(self, step: int) -> None:
        columns: list[Column | None] = [None, *self._sortable()]
        now = self.outlook.sort.column
        at = columns.index(now) if now in columns else 0
        self.outlook.sorts[self.outlook.view] = Sort(columns[(at + step) % len(columns)])
        self.remember()
        self.show_list()

    def action_columns(self) -> None:
        """Choose which columns this view has."""
        view = self.outlook.view
        without = self.outlook.without.get(view, frozenset())
        rows = [
            HelpRow(
                "", column.value, "hidden" if column in without else "shown where there is room", command=column.value
            )
            for column in optional(view)
        ]
        self.ask(f"Columns of {view.title}", rows, self._column_chosen)

    def _column_chosen(self, name: str | None) -> None:
        if name:
            view = self.outlook.view
            self.outlook.without[view] = self.outlook.without.get(view, frozenset()) ^ {Column(name)}
            self.remember()
            self.show_list()

    # Marks.

    def action_mark(self) -> None:
        """Mark the row, or take its mark away, and step down."""
        row = self.table.row
        if row is not None and row.can_be_marked:
            self.outlook.mark(row.subject_key)
            self.show_list()
            self.table.move_by(1)

    def action_mark_shown(self) -> None:
        """Mark all rows that are shown; where they all are, take the marks away."""
        if self.table.listing:
            self.outlook.mark_all(self.table.listing)
            self.show_list()

    # Colours, and menus.

    def action_theme(self) -> None:
        """Choose the colours."""
        shown = self.app.theme
        rows = [HelpRow("", name, _shown(is_it=theme == shown), command=name) for name, theme in CHOICES.items()]
        self.ask("Theme", rows, self._theme_chosen)

    def _theme_chosen(self, name: str | None) -> None:
        if name:
            self.app.theme = CHOICES[name]
            self.remember()

    @property
    def remembered(self) -> Remembered:
        """What is kept from one start to the next."""
        return self.options.memory.remembered if self.options.memory else self._past

    def remember(self) -> None:
        """Keep what was chosen for the next start: colours, order, columns."""
        theme = next((name for name, theme in CHOICES.items() if theme == self.app.theme), None)
        outlook = self.outlook
        now = replace(self.remembered, sorts=dict(outlook.sorts), without=dict(outlook.without))
        self.keep(replace(now, theme=theme) if theme else now)

    def keep(self, remembered: Remembered) -> None:
        """Keep something for the next start; that it cannot be kept is said."""
        self._past = remembered
        if self.options.memory and (problem := self.options.memory.keep(remembered)):
            self.toast(problem, error=True)

    def ask(self, title: str, rows: Sequence[HelpRow], then: Callable[[str | None], None]) -> None:
        """Open a menu; `then` gets the command of the line that was chosen, None where none was."""
        from portdash.dashboard.screens.menu import MenuScreen  # noqa: PLC0415  imported when it is first wanted

        self.app.push_screen(MenuScreen(rows, title), then)


def _shown(*, is_it: bool) -> str:
    return f"  {MARK} shown now" if is_it else ""


def _order(now: Sort, column: Column | None) -> str:
    if now.column is not column:
        return ""
    return f"{MARK} now, reversed: turns it back" if now.is_reversed else f"{MARK} now: turns it round"
