"""Stopping or starting again a service that portdash runs: a menu, then `y`, and the answer of who runs it."""

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from portdash.dashboard.desk import Desk
from portdash.dashboard.restarts import own_listeners, service_label, spoken_name
from portdash.dashboard.screens.act import Act
from portdash.dashboard.screens.facts import Fact, facts
from portdash.dashboard.screens.long_act import LongAct, Told
from portdash.dashboard.screens.patience import Patience
from portdash.dashboard.screens.shell import command
from portdash.manager.apply import Outcome
from portdash.model.assignment import ServiceKey
from portdash.model.requests import RequestKind
from portdash.model.snapshot import Snapshot
from portdash.text import clean

_EFFECTS = {
    RequestKind.STOP: "its server ends, and is not started again; the port stays its own",
    RequestKind.RESTART: "its server ends, and is started again on the port it has",
}


class ServiceScreen(LongAct):
    """Asks who supervises a service to stop it or to start it again; what is meant is captured when it opens."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "leave", "No", show=False),
        Binding("x", "choose('stop')", "Stop", show=False),
        Binding("r", "choose('restart')", "Restart", show=False),
        Binding("y", "confirm", "Yes", show=False),
    ]

    class Answered(Message):
        """Who runs the service has done what it was asked to."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, desk: Desk, snapshot: Snapshot, key: ServiceKey, *, patience: Patience | None = None) -> None:
        super().__init__(title=f"Service {service_label(snapshot, key)}", patience=patience)
        self.desk = desk
        self.snapshot = snapshot
        self.key = key
        self.chosen: RequestKind | None = None

    def compose_body(self) -> Iterable[Widget]:
        """Yield what runs, and what each key does to it."""
        yield Static(id="facts", markup=False)

    def compose_buttons(self) -> Iterable[Widget]:
        """Yield No, which has the focus, and the others."""
        yield Act("No", "n esc", id="no")
        yield Act("Stop", "x", id="stop", action="screen.choose('stop')")
        yield Act("Restart", "r", id="restart", action="screen.choose('restart')")
        yield Act("Yes", "y", id="yes")

    def on_mount(self) -> None:
        """Say what runs."""
        self.query_one("#facts", Static).update(facts(self._facts()))
        self.arm()

    def arm(self) -> None:
        """Let Yes be pressed once something was chosen."""
        self.query_one("#yes", Act).disabled = self.chosen is None or self.is_under_way

    def _facts(self) -> list[Fact]:
        view = self.snapshot.service(self.key)
        name = spoken_name(self.snapshot, self.key)
        servers = [clean(each.label) for each in own_listeners(view)]
        return [
            ("Runs", [f"{server} on {view.port}" for server in servers] if view else ""),
            ("Stop", _EFFECTS[RequestKind.STOP]),
            ("Restart", _EFFECTS[RequestKind.RESTART]),
            ("Shell", [command("stop", name), command("restart", name)]),
        ]

    def action_choose(self, kind: str) -> None:
        """Choose what is asked for; `y` asks."""
        if self.is_under_way:
            return
        self.chosen = RequestKind(kind)
        self.arm()
        self.query_one("#yes", Act).name_it(f"Yes, {kind}")
        self.say(f"{kind} {clean(self.key.service)}? y does it")

    def confirm(self) -> None:
        """Ask for what was chosen."""
        kind = self.chosen
        if self.is_under_way:
            return
        if kind is None:
            self.say("choose first: x stops it, r starts it again", error=True)
            return
        self.begin(f"{kind}: waiting for who runs it …", lambda: self._asked(kind))

    def _asked(self, kind: RequestKind) -> Told:
        ok, text = self.desk.ask_supervisor(self.key, kind)
        message = self.Answered(text) if ok else self.Failed(text, "")
        return Told(message, f"{self.key.service}: {text}", is_error=not ok)

    @on(Answered)
    def _answered(self, message: Answered) -> None:
        self.end()
        self.dismiss(Outcome(operation=None, lines=(clean(message.text),)))
