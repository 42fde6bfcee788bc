"""Stopping or starting again a service that portdash runs: a menu, then `y`, and the answer of who runs it."""

from collections.abc import Iterable
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from portdash.dashboard.desk import Desk
from portdash.dashboard.restarts import own_listeners, service_label, spoken_name
from portdash.dashboard.screens.act import Act
from portdash.dashboard.screens.dialog import Dialog
from portdash.dashboard.screens.facts import Fact, facts
from portdash.dashboard.screens.patience import Patience
from portdash.dashboard.screens.shell import command
from portdash.errors import PortdashError
from portdash.manager.apply import Outcome
from portdash.model.assignment import ServiceKey
from portdash.model.requests import RequestKind
from portdash.model.snapshot import Snapshot
from portdash.text import clean

_EFFECTS = {
    RequestKind.STOP: "its server ends, and is not started again; the port stays its own",
    RequestKind.RESTART: "its server ends, and is started again on the port it has",
}


class ServiceScreen(Dialog[Outcome | None]):
    """Asks who supervises a service to stop it or to start it again; what is meant is captured when it opens."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "leave", "No", show=False),
        Binding("x", "choose('stop')", "Stop", show=False),
        Binding("r", "choose('restart')", "Restart", show=False),
        Binding("y", "confirm", "Yes", show=False),
    ]

    class Answered(Message):
        """Who runs the service has answered, or could not be asked."""

        def __init__(self, text: str, *, ok: bool) -> None:
            super().__init__()
            self.text = text
            self.ok = ok

    def __init__(self, desk: Desk, snapshot: Snapshot, key: ServiceKey, *, patience: Patience | None = None) -> None:
        super().__init__(title=f"Service {service_label(snapshot, key)}", patience=patience)
        self.desk = desk
        self.snapshot = snapshot
        self.key = key
        self.chosen: RequestKind | None = None
        self.is_waiting = False

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
        self.query_one("#yes", Act).disabled = True

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
        if self.is_waiting:
            return
        self.chosen = RequestKind(kind)
        self.query_one("#yes", Act).disabled = False
        self.query_one("#yes", Act).name_it(f"Yes, {kind}")
        self.say(f"{kind} {clean(self.key.service)}? y does it")

    def confirm(self) -> None:
        """Ask for what was chosen."""
        if self.is_waiting:
            return
        if self.chosen is None:
            self.say("choose first: x stops it, r starts it again", error=True)
            return
        self.is_waiting = True
        self.query_one("#yes", Act).disabled = True
        self.say(f"{self.chosen}: waiting for who runs it …", busy=True)
        self._ask(self.chosen)

    @work(thread=True, group="apply", description="ask a supervisor", exit_on_error=False)
    def _ask(self, kind: RequestKind) -> None:
        try:
            ok, text = self.desk.ask_supervisor(self.key, kind)
        except PortdashError as error:
            ok, text = False, f"{error.message}. {error.hint}"
        self.post_message(self.Answered(text, ok=ok))

    @on(Answered)
    def _answered(self, message: Answered) -> None:
        self.is_waiting = False
        if message.ok:
            self.dismiss(Outcome(operation=None, lines=(clean(message.text),)))
        else:
            self.query_one("#yes", Act).disabled = False
            self.say(message.text, error=True)
