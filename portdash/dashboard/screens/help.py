"""What works on this row, each line of which can be run: help that is also the menu."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.table import Table
from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from portdash.dashboard.rows.help_row import HelpRow
from portdash.dashboard.screens.act import Act
from portdash.dashboard.screens.dialog import Dialog
from portdash.dashboard.screens.patience import Patience
from portdash.dashboard.widgets.bounds import Lines
from portdash.text import clean

TOLD_LEAST = 22
"""Cells that have to be left for what a command does to stand beside its name."""
KEYS_MOST, LABELS_MOST = 9, 16
"""Cells that keys and names of commands are given."""


class HelpScreen(Dialog[str | None]):
    """Lists commands; `enter` closes it with the id of the one under the cursor, for the caller to run."""

    DEFAULT_CSS = """
    HelpScreen {
        OptionList { height: auto; border: none; padding: 0; background: transparent; }
        OptionList:focus { border: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "leave", show=False),
        Binding("j", "cursor(1)", show=False),
        Binding("k", "cursor(-1)", show=False),
    ]
    AUTO_FOCUS: ClassVar[str | None] = "OptionList"
    IS_HARMLESS = True

    def __init__(
        self,
        rows: Sequence[HelpRow | tuple[str, str, str, str | None]],
        title: str,
        *,
        patience: Patience | None = None,
    ) -> None:
        super().__init__(title=title, patience=patience)
        self.rows = tuple(HelpRow(*row) for row in rows)

    def compose_body(self) -> Iterable[Widget]:
        """Yield the lines, those that cannot be used grey and with the reason."""
        keys = max((cell_len(row.key) for row in self.rows), default=0)
        labels = max((cell_len(clean(row.label)) for row in self.rows), default=0)
        options = [
            Option(Prompt(row, keys=keys, labels=labels), id=str(number)) for number, row in enumerate(self.rows)
        ]
        yield Lines(*options, markup=False)

    def compose_buttons(self) -> Iterable[Widget]:
        """Yield the way out."""
        yield Act("Close", "esc", id="no")

    def action_cursor(self, by: int) -> None:
        """Move the cursor as vi does."""
        lines = self.query_one(OptionList)
        if by > 0:
            lines.action_cursor_down()
        else:
            lines.action_cursor_up()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.choose(event.option_index)

    def choose(self, number: int) -> None:
        """Close with a line's command, or say why it cannot be used."""
        row = self.rows[number]
        if row.reason:
            self.say(f"{row.label}: {row.reason}", error=True)
            return
        self.dismiss(row.command or row.key)


class Prompt:
    """A line of help: key, command, what it does or why not; where there is little room the last stands below."""

    def __init__(self, row: HelpRow, *, keys: int = KEYS_MOST, labels: int = LABELS_MOST) -> None:
        """`keys` and `labels` are the cells of the longest among the lines: what they leave is for what is told."""
        self._style = "dim" if row.reason else ""
        self._key = Text(clean(row.key), style=self._style or "bold")
        self._label = Text(clean(row.label), style=self._style)
        told = f"not here: {clean(row.reason)}" if row.reason else clean(row.help)
        self._told = Text(told, style=self._style)
        self._keys, self._labels = min(keys, KEYS_MOST), min(labels, LABELS_MOST)

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield it in columns, or in two lines."""
        grid = Table.grid(padding=(0, 1), expand=True)
        keys = [self._key] if self._keys else []
        if keys:
            grid.add_column(width=self._keys)
        if options.max_width - self._keys - self._labels - 2 >= TOLD_LEAST:
            grid.add_column(width=self._labels, no_wrap=True)
            grid.add_column(ratio=1, overflow="fold")
            grid.add_row(*keys, self._label, self._told)
        else:
            grid.add_column(ratio=1, overflow="fold")
            told = [Text.assemble("  ", self._told)] if self._told else []
            grid.add_row(*keys, Group(self._label, *told))
        yield grid
