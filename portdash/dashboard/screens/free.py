"""Ending who holds a port: with No in focus, all that end named, and the port typed where it is not plainly yours."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from portdash.dashboard.desk import Desk
from portdash.dashboard.restarts import service_label, tilde
from portdash.dashboard.screens.act import Act
from portdash.dashboard.screens.consent import ConsentRow
from portdash.dashboard.screens.facts import Fact, facts
from portdash.dashboard.screens.patience import Patience
from portdash.dashboard.screens.plan_dialog import PlanDialog
from portdash.dashboard.screens.plan_view import target_lines
from portdash.dashboard.screens.shell import free_command
from portdash.errors import PortdashError
from portdash.model.plan import Action, Plan
from portdash.model.ports import IpProtocol
from portdash.model.snapshot import SeenListener, Snapshot
from portdash.report.words import uptime
from portdash.text import clean, plural


class FreeScreen(PlanDialog):
    """Asks before the holders of a port are ended.

    One process of a service of this workspace is ended by `y`; for anything else the port has to be typed.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "leave", "No", show=False),
        Binding("y", "confirm", "Yes", show=False),
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
        super().__init__(desk, snapshot, title=f"Free port {self.slot}?", patience=patience)

    @property
    def slot(self) -> str:
        """The port as it is written: `3000`, `53/udp`."""
        return str(self.port) if self.protocol is IpProtocol.TCP else f"{self.port}/{self.protocol}"

    def compose_body(self) -> Iterable[Widget]:
        """Yield who ends, how, and the same for the shell; then the question that has to be typed."""
        yield Static(id="facts", markup=False)
        yield ConsentRow()

    def compose_buttons(self) -> Iterable[Widget]:
        """Yield No, which has the focus, and the other."""
        yield Act("No", "n esc", id="no")
        yield Act(f"Free {self.slot}", "y", id="yes")

    def on_mount(self) -> None:
        """Find out who has to end; that asks the machine, so the screen does not wait for it."""
        self.query_one("#facts", Static).update(facts(self._facts(None)))
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
            self.post_message(self.Planned(self.desk.plan_free(self.snapshot, self.port, self.protocol)))
        except PortdashError as error:
            self.post_message(self.Impossible(error.message, error.hint))

    @on(Planned)
    def _show(self, message: Planned) -> None:
        plan = message.plan
        self.say("")
        self.query_one("#facts", Static).update(facts(self._facts(plan)))
        self.has_consent = bool(plan.steps) and not self._needs_typing(plan)
        self.show_plan(plan)
        if plan.steps and not self.has_consent and not self.desk.is_read_only:
            self.query_one(ConsentRow).ask(plan, answer=self.port)
            self.query_one(ConsentRow).scroll_visible(animate=False)
        elif self.obstacle:
            self.say("nobody listens on it any more" if not plan.steps else self.obstacle, error=True)

    @on(Impossible)
    def _refuse(self, message: Impossible) -> None:
        self.show_plan(None)
        self.say(f"{message.message}. {message.hint}", error=True)

    @on(ConsentRow.Changed)
    def _typed(self) -> None:
        self.has_consent = self.query_one(ConsentRow).is_given
        self.arm()

    @on(ConsentRow.Submitted)
    def _submitted(self) -> None:
        self.action_confirm()

    @property
    def _must_type(self) -> bool:
        return self.plan is not None and self._needs_typing(self.plan)

    def _needs_typing(self, plan: Plan) -> bool:
        """Say whether a `y` would be too little.

        It is for what is not plainly the own server of a service of this workspace, for several, and for what an
        agent or somebody else minds.
        """
        plain = len(plan.steps) == 1 and not plan.notices and plan.steps[0].action is Action.TERMINATE
        return not plain or not all(
            seen.is_owned and seen.key is not None and seen.key.workspace == self.snapshot.workspace
            for seen in self._holders()
        )

    def _holders(self) -> list[SeenListener]:
        slot = self.port, self.protocol
        return [each for each in self.snapshot.listeners if (each.listener.port, each.listener.protocol) == slot]

    def _facts(self, plan: Plan | None) -> list[Fact]:
        targets = [step.target for step in plan.steps if step.target] if plan else []
        return [
            ("Holds it", list(dict.fromkeys(self._holder(seen) for seen in self._holders()))),
            ("Whose", list(dict.fromkeys(self._whose()))),
            ("Chain", list(dict.fromkeys(self._chains()))),
            ("Ends", [line for target in targets for line in target_lines(target)]),
            ("Then", f"{self.slot} is proved free. What has ended cannot be brought back" if targets else ""),
            ("Note", [clean(note) for note in plan.notices] if plan else ""),
            ("Shell", free_command(self.slot)),
        ]

    def _holder(self, seen: SeenListener) -> str:
        listener = seen.listener
        up = uptime(listener, self.snapshot.taken_at)
        clients = "" if not listener.connections else f", {plural(listener.connections, 'connection')}"
        return f"{clean(listener.label)} on {clean(listener.address)}{f'  up {up}' if up else ''}{clients}"

    def _whose(self) -> Iterator[str]:
        for seen in self._holders():
            place = seen.listener.owner.cwd if seen.listener.owner else None
            where = f"  in {tilde(place, self.desk.home)}" if place else ""
            if seen.key is None:
                yield f"no service's{where}"
            else:
                name = service_label(self.snapshot, seen.key)
                yield f"{name}'s own{where}" if seen.is_owned else f"not that of {name}, which has the port{where}"

    def _chains(self) -> Iterator[str]:
        for seen in self._holders():
            above = [f"{clean(each.name)} {each.pid}" for each in reversed(seen.listener.ancestors)]
            if above:
                yield " › ".join([*above[-3:], clean(seen.listener.label)])
