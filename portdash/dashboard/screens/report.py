"""The report before it leaves: preview, format, scope and what is masked; then copy it or save it."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from portdash.dashboard.clipboard import copy_text
from portdash.dashboard.desk import Desk
from portdash.dashboard.screens.act import Act
from portdash.dashboard.screens.dialog import TERSE_BELOW
from portdash.dashboard.screens.fields import Field
from portdash.dashboard.screens.long_act import LongAct, Told
from portdash.dashboard.screens.patience import Patience
from portdash.dashboard.screens.saving import FileExists, default_path, save_report
from portdash.errors import StoreError
from portdash.model.assignment import ServiceKey
from portdash.model.history import Event
from portdash.model.snapshot import Snapshot
from portdash.report.formats import ReportFormat, render
from portdash.report.record import record_of
from portdash.report.redaction import Redaction
from portdash.report.scope import Scope
from portdash.text import clean

_log = logging.getLogger(__name__)

FORMATS = (ReportFormat.TEXT, ReportFormat.MARKDOWN, ReportFormat.JSON)


class ReportScreen(LongAct):
    """Shows the report as it would be copied or saved. With `key` it starts with that service alone."""

    DEFAULT_CSS = """
    ReportScreen {
        & > #frame { width: 120; height: 100%; }
        #choice { height: 1; padding: 0 1; }
        #preview { height: 1fr; padding: 0 1; border-top: solid $border-blurred; border-bottom: solid $border-blurred; }
        #text { height: auto; width: auto; }
        #save-row { height: 1; display: none; }
        #save-row.-asked { display: block; }
        #save-row > Static { width: 9; text-style: bold; }
        #path { max-width: 100%; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "format", "Format", show=False),
        Binding("s", "scope", "Scope", show=False),
        Binding("x", "redaction", "Mask", show=False),
        Binding("y", "copy", "Copy", show=False),
        Binding("w", "save", "Save", show=False),
    ]
    AUTO_FOCUS: ClassVar[str | None] = "#preview"

    @dataclass
    class Saved(Message):
        """What came of saving."""

        line: str
        is_error: bool = False
        in_the_way: str | None = None
        """The path, where a file is there already."""

    @dataclass
    class HistoryRead(Message):
        """What has happened so far."""

        events: tuple[Event, ...]
        """Oldest first."""

    def __init__(
        self, desk: Desk, snapshot: Snapshot, key: ServiceKey | None = None, *, patience: Patience | None = None
    ) -> None:
        super().__init__(title="Report", patience=patience)
        self.desk = desk
        self.snapshot = snapshot
        workspace = key.workspace if key else snapshot.workspace
        self.scopes = (*([Scope(service=key)] if key else []), Scope(workspace=workspace), Scope())
        self.scope = self.scopes[0]
        self.format = FORMATS[0]
        self.is_redacted = True
        self._history: tuple[Event, ...] | None = None
        """None until it has been read; the report says nothing of it then."""
        self._may_overwrite: str | None = None
        """The path about which the person was told that a file is there already."""

    def compose(self) -> ComposeResult:
        """Lay out the choices, the preview, and what can be done with it."""
        with Vertical(id="frame") as frame:
            frame.border_title = "Report"
            with Horizontal(id="choice"):
                yield Act("", "f", id="format", action="screen.format")
                yield Act("", "s", id="scope", action="screen.scope")
                yield Act("", "x", id="mask", action="screen.redaction")
            with VerticalScroll(id="preview"):
                yield Static(id="text", markup=False)
            with Vertical(id="foot"):
                with Horizontal(id="save-row"):
                    yield Static("Save as", markup=False)
                    yield Field(id="path")
                yield Static(id="status", markup=False)
                with Horizontal(id="buttons"):
                    yield from self.compose_buttons()

    def compose_buttons(self) -> Iterable[Widget]:
        """Yield what can be done with the report."""
        yield Act("Copy", "y", id="copy", action="screen.copy")
        yield Act("Save", "w", id="save", action="screen.save")
        yield Act("Close", "esc", id="no")

    def on_mount(self) -> None:
        """Show the first report, and have the history read."""
        self._render_report()
        self._read_history()

    def report(self) -> str:
        """Return the report as it stands in the preview."""
        redaction = Redaction(home=self.desk.home, enabled=self.is_redacted)
        record = None if self._history is None else record_of(self._history, self.snapshot, self.scope)
        return render(self.snapshot, self.scope, self.format, redaction, record=record)

    def action_format(self) -> None:
        """Go on to the next format."""
        self.format = FORMATS[(FORMATS.index(self.format) + 1) % len(FORMATS)]
        self._render_report()

    def action_scope(self) -> None:
        """Go on to the next scope."""
        self.scope = self.scopes[(self.scopes.index(self.scope) + 1) % len(self.scopes)]
        self._render_report()

    def action_redaction(self) -> None:
        """Show or mask what should not leave this machine."""
        self.is_redacted = not self.is_redacted
        self._render_report()

    async def action_copy(self) -> None:
        """Copy the report."""
        self.say(f"the report was {await copy_text(self.app, self.report())}")

    def action_save(self) -> None:
        """Ask for the file."""
        field = self.query_one("#path", Field)
        field.value = str(default_path(self.format))
        self.query_one("#save-row").add_class("-asked")
        field.focus()

    def action_leave(self) -> None:
        """Put the question for the file away first, then close."""
        row = self.query_one("#save-row")
        if row.has_class("-asked"):
            row.remove_class("-asked")
            self._may_overwrite = None
            self.say("")
            self.query_one("#preview").focus()
            return
        super().action_leave()

    def action_scroll_body(self, lines: int) -> None:
        """Scroll the preview."""
        self.query_one("#preview").scroll_relative(y=lines, animate=False)

    @on(Input.Changed, "#path")
    def _path_changed(self) -> None:
        self._may_overwrite = None

    @on(Input.Submitted, "#path")
    def _submitted(self, event: Input.Submitted) -> None:
        self.action_confirm()
        event.stop()

    def confirm(self) -> None:
        """Save under the path in the field; a file that is there already is overwritten only when said twice."""
        if self.is_under_way:
            return
        path = self.query_one("#path", Field).value.strip()
        if not path:
            self.say("give it a file to be saved in", error=True)
            return
        report, overwrite = self.report(), path == self._may_overwrite
        self.begin(f"saving in {path} …", lambda: self._save(path, report, overwrite=overwrite))

    def _save(self, path: str, report: str, *, overwrite: bool) -> Told:
        try:
            line = save_report(path, report, home=Path(self.desk.home), overwrite=overwrite)
        except FileExists:
            there = f"{path} is there already"
            asked = self.Saved(f"{there}: enter again overwrites it", is_error=True, in_the_way=path)
            return Told(asked, f"not saved: {there}", is_error=True)
        except OSError as error:
            line = f"not saved: {path}: {error.strerror or error}"
            return Told(self.Saved(line, is_error=True), line, is_error=True)
        return Told(self.Saved(line), line)

    @work(thread=True, group="history", description="read the history", exit_on_error=False)
    def _read_history(self) -> None:
        try:
            events = self.desk.history()
        except StoreError as error:
            _log.warning("the report goes without the history: %s", error.message)
            return
        self.post_message(self.HistoryRead(events))

    @on(HistoryRead)
    def _history_read(self, message: HistoryRead) -> None:
        self._history = message.events
        self._show_text()

    @on(Saved)
    def _saved(self, message: Saved) -> None:
        self.end()
        self.say(message.line, error=message.is_error)
        self._may_overwrite = message.in_the_way
        if not message.is_error:
            self.query_one("#save-row").remove_class("-asked")
            self.query_one("#preview").focus()

    def _render_report(self) -> None:
        self.say("")
        scope = self.scope.label(self.snapshot)
        secrets = "masked" if self.size.width < TERSE_BELOW else "secrets and home masked"
        mask = secrets if self.is_redacted else "NOTHING MASKED"
        for name, label in (("format", self.format), ("scope", scope), ("mask", mask)):
            self.query_one(f"#{name}", Act).name_it(label)
        self._show_text()

    def _show_text(self) -> None:
        text = "\n".join(clean(line, limit=None) for line in self.report().splitlines())
        self.query_one("#text", Static).update(Text(text))

    def _fit(self) -> None:
        """Need nothing: the preview takes what is left."""
