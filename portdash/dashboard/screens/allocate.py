"""A new service, or a service of what already runs: the form, and live beneath it what would come of it."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input, Static

from portdash.dashboard.desk import Desk
from portdash.dashboard.screens.act import Act
from portdash.dashboard.screens.adopt_form import AdoptForm
from portdash.dashboard.screens.facts import Fact, facts
from portdash.dashboard.screens.patience import Patience
from portdash.dashboard.screens.plan_dialog import PlanDialog
from portdash.dashboard.screens.preview import adoption_facts, allocation_facts, refused_facts
from portdash.dashboard.screens.wish_form import WishForm
from portdash.errors import PortdashError
from portdash.manager.wishes import Wish
from portdash.model.listener import Listener
from portdash.model.plan import Plan
from portdash.model.snapshot import Snapshot


class AllocateScreen(PlanDialog):
    """Allocates a port for a new service, or for the one named; with `listeners` it adopts of those. `enter` does it.

    `is_chosen` says that a person has picked the listeners one by one.
    """

    DEFAULT_CSS = """
    AllocateScreen.-narrow WishForm {
        & > Grid, Collapsible Grid { grid-size: 1; }
        #ticks { layout: vertical; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "confirm", "Do it", show=False)]
    """For ticks, which leave it to the dialog; fields, menus and buttons have their own."""
    AUTO_FOCUS: ClassVar[str | None] = "AdoptForm Tick, Field"

    def __init__(
        self,
        desk: Desk,
        snapshot: Snapshot,
        *,
        listeners: Sequence[Listener] = (),
        is_chosen: bool = False,
        name: str = "",
        patience: Patience | None = None,
    ) -> None:
        adopts = "Adopt 1 listener" if len(listeners) == 1 else "Adopt listeners"
        title = adopts if listeners else "Allocate a port"
        super().__init__(desk, snapshot, title=title, patience=patience)
        self.listeners = tuple(listeners)
        self._is_chosen = is_chosen
        self._name_then = name

    def compose_body(self) -> Iterable[Widget]:
        """Yield the form and its preview."""
        if self.listeners:
            yield AdoptForm(self.desk, self.snapshot, self.listeners, is_chosen=self._is_chosen)
        else:
            yield WishForm(self.snapshot, self.desk.workspace_names(self.snapshot), name=self._name_then)
        yield Static("─" * 200, classes="rule", markup=False)
        yield Static(id="preview", markup=False)

    def compose_buttons(self) -> Iterable[Widget]:
        """Yield the allocation and the way out."""
        yield Act(self._verb, "enter", id="yes")
        yield Act("Cancel", "esc", id="no")

    def on_mount(self) -> None:
        """Show what the untouched form means."""
        self._look_again()

    @on(WishForm.Changed)
    @on(AdoptForm.Changed)
    def _look_again(self) -> None:
        self.say("")
        if self.listeners:
            self._preview_adoption(self.query_one(AdoptForm))
        else:
            self._preview_wish(self.query_one(WishForm))

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_confirm()

    @property
    def obstacle(self) -> str:
        """Why the form cannot be applied as it stands."""
        if self.plan is None and not self.desk.is_read_only:
            return "the form is not complete"
        if self.plan and not self.plan.steps and not self.plan.unresolved:
            return "it has its port already: there is nothing to change"
        return super().obstacle

    def show_plan(self, plan: Plan | None) -> None:
        """Name the port on the button, too."""
        super().show_plan(plan)
        ports = [step.to_port for step in plan.steps if step.to_port] if plan else []
        port = f" {ports[0]}" if len(ports) == 1 else ""
        which = f" {len(ports)} of {len(self.listeners)}" if len(self.listeners) > 1 else port
        label = f"{self._verb}{which}"
        self.query_one("#yes", Act).name_it(label)

    @property
    def _verb(self) -> str:
        return "Adopt" if self.listeners else "Allocate"

    def _preview_wish(self, form: WishForm) -> None:
        wish = form.read()
        if not isinstance(wish, Wish):
            wrong = [(each.label, each.text) for each in wish]
            self._show_facts(None, wrong or [("Would get", "give it a name")])
            return
        try:
            plan = self.desk.plan_allocate(self.snapshot, wish)
        except PortdashError as error:
            self._show_facts(None, refused_facts(error))
        else:
            self._show_facts(plan, allocation_facts(self.snapshot, plan, wish, self.desk.home))

    def _preview_adoption(self, form: AdoptForm) -> None:
        mistakes = form.mistakes()
        if mistakes:
            self._show_facts(None, [(each.label, each.text) for each in mistakes])
            return
        try:
            taken = [listener for listener, _name in form.taken()]
            plan = self.desk.plan_adopt(self.snapshot, taken, form.names())
        except PortdashError as error:
            self._show_facts(None, refused_facts(error))
        else:
            names = {listener.port: name for listener, name in zip(taken, form.names(), strict=True)}
            self._show_facts(plan, adoption_facts(self.snapshot, plan, names, self.desk.home))

    def _show_facts(self, plan: Plan | None, rows: Sequence[Fact]) -> None:
        self.query_one("#preview", Static).update(facts(rows))
        self.show_plan(plan)
