"""A dialog about several rows: a verdict on each before the act, one after it, and where that is wanted a number typed.

Each row fares on its own, so that one fails alone; where portdash itself breaks at one, those after it are left alone,
which stands on them. Which rows there are is captured when the dialog opens: what is marked meanwhile changes nothing.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import ClassVar, Generic, NamedTuple, TypeVar

from textual import on
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from portdash.dashboard.screens.act import Act
from portdash.dashboard.screens.consent import ConsentRow
from portdash.dashboard.screens.facts import table
from portdash.dashboard.screens.long_act import LongAct, broken_words
from portdash.dashboard.screens.patience import Patience
from portdash.manager.apply import Outcome
from portdash.report.starting import ToDo
from portdash.text import clean

_log = logging.getLogger(__name__)

RowT = TypeVar("RowT")


class Fared(NamedTuple, Generic[RowT]):
    """How an act went on one row."""

    row: RowT
    """As it was before."""
    went_well: bool
    text: str

    @property
    def verdict(self) -> str:
        """What stands on the row."""
        return f"{'✓' if self.went_well else '✗'} {self.text}"


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

    def judged(self, row: RowT, verdict: str) -> RowT:
        """Return a row with its last verdict: there is nothing more that could be done to it."""
        raise NotImplementedError

    def in_turn(self, numbers: Iterable[int], act: Callable[[RowT], tuple[bool, str]]) -> Iterator[Fared[RowT]]:
        """Do something to the rows of these numbers, one after the other; `act` says whether it went well, and how.

        How it went stands on the row at once. Where `act` raises, portdash is broken: no row after that is touched.
        """
        is_broken = False
        for number in numbers:
            row = self.rows[number]
            try:
                went_well, text = act(row) if not is_broken else (False, "not done: portdash broke before it")
            except Exception as error:  # noqa: BLE001  what was done before it has to be told as well
                _log.exception("an act broke between its rows")
                is_broken, went_well, text = True, False, broken_words(error)
            fared = Fared(row, went_well, clean(text))
            self.tell(Judged(number, self.judged(row, fared.verdict)))
            yield fared

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
