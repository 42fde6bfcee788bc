"""A dialog that shows a plan step by step, and under it what a person should know of it."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.widget import Widget
from textual.widgets import Static

from portdash.dashboard.screens.facts import Fact, facts, table
from portdash.dashboard.screens.plan_dialog import PlanDialog
from portdash.dashboard.screens.plan_view import step_cells, what_remains
from portdash.model.plan import Plan


class StepsDialog(PlanDialog):
    """Has room for steps and facts; a subclass makes the plan, and hands it to `show_steps`."""

    AUTO_FOCUS: ClassVar[str | None] = "#yes"

    def compose_body(self) -> Iterable[Widget]:
        """Yield room for the plan, or for the word that there is none."""
        yield Static(id="steps", markup=False)
        yield Static("", classes="gap", markup=False)
        yield Static(id="facts", markup=False)

    def show_steps(self, plan: Plan, *, above: Sequence[Fact] = (), below: Sequence[Fact] = ()) -> None:
        """Show a plan, with facts `above` and `below` what remains to be done, and say what speaks against it."""
        steps = ((str(number), *step_cells(step, self.snapshot)) for number, step in enumerate(plan.steps, 1))
        self.query_one("#steps", Static).update(table(steps))
        rows = (*above, *what_remains(plan, self.snapshot, self.desk.home), *below)
        self.query_one("#facts", Static).update(facts(rows))
        self.show_plan(plan)
        self.say(self.obstacle, error=bool(self.obstacle))
