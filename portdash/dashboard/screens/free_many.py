"""Ending who holds several ports: a verdict a row before, one a row after, and the number of rows typed in between."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from textual import on, work
from textual.message import Message
from textual.widget import Widget

from portdash.dashboard.desk import Desk
from portdash.dashboard.screens.act import Act
from portdash.dashboard.screens.consent import ConsentRow
from portdash.dashboard.screens.free_facts import Subject, whose_lines
from portdash.dashboard.screens.long_act import Told
from portdash.dashboard.screens.patience import Patience
from portdash.dashboard.screens.rows_act import Judged, Over, RowsAct
from portdash.dashboard.screens.shell import free_command
from portdash.errors import PortdashError
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


class FreeManyScreen(RowsAct[Row]):
    """Asks before the holders of several ports are ended; each port is a plan of its own, so that one fails alone."""

    class Looked(Message):
        """It is known of every row who would end."""

    def __init__(
        self,
        desk: Desk,
        snapshot: Snapshot,
        slots: Sequence[tuple[int, IpProtocol]],
        *,
        patience: Patience | None = None,
    ) -> None:
        unique = list(dict.fromkeys(slots))
        rows = [Row(Subject(snapshot, port, protocol, desk.home)) for port, protocol in unique]
        super().__init__(title=f"Free {plural(len(unique), 'port')}?", rows=rows, patience=patience)
        self.desk = desk
        self.is_looking = True

    def compose_buttons(self) -> Iterable[Widget]:
        """Yield No, which has the focus, and the other."""
        yield Act("No", "n esc", id="no")
        yield Act("Free", "enter", id="yes")

    def on_mount(self) -> None:
        """Find out who has to end; that asks the machine, so the screen does not wait for it."""
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

    @work(thread=True, group="plan", description="find out who has to end", exit_on_error=False)
    def _judge_all(self) -> None:
        for number, row in enumerate(self.rows):
            self.post_message(Judged(number, self._planned(row)))
        self.post_message(self.Looked())

    def _planned(self, row: Row) -> Row:
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
        ending = [number for number, row in enumerate(self.rows) if row.can_end]
        fared = list(self.in_turn(ending, self._ended))
        text = "; ".join(f"{each.row.subject.slot} {each.verdict}" for each in fared)
        return Told(Over(), text, is_error=not all(each.went_well for each in fared))

    def _ended(self, row: Row) -> tuple[bool, str]:
        """End who holds one port. The identities are those that were shown: another process is left alone."""
        assert row.plan is not None
        try:
            outcome = self.desk.apply(row.plan, consent=True)
        except PortdashError as error:
            return False, error.message
        self.lines.extend(outcome.lines)
        self.to_do.extend(outcome.to_do)
        return True, "; ".join(outcome.lines)

    def judged(self, row: Row, verdict: str) -> Row:
        """Return a row in which nobody ends any more."""
        return replace(row, plan=None, verdict=verdict)

    @on(Looked)
    def _looked(self) -> None:
        self.is_looking = False
        self.say("")
        if self.ending and not self.desk.is_read_only:
            self.query_one(ConsentRow).ask_for(f"Type how many, {len(self.ending)}, to agree:", str(len(self.ending)))
        self.draw()

    def arm(self) -> None:
        """Let the button say how many would end, and whether that has been agreed to."""
        button = self.query_one("#yes", Act)
        button.name_it(f"Free {len(self.ending)}")
        button.disabled = self.is_looking or self.is_under_way or not self.query_one(ConsentRow).is_given
        button.display = not self.is_done

    def cells(self) -> Iterator[tuple[str, str]]:
        """Yield the verdict on each port, who holds it, and the same act in a shell."""
        for row in self.rows:
            yield row.subject.slot, row.verdict
            for line in dict.fromkeys(whose_lines(row.subject)):
                yield "", line
        if self.ending and not (self.is_done or self.is_looking):
            yield "Shell", "; ".join(free_command(row.subject.slot) for row in self.ending)
