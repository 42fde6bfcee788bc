"""Giving assignments back: with No in focus, and every service that goes with them named."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Static

from portdash.dashboard.desk import Desk
from portdash.dashboard.screens.act import Act
from portdash.dashboard.screens.facts import Fact, facts
from portdash.dashboard.screens.patience import Patience
from portdash.dashboard.screens.plan_dialog import PlanDialog
from portdash.dashboard.screens.shell import release_command
from portdash.errors import PortdashError
from portdash.model.assignment import ServiceKey
from portdash.model.plan import Action, Plan, Step
from portdash.model.snapshot import Snapshot
from portdash.report.starting import own_listeners, service_label
from portdash.report.words import source_phrase
from portdash.text import and_list, clean, plural


class ReleaseScreen(PlanDialog):
    """Asks before assignments are given back; `y` does it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "leave", "No", show=False),
        Binding("y", "confirm", "Yes", show=False),
    ]

    def __init__(
        self, desk: Desk, snapshot: Snapshot, keys: Sequence[ServiceKey], *, patience: Patience | None = None
    ) -> None:
        self.keys = tuple(keys)
        """Captured when the dialog opens: what the cursor does meanwhile changes nothing."""
        what = service_label(snapshot, self.keys[0]) if len(self.keys) == 1 else plural(len(self.keys), "service")
        super().__init__(desk, snapshot, title=f"Release {what}?", patience=patience)

    def compose_body(self) -> Iterable[Widget]:
        """Yield what goes, what stays, and the same for the shell."""
        yield Static(id="facts", markup=False)

    def compose_buttons(self) -> Iterable[Widget]:
        """Yield No, which has the focus, and the other."""
        yield Act("No", "n esc", id="no")
        yield Act("Release", "y", id="yes")

    def on_mount(self) -> None:
        """Make the plan of what the dialog is about."""
        try:
            plan = self.desk.plan_release(self.snapshot, self.keys)
        except PortdashError as error:
            self.show_plan(None)
            self.say(f"{error.message}. {error.hint}", error=True)
            return
        self.query_one("#facts", Static).update(facts(self._facts(plan)))
        self.show_plan(plan)
        if self.obstacle:
            self.say(self.obstacle, error=True)

    def _facts(self, plan: Plan) -> list[Fact]:
        released = [step for step in plan.steps if step.action is Action.RELEASE]
        asked = [step for step in released if step.key in self.keys]
        rest = [step for step in released if step not in asked]
        return [
            ("Gives back", [self._released(step) for step in asked]),
            ("With it", [f"{self._released(step)}, which inherits its port" for step in rest]),
            ("Stays", "" if plan.notices else self._still_running(released)),
            ("Note", [clean(note) for note in plan.notices]),
            ("Then", f"the ports stay closed to other services for 60 s. {self.desk.keys.way('undo')} takes it back"),
            ("Shell", release_command(self.snapshot, self.keys)),
        ]

    def _released(self, step: Step) -> str:
        key = step.key or (step.before.key if step.before else None)
        name = service_label(self.snapshot, key) if key else ""
        row = step.before
        return f"{name}  {row.port}  {source_phrase(row)}" if row else name

    def _still_running(self, released: Sequence[Step]) -> str:
        """Name the servers that go on running without an assignment."""
        labels = [
            f"{clean(listener.label)} on {listener.port}"
            for step in released
            if step.key
            for listener in own_listeners(self.snapshot.service(step.key))
        ]
        unique = list(dict.fromkeys(labels))
        return f"{and_list(unique)}: still running, nothing is ended" if unique else ""
