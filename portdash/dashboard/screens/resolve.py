"""The ways out of a conflict side by side: what each strategy would do, what it costs, and what it leaves."""

from dataclasses import dataclass
from time import localtime, strftime
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.message import Message
from textual.widgets import Static

from portdash.dashboard.clipboard import copy_text
from portdash.dashboard.desk import Desk
from portdash.dashboard.screens.consent import ConsentRow
from portdash.dashboard.screens.facts import cell
from portdash.dashboard.screens.patience import Patience
from portdash.dashboard.screens.plan_dialog import PlanDialog
from portdash.dashboard.screens.resolve_acts import ResolveActs
from portdash.dashboard.screens.resolve_words import headline, what_differs
from portdash.dashboard.screens.shell import resolve_command
from portdash.dashboard.screens.way import Way, plan_text
from portdash.errors import PortdashError
from portdash.model.assignment import ServiceKey
from portdash.model.plan import Plan, Strategy
from portdash.model.snapshot import Snapshot

WAYS = (Strategy.MINIMAL, Strategy.CONSERVATIVE, Strategy.AGGRESSIVE)


class ResolveScreen(PlanDialog):
    """Three plans to choose from. A plan from a world that has changed is grey and cannot be applied until `r`."""

    DEFAULT_CSS = """
    ResolveScreen {
        align: left top;
        background: $background;
        #head { height: auto; max-height: 3; padding: 0 1; }
        #ways { height: 1fr; overflow-y: auto; }
        #foot { border-top: none; }
        #shell { height: auto; max-height: 2; color: $text-muted; }
        &.-stale Way { opacity: 50%; }
        &.-stale #head { color: $text-warning; }
    }
    ResolveScreen.-wide #ways { layout: horizontal; }
    ResolveScreen.-narrow #copy { display: none; }
    ResolveScreen.-narrow Act { margin: 0; }
    ResolveScreen.-narrow Way, ResolveScreen.-normal Way {
        & > .long { display: none; }
        & > .short { display: block; }
        &.-chosen > .long { display: block; }
        &.-chosen > .short { display: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(number), f"choose({number - 1})", show=False) for number in (1, 2, 3)),
        Binding("left", "step(-1)", show=False),
        Binding("right", "step(1)", show=False),
        Binding("enter", "confirm", "Apply", show=False),
        Binding("a", "all", "All conflicts", show=False),
        Binding("t", "consent", "Consent", show=False),
        Binding("Y", "copy", "Copy plan", show=False),
        Binding("r", "look_again", "Read again", show=False),
    ]
    AUTO_FOCUS: ClassVar[str | None] = ""

    @dataclass
    class Looked(Message):
        """The world was read again."""

        snapshot: Snapshot

    def __init__(
        self, desk: Desk, snapshot: Snapshot, key: ServiceKey | None, *, patience: Patience | None = None
    ) -> None:
        super().__init__(desk, snapshot, title="Resolve", patience=patience)
        self.key = key
        self.is_all = key is None
        """Whether the plans are about every conflict instead of this one's."""
        self.strategy = snapshot.policy.strategy
        self.difference = ""
        """What the world has that the plans do not know of; empty while they are good."""
        self._seen_at = snapshot.taken_at

    def compose(self) -> ComposeResult:
        """Lay out headline, ways and what can be done."""
        yield Static(id="head", markup=False)
        with Container(id="ways"):
            for number, strategy in enumerate(WAYS, 1):
                yield Way(number, strategy, is_default=strategy is self.snapshot.policy.strategy)
        with Vertical(id="foot"):
            yield ConsentRow()
            yield Static(id="shell", markup=False)
            yield Static(id="status", markup=False)
            yield ResolveActs(id="buttons")

    def on_mount(self) -> None:
        """Make the plans."""
        self._plan_all()

    @property
    def obstacle(self) -> str:
        """Why the chosen way cannot be taken as it stands."""
        if self.difference:
            return f"the world changed ({self.difference}): r reads it again"
        if self.plan is None and (error := self._way().error):
            return error
        return super().obstacle

    def world_changed(self, snapshot: Snapshot) -> None:
        """Disarm the plans if a newer snapshot differs from the one they were made from in what they rest on."""
        if self.is_applying or not self.is_mounted:
            return
        plans = [way.plan for way in self.query(Way) if way.plan]
        self.difference = what_differs(self.snapshot, snapshot, self.key, plans)
        self._seen_at = snapshot.taken_at
        if self.difference:
            self._forget_consent()
        self._show_state()

    def action_choose(self, number: int) -> None:
        """Choose a way by its number, counted from 0."""
        if self.is_applying:
            return
        self.strategy = WAYS[number]
        self._forget_consent()
        self.say("")
        self._show_state()
        self._way().scroll_visible(animate=False)

    def action_step(self, by: int) -> None:
        """Choose the way to the left or right."""
        self.action_choose((WAYS.index(self.strategy) + by) % len(WAYS))

    def action_all(self) -> None:
        """Turn between this conflict and all of them in one plan."""
        if self.key is not None and not self.is_applying:
            self.is_all = not self.is_all
            self._plan_all()

    def action_consent(self) -> None:
        """Ask for the number that agrees to ending what the chosen way ends."""
        plan = self._way().plan
        if plan is None or not plan.needs_consent or self.difference:
            self.say(self.obstacle if self.difference else "this way ends nothing: there is nothing to agree to")
            return
        self.query_one(ConsentRow).ask(plan)

    def action_leave(self) -> None:
        """Take consent back first, then leave without doing anything."""
        if self.query_one(ConsentRow).is_asked and not self.is_applying:
            self._forget_consent()
            self._show_state()
            return
        super().action_leave()

    def action_scroll_body(self, lines: int) -> None:
        """Scroll the chosen way, or all of them where they stand in one column."""
        for each in (self._way(), self.query_one("#ways")):
            each.scroll_relative(y=lines, animate=False)

    async def action_copy(self) -> None:
        """Copy the chosen plan as text."""
        plan = self._way().plan
        text = plan_text(plan, self.snapshot, self.desk.home, self._shell()) if plan else self._way().error
        self.say(f"the plan was {await copy_text(self.app, text)}")

    @on(ConsentRow.Changed)
    def _consent_typed(self) -> None:
        self.has_consent = self.query_one(ConsentRow).is_given
        self._show_state()

    @on(ConsentRow.Submitted)
    def _consent_submitted(self) -> None:
        self.action_confirm()

    @on(Way.Chosen)
    def _clicked(self, message: Way.Chosen) -> None:
        self.action_choose(WAYS.index(message.strategy))

    @work(thread=True, group="look", description="read the world again", exit_on_error=False)
    def action_look_again(self) -> None:
        """Read the world and plan anew."""
        try:
            self.post_message(self.Looked(self.desk.look()))
        except PortdashError as error:
            self.post_message(self.Failed(error.message, error.hint))

    @on(Looked)
    def _look_done(self, message: Looked) -> None:
        if self.is_applying:
            return
        self.snapshot = message.snapshot
        self._plan_all()

    def _plan_all(self) -> None:
        """Make the three plans from the snapshot at hand."""
        self.difference = ""
        self._seen_at = self.snapshot.taken_at
        self._forget_consent()
        for way in self.query(Way):
            plan, error = self._planned(way.strategy)
            way.show(plan, error, self.snapshot, self.desk.home)
        self.say("")
        self._show_state()

    def _planned(self, strategy: Strategy) -> tuple[Plan | None, str]:
        try:
            return self.desk.plan_resolve(self.snapshot, None if self.is_all else self.key, strategy), ""
        except PortdashError as error:
            return None, f"{error.message}. {error.hint}"

    def _show_state(self) -> None:
        """Let titles, button, headline and shell line say what is chosen and whether it is armed."""
        self.set_class(bool(self.difference), "-stale")
        self.show_plan(self._way().plan)
        for way in self.query(Way):
            chosen = way.strategy is self.strategy
            needs = way.plan is None or way.plan.is_stuck or not way.plan.steps or way.plan.needs_consent
            way.mark(chosen=chosen, armed=not self.obstacle if chosen else not (needs or self.difference))
        world = f"changed: {self.difference}, r reads again" if self.difference else "unchanged"
        at = strftime("%H:%M:%S", localtime(self._seen_at))
        key = None if self.is_all else self.key
        self.query_one("#head", Static).update(cell(f"{headline(self.snapshot, key)}   world as of {at}, {world}"))
        self.query_one("#shell", Static).update(cell(f"Same in a shell: {self._shell()}"))
        self._name_acts()

    def _name_acts(self) -> None:
        plan = self._way().plan
        self.query_one(ResolveActs).show(
            number=WAYS.index(self.strategy) + 1,
            strategy=self.strategy,
            conflicts=sum(1 for each in self.snapshot.conflicts if not each.kind.is_notice),
            is_all=self.is_all,
            is_one=self.key is not None,
            ends=plan is not None and plan.needs_consent,
            is_wide=self.size.width >= 120,
        )

    def _shell(self) -> str:
        plan = self._way().plan
        return resolve_command(
            self.snapshot,
            None if self.is_all else self.key,
            self.strategy,
            terminate=bool(plan and plan.needs_consent),
        )

    def _forget_consent(self) -> None:
        self.has_consent = False
        self.query_one(ConsentRow).forget()

    def _way(self) -> Way:
        return next(way for way in self.query(Way) if way.strategy is self.strategy)

    def _fit(self) -> None:
        """Let three boxes side by side be as high as the highest of them."""
        if not self.is_mounted:
            return
        is_wide = self.size.width >= 120
        highest = max(way.query_one(".long").size.height for way in self.query(Way)) + 2
        for way in self.query(Way):
            way.styles.height = min(highest, self.query_one("#ways").size.height) if is_wide else "auto"
        self._name_acts()
