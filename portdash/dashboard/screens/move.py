"""Another port for a service: the one that is typed, or the next best."""

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input, Static

from portdash.dashboard.desk import Desk
from portdash.dashboard.screens.act import Act
from portdash.dashboard.screens.facts import Fact, facts
from portdash.dashboard.screens.fields import Field
from portdash.dashboard.screens.patience import Patience
from portdash.dashboard.screens.plan_dialog import PlanDialog
from portdash.dashboard.screens.plan_view import back_text, file_lines, step_cells, tried, what_remains
from portdash.dashboard.screens.shell import move_command
from portdash.errors import PortdashError
from portdash.model.assignment import ServiceKey
from portdash.model.plan import Plan
from portdash.model.ports import parse_port
from portdash.model.snapshot import Snapshot
from portdash.report.starting import service_label
from portdash.report.words import held_by, source_phrase


class MoveScreen(PlanDialog):
    """Shows what moving a service means while its port is typed; `enter` does it."""

    DEFAULT_CSS = """
    MoveScreen {
        #port-row { height: 1; margin-bottom: 1; }
        #port-row > Static { width: 12; text-style: bold; }
        #port { max-width: 12; }
        #port-row > .hint { width: 1fr; padding-left: 1; text-style: none; }
    }
    """
    AUTO_FOCUS: ClassVar[str | None] = "#port"

    def __init__(self, desk: Desk, snapshot: Snapshot, key: ServiceKey, *, patience: Patience | None = None) -> None:
        super().__init__(desk, snapshot, title=f"Move {service_label(snapshot, key)}", patience=patience)
        self.key = key
        self.view = snapshot.service(key)

    def compose_body(self) -> Iterable[Widget]:
        """Yield the port field and the plan under it."""
        yield Static(facts(self._now()), id="now", markup=False)
        with Horizontal(id="port-row"):
            yield Static("To", markup=False)
            yield Field(id="port", max_length=5)
            yield Static("empty: the next best", classes="hint", markup=False)
        yield Static(id="preview", markup=False)

    def compose_buttons(self) -> Iterable[Widget]:
        """Yield the move and the way out."""
        yield Act("Move", "enter", id="yes")
        yield Act("Cancel", "esc", id="no")

    def on_mount(self) -> None:
        """Show what an empty field means."""
        self._preview("")

    @on(Input.Changed, "#port")
    def _typed(self, event: Input.Changed) -> None:
        self._preview(event.value)

    @on(Input.Submitted, "#port")
    def _submitted(self) -> None:
        self.action_confirm()

    def _now(self) -> list[Fact]:
        view = self.view
        if view is None or view.assignment is None:
            return [("Now", "no port yet")]
        held = held_by(view) if view.listeners or view.elsewhere else "nobody listens there"
        return [("Now", f"{view.assignment.port}  {source_phrase(view.assignment)}, {held}")]

    def _preview(self, text: str) -> None:
        """Plan the move to what stands in the field, or say what is wrong with it."""
        preview = self.query_one("#preview", Static)
        try:
            to = parse_port(text.strip()) if text.strip() else None
            plan = self.desk.plan_move(self.snapshot, self.key, to)
        except PortdashError as error:
            preview.update(facts([("Not so", error.message), ("", error.hint)]))
            self.show_plan(None)
            return
        preview.update(facts(self._plan_facts(plan, to)))
        self.show_plan(plan)

    def _plan_facts(self, plan: Plan, to: int | None) -> list[Fact]:
        steps = ["  ".join(step_cells(step, self.snapshot)) for step in plan.steps]
        passed = list(dict.fromkeys(line for step in plan.steps if step.after and (line := tried(step.after))))
        return [
            ("Plan", steps or "no step: it stays where it is"),
            ("Passed", passed),
            *what_remains(plan, self.snapshot, self.desk.home),
            ("Files", file_lines(self.desk.files_of(plan), self.desk.home)),
            ("Back", back_text(plan, self.desk.keys) if plan.steps else ""),
            ("Shell", move_command(self.snapshot, self.key, to)),
        ]

    @property
    def obstacle(self) -> str:
        """Why it cannot be moved as it stands; what the field says comes first."""
        if self.plan is None and not self.desk.is_read_only:
            return "that port cannot be had"
        return super().obstacle
