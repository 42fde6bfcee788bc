"""Taking the last operation of this workspace back: the plan first, then `enter`."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from portdash.dashboard.desk import Desk
from portdash.dashboard.screens.act import Act
from portdash.dashboard.screens.facts import facts
from portdash.dashboard.screens.patience import Patience
from portdash.dashboard.screens.shell import command
from portdash.dashboard.screens.steps_dialog import StepsDialog
from portdash.errors import NoSuchService, PortdashError
from portdash.model.plan import Plan
from portdash.model.snapshot import Snapshot
from portdash.report.scope import workspace_label
from portdash.text import clean


class UndoScreen(StepsDialog):
    """Shows what taking the last operation back changes; `enter` does it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "leave", "No", show=False),
        Binding("enter", "confirm", "Undo", show=False),
    ]

    @dataclass
    class Planned(Message):
        """What was done last is known, and how to take it back."""

        plan: Plan

    @dataclass
    class Impossible(Message):
        """There is nothing to take back, or it cannot be found out."""

        error: PortdashError

    def __init__(self, desk: Desk, snapshot: Snapshot, *, patience: Patience | None = None) -> None:
        where = workspace_label(snapshot, snapshot.workspace)
        super().__init__(desk, snapshot, title=f"Undo the last change made from {where}", patience=patience)

    def compose_buttons(self) -> Iterable[Widget]:
        """Yield the undoing and the way out."""
        yield Act("Undo it", "enter", id="yes")
        yield Act("Leave", "esc", id="no")

    def on_mount(self) -> None:
        """Make the plan that takes the last operation back; that asks the store, so the screen does not wait for it."""
        self.show_plan(None)
        self.say("looking at what was done last …", busy=True)
        self._find_out()

    @work(thread=True, group="plan", description="plan the undoing", exit_on_error=False)
    def _find_out(self) -> None:
        try:
            self.post_message(self.Planned(self.desk.plan_undo(self.snapshot)))
        except PortdashError as error:
            self.post_message(self.Impossible(error))

    @on(Impossible)
    def _without_plan(self, message: Impossible) -> None:
        error = message.error
        self.say("")
        if isinstance(error, NoSuchService):
            self.query_one("#steps", Static).update(facts([("Nothing", error.message), ("", error.hint)]))
        else:
            self.say(f"{error.message}. {error.hint}", error=True)
        self.query_one("#yes").display = False
        self.query_one("#no").focus()

    @on(Planned)
    def _show(self, message: Planned) -> None:
        plan = message.plan
        done = clean(plan.title.removeprefix("undo: "))
        self.show_steps(plan, above=[("Takes back", done)], below=[("Shell", command("undo"))])
        self.query_one("#no" if self.obstacle else "#yes").focus()
