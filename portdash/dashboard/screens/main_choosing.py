"""Choosing what the list shows: view, filter, scope."""

from textual import on
from textual.events import Key
from textual.widgets import Input

from portdash.dashboard.rows.help_row import HelpRow
from portdash.dashboard.rows.row import RangeLine, Row
from portdash.dashboard.rows.view import View
from portdash.dashboard.screens.main_ordering import Ordering, shown_now
from portdash.model.ports import PortRange
from portdash.model.snapshot import ServiceView


class Choosing(Ordering):
    """The actions that change what is seen; each bears the id of its command."""

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
            from portdash.dashboard.rows.ranges import bucket, strip_width  # noqa: PLC0415  a view of its own

            self._show_ports(bucket(row.subject.use.ports, strip_width(self.table.columns), self.table.bucket))
        else:
            super().action_details()

    def _show_ports(self, ports: PortRange) -> None:
        text = f"port:{ports.first}" if ports.first == ports.last else f"port:{ports.first}-{ports.last}"
        self.outlook.only = None
        self.outlook.trouble_only = False
        self.set_filter(text)
        self.show_view(View.SERVICES)

    # Filter, trouble, scope.

    async def action_filter(self) -> None:
        """Type a filter; the list follows."""
        if self.is_in_details:
            self.leave_details()
        line = await self.add_filter_line()
        line.open()

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
        if self.filter_line is not None and self.is_filtering and event.key in ("up", "down"):
            event.stop()
            event.prevent_default()
            self._recall(self.filter_line.input, -1 if event.key == "up" else 1)

    def _recall(self, typed: Input, step: int) -> None:
        past = ["", *reversed(self.remembered.filters)]
        at = past.index(typed.value) if typed.value in past else 0
        typed.value = past[max(0, min(len(past) - 1, at - step))]
        typed.cursor_position = len(typed.value)

    def close_filter(self) -> None:
        """Give the keys back to the list."""
        if self.filter_line is not None:
            self.filter_line.close()
        self.table.focus()
        self.show_list()

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
        self.set_filter("")
        self.outlook.view = View.SERVICES
        self.show_list()

    def action_workspace(self) -> None:
        """Pick the one workspace that is shown."""
        if self.facts is None:
            return
        shown = self.outlook.only
        rows = [HelpRow("", "all workspaces", shown_now(is_it=shown is None), command="")]
        for group in self.facts.groups:
            name = group.workspace.name
            place = self.facts.abbreviated(group.workspace.root) if group.workspace.root else ""
            rows.append(HelpRow("", group.workspace.label, place + shown_now(is_it=shown == name), command=name))
        self.ask("Workspace", rows, self._workspace_chosen)

    def _workspace_chosen(self, name: str | None) -> None:
        if name is not None:
            self.outlook.only = name or None
            self.show_list()

    def action_back(self) -> None:
        """Take back one thing: toasts and details, filter, the trouble view, marks."""
        self.query("ToastHolder").remove()
        self.app.clear_notifications()
        if self.is_in_details:
            self.leave_details()
        elif self.has_filter:
            self.set_filter("")
            self.close_filter()
        elif self.outlook.trouble_only:
            self.action_trouble()
        elif self.outlook.marked:
            self.outlook.marked = frozenset()
            self.show_list()
        else:
            self.show_bars()
