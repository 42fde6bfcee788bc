"""All services of this workspace back on the ports they would rather have: the plan first, then `enter`."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from portdash.dashboard.desk import Desk
from portdash.dashboard.screens.act import Act
from portdash.dashboard.screens.facts import Fact
from portdash.dashboard.screens.patience import Patience
from portdash.dashboard.screens.plan_view import back_text, file_lines
from portdash.dashboard.screens.shell import move_command
from portdash.dashboard.screens.steps_dialog import StepsDialog
from portdash.errors import PortdashError
from portdash.model.assignment import ServiceKey
from portdash.model.plan import Action
from portdash.model.snapshot import Snapshot
from portdash.report.scope import workspace_label


class HomeScreen(StepsDialog):
    """Shows who moves back where; `enter` does it. Nobody is ended for it, and `u` takes it back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "leave", "No", show=False),
        Binding("enter", "confirm", "Move back", show=False),
    ]

    def __init__(
        self, desk: Desk, snapshot: Snapshot, keys: Sequence[ServiceKey], *, patience: Patience | None = None
    ) -> None:
        where = workspace_label(snapshot, snapshot.workspace)
        super().__init__(desk, snapshot, title=f"Back to the preferred ports in {where}", patience=patience)
        self.keys = tuple(keys)

    def compose_buttons(self) -> Iterable[Widget]:
        """Yield the moving and the way out."""
        yield Act("Move back", "enter", id="yes")
        yield Act("Leave", "esc", id="no")

    def on_mount(self) -> None:
        """Make the plan."""
        try:
            plan = self.desk.plan_homing(self.snapshot, self.keys)
        except PortdashError as error:
            self.show_plan(None)
            self.say(f"{error.message}. {error.hint}", error=True)
            return
        moves = [step for step in plan.steps if step.action is Action.MOVE and step.key in self.keys]
        commands = [move_command(self.snapshot, step.key, step.after.port) for step in moves if step.key and step.after]
        below: list[Fact] = [
            ("Files", file_lines(self.desk.files_of(plan), self.desk.home)),
            ("Back", back_text(plan, self.desk.keys) if plan.steps else ""),
            ("Shell", commands),
        ]
        self.show_steps(plan, below=below)
