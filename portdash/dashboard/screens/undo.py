"""Taking the last operation of this workspace back: the plan first, then `enter`."""

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Static

from portdash.dashboard.desk import Desk
from portdash.dashboard.screens.act import Act
from portdash.dashboard.screens.facts import facts, table
from portdash.dashboard.screens.patience import Patience
from portdash.dashboard.screens.plan_dialog import PlanDialog
from portdash.dashboard.screens.plan_view import left_lines, step_cells, to_do_lines
from portdash.dashboard.screens.shell import command
from portdash.errors import NoSuchService, PortdashError
from portdash.model.plan import Plan
from portdash.model.snapshot import Snapshot
from portdash.report.scope import workspace_label
from portdash.text import clean


class UndoScreen(PlanDialog):
    """Shows what taking the last operation back changes; `enter` does it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "leave", "No", show=False),
        Binding("enter", "confirm", "Undo", show=False),
    ]
    AUTO_FOCUS: ClassVar[str | None] = "#yes"

    def __init__(self, desk: Desk, snapshot: Snapshot, *, patience: Patience | None = None) -> None:
        where = workspace_label(snapshot, snapshot.workspace)
        super().__init__(desk, snapshot, title=f"Undo the last change in {where}", patience=patience)

    def compose_body(self) -> Iterable[Widget]:
        """Yield room for the plan, or for the word that there is none."""
        yield Static(id="steps", markup=False)
        yield Static("", classes="gap", markup=False)
        yield Static(id="facts", markup=False)

    def compose_buttons(self) -> Iterable[Widget]:
        """Yield the undoing and the way out."""
        yield Act("Undo it", "enter", id="yes")
        yield Act("Leave", "esc", id="no")

    def on_mount(self) -> None:
        """Make the plan that takes the last operation back."""
        steps = self.query_one("#steps", Static)
        try:
            plan = self.desk.plan_undo(self.snapshot)
        except NoSuchService as error:
            steps.update(facts([("Nothing", error.message), ("", error.hint)]))
            self._without_plan()
        except PortdashError as error:
            self._without_plan()
            self.say(f"{error.message}. {error.hint}", error=True)
        else:
            steps.update(table((str(n), *step_cells(step, self.snapshot)) for n, step in enumerate(plan.steps, 1)))
            self._show(plan)

    def _without_plan(self) -> None:
        self.show_plan(None)
        self.query_one("#yes").display = False
        self.query_one("#no").focus()

    def _show(self, plan: Plan) -> None:
        rows = [
            ("Takes back", clean(plan.title.removeprefix("undo: "))),
            ("Left", left_lines(plan)),
            ("Note", [clean(note) for note in plan.notices]),
            ("Still to do", to_do_lines(plan, self.snapshot, self.desk.home)),
            ("Shell", command("undo")),
        ]
        self.query_one("#facts", Static).update(facts(rows))
        self.show_plan(plan)
        if self.obstacle:
            self.say(self.obstacle, error=True)
            self.query_one("#no").focus()
