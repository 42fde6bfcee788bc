"""Freeing several ports at once: a verdict for each, the number of them typed, and each freed by itself."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, Input, Static

from portdash.dashboard.desk import Desk
from portdash.dashboard.screens.act import Act
from portdash.dashboard.screens.dialog import Dialog
from portdash.dashboard.screens.facts import Fact, facts
from portdash.dashboard.screens.fields import Field, NumberField
from portdash.dashboard.screens.patience import Patience
from portdash.dashboard.screens.shell import free_command
from portdash.errors import PortdashError
from portdash.manager.apply import Outcome
from portdash.model.plan import Plan
from portdash.model.ports import IpProtocol
from portdash.model.snapshot import Snapshot
from portdash.text import and_list, clean, plural

Slot = tuple[int, IpProtocol]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What can be done about one port."""

    slot: Slot
    plan: Plan | None
    """None where it must not be freed, or nobody is there to be ended."""
    text: str
    """Who ends, or why nobody does."""


class HowMany(Horizontal):
    """Asks for the number of ports that are freed."""

    DEFAULT_CSS = """
    HowMany {
        height: auto;
        display: none;
        &.-asked { display: block; }
        & > Static { width: auto; max-width: 80%; }
        & > Field { width: 9; max-width: 9; margin-left: 1; }
    }
    """

    def compose(self) -> ComposeResult:
        """Lay out the question and the field."""
        yield Static(id="asks", markup=False)
        yield NumberField(id="count", max_length=3)


class FreeManyScreen(Dialog[Outcome | None]):
    """Asks before the holders of several ports are ended; what was marked is captured when it opens."""

    class Looked(Message):
        """What can be done about each port is known."""

        def __init__(self, verdicts: tuple[Verdict, ...]) -> None:
            super().__init__()
            self.verdicts = verdicts

    class Freed(Message):
        """What could be freed is free; the rest says why not."""

        def __init__(self, done: tuple[str, ...], failed: tuple[Verdict, ...]) -> None:
            super().__init__()
            self.done = done
            self.failed = failed

    def __init__(
        self, desk: Desk, snapshot: Snapshot, slots: Sequence[Slot], *, patience: Patience | None = None
    ) -> None:
        super().__init__(title=f"Free {plural(len(slots), 'port')}?", patience=patience)
        self.desk = desk
        self.snapshot = snapshot
        self.slots = tuple(slots)
        self.verdicts: tuple[Verdict, ...] = ()
        self.is_applying = False

    def compose_body(self) -> Iterable[Widget]:
        """Yield a verdict for each port, and the question."""
        yield Static(id="facts", markup=False)
        yield HowMany()

    def compose_buttons(self) -> Iterable[Widget]:
        """Yield No, which has the focus, and the other."""
        yield Act("No", "esc", id="no")
        yield Act("Free them", "enter", id="yes")

    def on_mount(self) -> None:
        """Find out who has to end; that asks the machine, so the screen does not wait for it."""
        self._arm()
        self.say("looking at who holds them …", busy=True)
        self._look()

    @property
    def plans(self) -> list[Plan]:
        """What would be carried out."""
        return [each.plan for each in self.verdicts if each.plan]

    @property
    def has_consent(self) -> bool:
        """Whether the right number stands in the field."""
        return bool(self.plans) and self.query_one("#count", Field).value == str(len(self.plans))

    @work(thread=True, group="plan", description="find out who has to end", exit_on_error=False)
    def _look(self) -> None:
        self.post_message(self.Looked(tuple(map(self._judge, self.slots))))

    def _judge(self, slot: Slot) -> Verdict:
        try:
            plan = self.desk.plan_free(self.snapshot, *slot)
        except PortdashError as error:
            return Verdict(slot, None, f"stays: {error.message}")
        ends = [step.target.whole for step in plan.steps if step.target]
        notes = "".join(f". {note}" for note in plan.notices)
        return Verdict(slot, plan, f"ends {and_list(ends)}{notes}") if ends else Verdict(slot, None, "nobody holds it")

    @on(Looked)
    def _show(self, message: Looked) -> None:
        self.verdicts = message.verdicts
        count = len(self.plans)
        self.query_one("#facts", Static).update(facts(self._facts()))
        self.say("" if count else "none of them can be freed", error=not count)
        if self.desk.is_read_only:
            self.say("read-only: nothing can be changed", error=True)
        elif count:
            self.query_one("#asks", Static).update(f"Type how many, {count}, to agree:")
            self.query_one(HowMany).add_class("-asked")
            self.query_one("#count", Field).focus()
        self._arm()

    def _facts(self) -> list[Fact]:
        rows: list[Fact] = [(_name(each.slot), clean(each.text, limit=400)) for each in self.verdicts]
        freed = [_name(each.slot) for each in self.verdicts if each.plan]
        rows.append(("Then", "each is proved free. What has ended cannot be brought back" if freed else ""))
        rows.append(("Shell", [free_command(each) for each in freed]))
        return rows

    def _arm(self) -> None:
        for each in self.query("#yes").results(Button):
            each.disabled = not self.has_consent or self.is_applying or self.desk.is_read_only

    @on(Input.Changed)
    def _typed(self) -> None:
        self._arm()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_confirm()

    def confirm(self) -> None:
        """End them one after the other, unless something speaks against it."""
        if self.is_applying or self.desk.is_read_only or not self.plans:
            return
        if not self.has_consent:
            self.say(f"type {len(self.plans)} to agree", error=True)
            return
        self.is_applying = True
        self._arm()
        self.say(f"freeing {plural(len(self.plans), 'port')} …", busy=True)
        self._free()

    def action_leave(self) -> None:
        """Close without doing anything; what is under way cannot be left."""
        if self.is_applying:
            self.say("being freed: wait until it is over", busy=True)
            return
        super().action_leave()

    @work(thread=True, group="apply", description="free several ports", exit_on_error=False)
    def _free(self) -> None:
        done: list[str] = []
        failed: list[Verdict] = []
        for verdict in self.verdicts:
            if verdict.plan is None:
                continue
            try:
                outcome = self.desk.apply(verdict.plan, consent=True)
            except PortdashError as error:
                failed.append(Verdict(verdict.slot, None, f"failed: {error.message}. {error.hint}"))
            else:
                done.append("; ".join(outcome.lines))
        self.post_message(self.Freed(tuple(done), tuple(failed)))

    @on(Freed)
    def _told(self, message: Freed) -> None:
        self.is_applying = False
        if not message.failed:
            self.dismiss(Outcome(operation=None, lines=message.done))
            return
        self.verdicts = message.failed
        self.query_one(HowMany).remove_class("-asked")
        rows: list[Fact] = [("Done", [clean(each) for each in message.done]), *self._facts()]
        self.query_one("#facts", Static).update(facts(rows))
        self.say(f"{plural(len(message.failed), 'port')} could not be freed", error=True)
        self._arm()


def _name(slot: Slot) -> str:
    port, protocol = slot
    return str(port) if protocol is IpProtocol.TCP else f"{port}/{protocol}"
