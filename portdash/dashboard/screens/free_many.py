"""Ending who holds several ports: a verdict a row before, one a row after, and the number of rows typed in between."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from portdash.dashboard.desk import Desk
from portdash.dashboard.screens.act import Act
from portdash.dashboard.screens.consent import ConsentRow
from portdash.dashboard.screens.facts import table
from portdash.dashboard.screens.free_facts import Subject, whose_lines
from portdash.dashboard.screens.long_act import LongAct, Told
from portdash.dashboard.screens.patience import Patience
from portdash.dashboard.screens.shell import free_command
from portdash.errors import PortdashError
from portdash.manager.apply import Outcome
from portdash.model.plan import Plan
from portdash.model.ports import IpProtocol
from portdash.model.snapshot import Snapshot
from portdash.record import record
from portdash.text import and_list, clean, plural


@record
class Row:
    """One port, and what is going to become of it, or became."""

    subject: Subject
    plan: Plan | None = None
    """None while nobody knows, and where it must not be done."""
    verdict: str = "looking …"

    @property
    def can_end(self) -> bool:
        """Whether there is somebody to end, who may be ended."""
        return self.plan is not None and bool(self.plan.steps)


class FreeManyScreen(LongAct):
    """Asks before the holders of several ports are ended; each port is a plan of its own, so that one fails alone."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("n", "leave", "No", show=False)]

    @dataclass
    class Judged(Message):
        """What became of one row."""

        number: int
        row: Row

    @dataclass
    class Over(Message):
        """Every row has its verdict: before the ending, or after it."""

        was_applied: bool

    def __init__(
        self,
        desk: Desk,
        snapshot: Snapshot,
        slots: Sequence[tuple[int, IpProtocol]],
        *,
        patience: Patience | None = None,
    ) -> None:
        unique = list(dict.fromkeys(slots))
        super().__init__(title=f"Free {plural(len(unique), 'port')}?", patience=patience)
        self.desk = desk
        self.rows = [Row(Subject(snapshot, port, protocol, desk.home)) for port, protocol in unique]
        """Captured when the dialog opens: what is marked meanwhile changes nothing."""
        self.is_looking = True
        self.is_done = False
        self._lines: list[str] = []

    def compose_body(self) -> Iterable[Widget]:
        """Yield a row a port."""
        yield Static(id="rows", markup=False)

    def compose_question(self) -> Iterable[Widget]:
        """Yield the row in which a number has to be typed."""
        yield ConsentRow()

    def compose_buttons(self) -> Iterable[Widget]:
        """Yield No, which has the focus, and the other."""
        yield Act("No", "n esc", id="no")
        yield Act("Free", "enter", id="yes")

    def on_mount(self) -> None:
        """Find out who has to end; that asks the machine, so the screen does not wait for it."""
        self._draw()
        self.say("looking at who holds them …", busy=True)
        self._judge_all()

    @property
    def ending(self) -> list[Row]:
        """The rows in which somebody ends."""
        return [row for row in self.rows if row.can_end]

    def confirm(self) -> None:
        """End them, once their number has been typed."""
        if self.is_looking or self.is_under_way:
            return
        if self.is_done:
            self.action_leave()
        elif not self.query_one(ConsentRow).is_given:
            self.say(f"type {len(self.ending)} to agree" if self.ending else "there is nobody to end", error=True)
        else:
            self.query_one(ConsentRow).forget()
            self.begin("ending …", self._ended_all)

    def action_leave(self) -> None:
        """Close; what was done is told to whoever opened this."""
        if self.is_done:
            self.dismiss(Outcome(operation=None, lines=tuple(self._lines)) if self._lines else None)
        else:
            super().action_leave()

    @work(thread=True, group="plan", description="find out who has to end", exit_on_error=False)
    def _judge_all(self) -> None:
        for number, row in enumerate(self.rows):
            self.post_message(self.Judged(number, self._judged(row)))
        self.post_message(self.Over(was_applied=False))

    def _judged(self, row: Row) -> Row:
        subject = row.subject
        try:
            plan = self.desk.plan_free(subject.snapshot, subject.port, subject.protocol)
        except PortdashError as error:
            return replace(row, verdict=f"stays: {clean(error.message)}")
        if not plan.steps:
            return replace(row, plan=plan, verdict="nobody listens on it any more")
        ends = and_list(clean(step.target.whole) for step in plan.steps if step.target)
        notes = "".join(f"; ▲ {clean(note)}" for note in plan.notices)
        return replace(row, plan=plan, verdict=f"ends {ends}{notes}")

    def _ended_all(self) -> Told:
        """End who holds each port; what was done to one is told on its row at once."""
        verdicts = []
        for number, row in enumerate(self.rows):
            if row.can_end:
                ended = self._ended(row)
                verdicts.append(f"{row.subject.slot} {ended.verdict}")
                self.tell(self.Judged(number, ended))
        return Told(self.Over(was_applied=True), "; ".join(verdicts))

    def _ended(self, row: Row) -> Row:
        """End who holds one port. The identities are those that were shown: another process is left alone."""
        assert row.plan is not None
        try:
            outcome = self.desk.apply(row.plan, consent=True)
        except PortdashError as error:
            return replace(row, plan=None, verdict=f"✗ {clean(error.message)}")
        self._lines.extend(outcome.lines)
        return replace(row, plan=None, verdict=f"✓ {clean('; '.join(outcome.lines))}")

    @on(Judged)
    def _show(self, message: Judged) -> None:
        self.rows[message.number] = message.row
        self._draw()

    @on(Over)
    def _over(self, message: Over) -> None:
        self.is_looking, self.is_done = False, message.was_applied
        self.end()
        self.say("")
        if not message.was_applied and self.ending and not self.desk.is_read_only:
            self.query_one(ConsentRow).ask_for(f"Type how many, {len(self.ending)}, to agree:", str(len(self.ending)))
        if message.was_applied:
            self.query_one("#no", Act).name_it("Close", key="esc")
        self._draw()

    @on(ConsentRow.Changed)
    def _typed(self) -> None:
        self.arm()

    @on(ConsentRow.Submitted)
    def _submitted(self) -> None:
        self.action_confirm()

    def _draw(self) -> None:
        self.query_one("#rows", Static).update(table(self._cells()))
        self.arm()

    def arm(self) -> None:
        """Let the button say how many would end, and whether that has been agreed to."""
        button = self.query_one("#yes", Act)
        button.name_it(f"Free {len(self.ending)}")
        button.disabled = self.is_looking or self.is_under_way or not self.query_one(ConsentRow).is_given
        button.display = not self.is_done

    def _cells(self) -> Iterator[tuple[str, str]]:
        for row in self.rows:
            yield row.subject.slot, row.verdict
            for line in dict.fromkeys(whose_lines(row.subject)):
                yield "", line
        if not self.is_done:
            yield "Shell", "; ".join(free_command(row.subject.slot) for row in self.rows)
