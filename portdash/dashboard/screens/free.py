"""Ending who holds a port: with No in focus, all that end named, and the port typed where it is not plainly yours."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from portdash.dashboard.desk import Desk
from portdash.dashboard.offers import resolution_text
from portdash.dashboard.screens.act import Act
from portdash.dashboard.screens.consent import ConsentRow
from portdash.dashboard.screens.facts import facts
from portdash.dashboard.screens.free_facts import Subject, free_facts, identities, is_plainly_ours, loser_of
from portdash.dashboard.screens.patience import Patience
from portdash.dashboard.screens.plan_dialog import PlanDialog
from portdash.errors import NotEnded, PortdashError, Refused
from portdash.model.ending import Allowance
from portdash.model.plan import Plan
from portdash.model.ports import IpProtocol
from portdash.model.snapshot import Snapshot


class FreeScreen(PlanDialog):
    """Asks before the holders of a port are ended.

    One process of a service of this workspace is ended by `y`; for anything else the port has to be typed.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "leave", "No", show=False),
        Binding("y", "confirm", "Yes", show=False),
        Binding("c", "rather", "Rather", show=False),
        Binding("K", "kill", "Kill", show=False),
    ]

    @dataclass
    class Planned(Message):
        """Who has to end is known."""

        plan: Plan

    @dataclass
    class Impossible(Message):
        """It must not be done, or cannot."""

        message: str
        hint: str

    def __init__(
        self, desk: Desk, snapshot: Snapshot, port: int, protocol: IpProtocol, *, patience: Patience | None = None
    ) -> None:
        self.port = port
        self.protocol = protocol
        self.allows: frozenset[Allowance] = frozenset()
        """KILL, once asking has not been enough."""
        self.can_kill = False
        """Whether asking has not been enough, so that KILL is offered."""
        self._subject = Subject(snapshot, port, protocol, desk.home)
        self._loser = loser_of(self._subject)
        """The service whose port is held by another, which could move instead."""
        super().__init__(desk, snapshot, title=f"Free port {self.slot}?", patience=patience)

    @property
    def slot(self) -> str:
        """The port as it is written: `3000`, `53/udp`."""
        return self._subject.slot

    def compose_body(self) -> Iterable[Widget]:
        """Yield who ends, how, and the same for the shell."""
        yield Static(id="facts", markup=False)

    def compose_question(self) -> Iterable[Widget]:
        """Yield the row in which a number has to be typed."""
        yield ConsentRow()

    def compose_buttons(self) -> Iterable[Widget]:
        """Yield No, which has the focus, and the other."""
        yield Act("No", "n esc", id="no")
        yield Act(f"Free {self.slot}", "y", id="yes")
        kill = Act("KILL", "K", id="kill", action="screen.kill")
        kill.display = False
        yield kill

    def on_mount(self) -> None:
        """Find out who has to end; that asks the machine, so the screen does not wait for it."""
        self.query_one("#facts", Static).update(facts(free_facts(self._subject, None)))
        self.show_plan(None)
        self.say("looking at who holds it …", busy=True)
        self._find_out()

    def confirm(self) -> None:
        """End them, unless something speaks against it."""
        if self.plan and self._must_type and not self.has_consent:
            self.say(f"type {self.port} to agree", error=True)
            return
        super().confirm()

    @work(thread=True, group="plan", description="find out who has to end", exit_on_error=False)
    def _find_out(self) -> None:
        try:
            self.post_message(self.Planned(self._plan()))
        except PortdashError as error:
            self.post_message(self.Impossible(error.message, error.hint))

    def _plan(self) -> Plan:
        """Plan it. Raises Refused when those who would be killed are not those who were asked to end."""
        before = self.plan
        plan = self.desk.plan_free(self.snapshot, self.port, self.protocol, allows=self.allows)
        if self.allows and before and identities(plan) - identities(before):
            raise Refused(f"another holds {self.slot} by now", hint="close this and look at who it is")
        return plan

    @on(Planned)
    def _show(self, message: Planned) -> None:
        plan = message.plan
        self.say("")
        must_type = self._needs_typing(plan)
        told = free_facts(self._subject, plan, rather=self._rather_text(), must_type=must_type)
        self.query_one("#facts", Static).update(facts(told))
        self.has_consent = bool(plan.steps) and not must_type
        self.query_one("#kill").display = False
        verb = "KILL on" if self.allows else "Free"
        self.query_one("#yes", Act).name_it(f"{verb} {self.slot}", key="y" if self.has_consent else "enter")
        self.show_plan(plan)
        if plan.steps and not self.has_consent and not self.desk.is_read_only:
            self._ask()
            self.call_after_refresh(self._fit)
        elif self.obstacle:
            self.say("nobody listens on it any more" if not plan.steps else self.obstacle, error=True)

    @on(Impossible)
    def _refuse(self, message: Impossible) -> None:
        self.show_plan(None)
        self.say(f"{message.message}. {message.hint}", error=True)

    @on(ConsentRow.Changed)
    def _typed(self) -> None:
        self.has_consent = self.query_one(ConsentRow).is_given
        if self.has_consent and not self.is_under_way:
            self.say("")  # that it had not been agreed to was said before
        self.arm()

    @on(ConsentRow.Submitted)
    def _submitted(self) -> None:
        self.action_confirm()

    @property
    def _must_type(self) -> bool:
        return self.plan is not None and self._needs_typing(self.plan)

    def _ask(self) -> None:
        """Ask for the port; the facts say why."""
        self.query_one(ConsentRow).ask_for(f"Type the port, {self.port}, to agree:", str(self.port))

    def _needs_typing(self, plan: Plan) -> bool:
        """Say whether a `y` would be too little: for all that is not plainly ours, and for KILL."""
        return self.allows != frozenset() or not is_plainly_ours(self._subject, plan)

    # The gentler way, and the harder one.

    def action_rather(self) -> None:
        """Look at the ways out that end nothing; what is decided there closes this dialog, too."""
        if self._loser is None or self.is_under_way:
            return
        from portdash.dashboard.screens.resolve import ResolveScreen  # noqa: PLC0415  only where it is wanted

        self.app.push_screen(
            ResolveScreen(self.desk, self.snapshot, self._loser, patience=self.guard.patience), self.dismiss
        )

    def action_kill(self) -> None:
        """Plan to kill who did not end when asked to: it is shown, and asked for, like the first plan."""
        if self.can_kill and not self.is_under_way:
            self.can_kill = False
            self.allows = frozenset((Allowance.KILL,))
            self._find_out()

    @on(PlanDialog.Failed)
    def _failed(self, message: PlanDialog.Failed) -> None:
        """Offer to kill, where asking was not enough."""
        self.can_kill = isinstance(message.error, NotEnded) and not self.allows
        self.query_one("#kill").display = self.can_kill
        self.query_one(ConsentRow).forget()
        self.has_consent = False
        if self._must_type and self.plan and not self.can_kill:
            self._ask()
        self.arm()

    def _rather_text(self) -> str:
        """Say what moving the service that loses its port would do, where one does."""
        if self._loser is None:
            return ""
        try:
            return resolution_text(self.desk.plan_resolve(self.snapshot, self._loser))
        except PortdashError:
            return "shows the ways out"  # the screen that opens says what is wrong with them
