"""A dialog about several rows: a verdict on each before the act, one after it, and where that is wanted a number typed.

Each row fares on its own, so that one fails alone. Which rows there are is captured when the dialog opens: what is
marked meanwhile changes nothing.
"""

from collections.abc import Iterable, Sequence
from typing import ClassVar, Generic, TypeVar

from textual import on
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from portdash.dashboard.screens.act import Act
from portdash.dashboard.screens.consent import ConsentRow
from portdash.dashboard.screens.facts import table
from portdash.dashboard.screens.long_act import LongAct
from portdash.dashboard.screens.patience import Patience
from portdash.manager.apply import Outcome
from portdash.report.starting import ToDo

RowT = TypeVar("RowT")


class Judged(Message, Generic[RowT]):
    """What became of one row."""

    def __init__(self, number: int, row: RowT) -> None:
        super().__init__()
        self.number = number
        self.row = row


class Over(Message):
    """Every row that was meant has its verdict."""


class RowsAct(LongAct, Generic[RowT]):
    """Says what is known of each row; a subclass says in `cells` how that reads, and in `confirm` what is done."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("n", "leave", "No", show=False)]

    def __init__(self, *, title: str, rows: Sequence[RowT], patience: Patience | None = None) -> None:
        super().__init__(title=title, patience=patience)
        self.rows = list(rows)
        self.is_done = False
        self.lines: list[str] = []
        """What was done: it is told to whoever opened this."""
        self.to_do: list[ToDo] = []
        """What is to be started by hand because of it."""

    def cells(self) -> Iterable[tuple[str, str]]:
        """Yield the lines of the table."""
        return ()

    def compose_body(self) -> Iterable[Widget]:
        """Yield a line a row."""
        yield Static(id="rows", markup=False)

    def compose_question(self) -> Iterable[Widget]:
        """Yield the row in which a number has to be typed."""
        yield ConsentRow()

    def on_mount(self) -> None:
        """Say what is known of each row."""
        self.draw()

    def action_leave(self) -> None:
        """Close; what was done is told to whoever opened this."""
        if self.is_done:
            told = Outcome(operation=None, lines=tuple(self.lines), to_do=tuple(dict.fromkeys(self.to_do)))
            self.dismiss(told if self.lines else None)
        else:
            super().action_leave()

    def draw(self) -> None:
        """Show the rows as they are, and let the buttons say what can be done."""
        self.query_one("#rows", Static).update(table(self.cells()))
        self.arm()

    @on(Judged)
    def _judged(self, message: Judged[RowT]) -> None:
        self.rows[message.number] = message.row
        self.draw()

    @on(Over)
    def _over(self) -> None:
        self.is_done = True
        self.end()
        self.say("")
        no = self.query_one("#no", Act)
        no.name_it("Close", key="esc")
        no.focus()
        self.draw()

    @on(ConsentRow.Changed)
    def _typed(self) -> None:
        self.arm()

    @on(ConsentRow.Submitted)
    def _submitted(self) -> None:
        self.action_confirm()
