"""The ways out of a conflict side by side: what each strategy would do, what it costs, and what it leaves."""

from typing import ClassVar

from rich.columns import Columns
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.widgets import Static

from portdash.dashboard.clipboard import copy_text
from portdash.dashboard.rows.times import clock_time
from portdash.dashboard.screens.consent import ConsentRow
from portdash.dashboard.screens.facts import cell
from portdash.dashboard.screens.resolve_acts import ResolveActs
from portdash.dashboard.screens.resolve_words import headline
from portdash.dashboard.screens.resolve_world import PlansInAWorld
from portdash.dashboard.screens.shell import resolve_command
from portdash.dashboard.screens.way import Way, plan_text
from portdash.model.plan import Strategy

WAYS = (Strategy.MINIMAL, Strategy.CONSERVATIVE, Strategy.AGGRESSIVE)


class ResolveScreen(PlansInAWorld):
    """Three plans to choose from. A plan from a world that has changed is grey and cannot be applied until `r`."""

    DEFAULT_CSS = """
    ResolveScreen {
        align: left top;
        background: $background;
        #head { height: auto; max-height: 4; padding: 0 1; }
        #ways { height: 1fr; overflow-y: auto; }
        #foot { border-top: none; }
        #shell { height: auto; max-height: 2; color: $text-muted; }
        &.-stale Way { opacity: 50%; }
        &.-stale #head { color: $text-warning; }
    }
    ResolveScreen.-wide #ways { layout: horizontal; overflow: hidden; }
    ResolveScreen.-wide Way { height: 100%; }
    ResolveScreen.-narrow #copy { display: none; }
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

    def compose(self) -> ComposeResult:
        """Lay out headline, ways and what can be done."""
        yield Static(id="head", markup=False)
        with Container(id="ways"):
            for number, strategy in enumerate(WAYS, 1):
                yield Way(number, strategy, self.desk.keys, is_default=strategy is self.snapshot.policy.strategy)
        with Vertical(id="foot"):
            yield ConsentRow()
            yield Static(id="shell", markup=False)
            yield Static(id="status", markup=False)
            yield ResolveActs(id="buttons")

    def on_mount(self) -> None:
        """Make the plans."""
        self._plan_all()

    def action_choose(self, number: int) -> None:
        """Choose a way by its number, counted from 0."""
        if self.is_under_way:
            return
        self.strategy = WAYS[number]
        self._forget_consent()
        self.say("")
        self._show_state()
        self.call_after_refresh(self.way.scroll_visible, animate=False, top=True)

    def action_step(self, by: int) -> None:
        """Choose the way to the left or right."""
        self.action_choose((WAYS.index(self.strategy) + by) % len(WAYS))

    def action_all(self) -> None:
        """Turn between this conflict and all of them in one plan."""
        if self.key is not None and not self.is_under_way:
            self.is_all = not self.is_all
            self._plan_all()

    def action_consent(self) -> None:
        """Ask for the number that agrees to ending what the chosen way ends."""
        plan = self.way.plan
        if plan is None or not plan.needs_consent or self.difference:
            self.say(self.obstacle if self.difference else "this way ends nothing: there is nothing to agree to")
            return
        self.query_one(ConsentRow).ask(plan)

    def action_leave(self) -> None:
        """Take consent back first, then leave without doing anything."""
        if self.query_one(ConsentRow).is_asked and not self.is_under_way:
            self._forget_consent()
            self._show_state()
            return
        super().action_leave()

    def action_scroll_body(self, lines: int) -> None:
        """Scroll the chosen way, or all of them where they stand in one column."""
        for each in (self.way, self.query_one("#ways")):
            each.scroll_relative(y=lines, animate=False)

    async def action_copy(self) -> None:
        """Copy the chosen plan as text."""
        plan = self.way.plan
        text = plan_text(plan, self.snapshot, self.desk.home, self._shell(), self.desk.keys) if plan else self.way.error
        self.say(f"the plan was {await copy_text(self.app, text)}")

    @on(ConsentRow.Changed)
    def _consent_typed(self) -> None:
        self.has_consent = self.query_one(ConsentRow).is_given
        if self.has_consent and not self.is_under_way:
            self.say("")  # that it had not been agreed to was said before
        self._show_state()

    @on(ConsentRow.Submitted)
    def _consent_submitted(self) -> None:
        self.action_confirm()

    @on(Way.Chosen)
    def _clicked(self, message: Way.Chosen) -> None:
        self.action_choose(WAYS.index(message.strategy))

    def _show_state(self) -> None:
        """Let titles, button, headline and shell line say what is chosen and whether it is armed."""
        self.set_class(bool(self.difference), "-stale")
        self.show_plan(self.way.plan)
        for way in self.query(Way):
            chosen = way.strategy is self.strategy
            needs = way.plan is None or way.plan.is_stuck or not way.plan.steps or way.plan.needs_consent
            way.mark(chosen=chosen, armed=not self.obstacle if chosen else not (needs or self.difference))
        world = f"changed: {self.difference}, r reads again" if self.difference else "unchanged"
        at = clock_time(self._seen_at)
        key = None if self.is_all else self.key
        # Beside each other where there is room for both, else one below the other.
        said = Columns((cell(headline(self.snapshot, key)), cell(f"world as of {at}, {world}")), padding=(0, 3))
        self.query_one("#head", Static).update(said)
        self.query_one("#shell", Static).update(cell(f"Same in a shell: {self._shell()}"))
        self._name_acts()

    def _name_acts(self) -> None:
        plan = self.way.plan
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
        plan = self.way.plan
        return resolve_command(
            self.snapshot,
            None if self.is_all else self.key,
            self.strategy,
            terminate=bool(plan and plan.needs_consent),
        )

    def _fit(self) -> None:
        """Nothing has to be measured here: the ways have the height that the rest leaves. The buttons fit the width."""
        if self.is_mounted:
            self._name_acts()
