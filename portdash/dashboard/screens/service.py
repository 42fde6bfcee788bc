"""Starting, stopping or restarting a service: a menu, then `y`, and the answer of who runs it."""

import shlex
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from portdash.dashboard.desk import Desk
from portdash.dashboard.screens.act import Act
from portdash.dashboard.screens.facts import Fact, facts
from portdash.dashboard.screens.long_act import LongAct, Told
from portdash.dashboard.screens.patience import Patience
from portdash.dashboard.screens.shell import command
from portdash.dashboard.startable import typed_there
from portdash.errors import PortdashError
from portdash.manager.apply import Outcome
from portdash.model.assignment import ServiceKey
from portdash.model.requests import RequestKind
from portdash.model.snapshot import Snapshot
from portdash.report.starting import held_note, own_listeners, service_label, tilde
from portdash.supervisor.starting import Startable
from portdash.text import and_list, clean


class Deed(StrEnum):
    """What can be done about a service; the value is also the word for it."""

    START = "start"
    STOP = "stop"
    RESTART = "restart"


_EFFECTS = {
    Deed.STOP: "its server ends, and is not started again; the port stays its own",
    Deed.RESTART: "its server ends, and is started again on the port it has",
}
ONE_LINE = 50
"""Columns that the buttons take beside each other, and the frame."""
_UNSUPERVISED = "portdash does not run it"


def confirming_key(deed: Deed) -> str:
    """Return the key that does it: `enter` where nothing ends."""
    return "enter" if deed is Deed.START else "y"


class DeedScreen(LongAct):
    """A choice of deeds, then the one that was chosen."""

    DEFAULT_CSS = "DeedScreen.-tiny #buttons { layout: grid; grid-size: 2; grid-rows: 1; height: 2; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "leave", "No", show=False),
        Binding("u", "choose('start')", "Start", show=False),
        Binding("x", "choose('stop')", "Stop", show=False),
        Binding("r", "choose('restart')", "Restart", show=False),
        Binding("y", "confirm", "Yes", show=False),
    ]

    def compose_buttons(self) -> Iterable[Widget]:
        """Yield No, which has the focus, and the others."""
        yield Act("No", "n esc", id="no")
        yield Act("Start", "u", id="start", action="screen.choose('start')")
        yield Act("Stop", "x", id="stop", action="screen.choose('stop')")
        yield Act("Restart", "r", id="restart", action="screen.choose('restart')")
        yield Act("Yes", "y", id="yes")

    def on_resize(self, _event: Resize) -> None:
        """Put the buttons into two lines where one is too short for them."""
        self.set_class(self.size.width < ONE_LINE, "-tiny")


class NoDeedScreen(DeedScreen):
    """The same menu where nothing can be done, all of it grey: the letter that follows must not be another command."""

    def __init__(self, reason: str, *, title: str, patience: Patience | None = None) -> None:
        super().__init__(title=title, patience=patience)
        self.reason = reason

    def compose_body(self) -> Iterable[Widget]:
        """Yield why nothing can be done."""
        yield Static(facts([(", ".join(Deed).capitalize(), self.reason)]), markup=False)

    def compose_buttons(self) -> Iterable[Widget]:
        """Yield them grey from the start: where it is left at once there is no later."""
        for button in super().compose_buttons():
            button.disabled = button.id != "no"
            if button.id != "yes":
                yield button

    def action_choose(self, word: str) -> None:
        """Say why not."""
        self.say(f"{Deed(word)}: {self.reason}", error=True)


class ServiceScreen(DeedScreen):
    """Starts a service, or asks who supervises it to stop or restart it; what is meant is captured when it opens."""

    class Answered(Message):
        """It was done, or could not be."""

        def __init__(self, text: str, *, ok: bool, lines: Sequence[str] = ()) -> None:
            super().__init__()
            self.text = text
            self.ok = ok
            self.lines = tuple(lines)
            """What the service printed, where it did not start."""

    def __init__(self, desk: Desk, snapshot: Snapshot, key: ServiceKey, *, patience: Patience | None = None) -> None:
        super().__init__(title=f"Service {service_label(snapshot, key)}", patience=patience)
        self.desk = desk
        self.snapshot = snapshot
        self.key = key
        self.chosen: Deed | None = None
        view = snapshot.service(key)
        self._called = view.name if view else key.service
        is_here = key.workspace == snapshot.workspace
        workspace = None if is_here else snapshot.workspace_named(key.workspace)
        self._started_in = workspace.root if workspace else None
        """Where it is started, where that is not here."""
        self.reasons = self._reasons()
        """Why a deed cannot be done; those that can are not there."""

    def compose_body(self) -> Iterable[Widget]:
        """Yield what runs, and what each key does to it."""
        yield Static(id="facts", markup=False)

    def on_mount(self) -> None:
        """Say what runs, and grey what cannot be done."""
        self._show()
        self.arm()
        for deed in self.reasons:
            self.query_one(f"#{deed}", Act).disabled = True

    def arm(self) -> None:
        """Show the deeds to choose from, then the one that was chosen: together they have no room in 40 columns."""
        yes = self.query_one("#yes", Act)
        yes.disabled = self.chosen is None or self.is_under_way
        yes.display = self.chosen is not None
        for deed in Deed:
            self.query_one(f"#{deed}", Act).display = self.chosen is None

    def _reasons(self) -> dict[Deed, str]:
        lease = self.snapshot.leases.get(self.key)
        is_supervised = lease is not None and lease.supervised
        reasons = {} if is_supervised else dict.fromkeys((Deed.STOP, Deed.RESTART), _UNSUPERVISED)
        if self._started_in and is_supervised:
            stops = {deed: self._command(deed.value, self._called) for deed in (Deed.STOP, Deed.RESTART)}
            reasons = {deed: f"it is of another workspace: `{line}` does it there" for deed, line in stops.items()}
        self.startable: Startable | None = None
        try:
            self.startable = self.desk.startable(self.snapshot, self.key)
        except PortdashError as error:
            reasons[Deed.START] = f"{error.message}; {error.hint}"
        return reasons

    def _show(self, lines: Sequence[str] = ()) -> None:
        """Say what there is, and below it what the service has printed."""
        self.query_one("#facts", Static).update(facts([*self._facts(), ("Printed", list(lines))]))

    def _facts(self) -> list[Fact]:
        view = self.snapshot.service(self.key)
        servers = [clean(each.label) for each in own_listeners(view)]
        runs = shlex.join(self.startable.command) if self.startable else ""
        missing = and_list([clean(each) for each in self.startable.missing]) if self.startable else ""
        where = f" in {tilde(self._started_in, self.desk.home)}" if self._started_in else ""
        effects = {Deed.START: f"runs in the background{where}: {runs}", **_EFFECTS}
        commands = {
            Deed.START: self._command("run", "-d", self._called),
            Deed.STOP: self._command("stop", self._called),
            Deed.RESTART: self._command("restart", self._called),
        }
        return [
            ("Held", held_note(self.snapshot, self.key) if self.startable else ""),
            ("Runs", [f"{server} on {view.port}" for server in servers] if view else ""),
            *((deed.capitalize(), self.reasons.get(deed, effects[deed])) for deed in Deed),
            (
                "Needs",
                f"{missing}, not running: {self._command('up', '-d', self._called)} starts what has a command"
                if missing
                else "",
            ),
            ("Shell", [commands[deed] for deed in Deed if deed not in self.reasons]),
        ]

    def _command(self, *words: str) -> str:
        return typed_there(self._started_in, words, self.desk.home) if self._started_in else command(*words)

    def action_choose(self, word: str) -> None:
        """Choose what is done; `y` does it, and `enter` as well where nothing ends."""
        if self.is_under_way:
            return
        deed = Deed(word)
        if reason := self.reasons.get(deed):
            self.say(f"{deed}: {reason}", error=True)
            return
        self.chosen = deed
        self.arm()
        key = confirming_key(deed)
        self.query_one("#yes", Act).name_it(f"Yes, {deed}", key=key)
        self.query_one("#yes" if deed is Deed.START else "#no", Act).focus()
        self.say(f"{deed} {clean(self.key.service)}? {key} does it")

    def confirm(self) -> None:
        """Do what was chosen."""
        deed = self.chosen
        if self.is_under_way:
            return
        if deed is None:
            self.say(f"choose first: {self._choices()}", error=True)
            return
        waits_for = "it to listen" if deed is Deed.START else "who runs it"
        self.begin(f"{deed}: waiting for {waits_for} …", lambda: self._done(deed))

    def _choices(self) -> str:
        words = {Deed.START: "u starts it", Deed.STOP: "x stops it", Deed.RESTART: "r starts it again"}
        return ", ".join(words[deed] for deed in Deed if deed not in self.reasons) or "nothing can be done here"

    def _done(self, deed: Deed) -> Told:
        if deed is Deed.START:
            begun = self.desk.start(self.key)
            answer = self.Answered(begun.detail, ok=begun.listens, lines=begun.lines)
        else:
            ok, text = self.desk.ask_supervisor(self.key, RequestKind(deed))
            answer = self.Answered(text, ok=ok)
        return Told(answer, f"{self.key.service}: {answer.text}", is_error=not answer.ok)

    @on(Answered)
    def _answered(self, message: Answered) -> None:
        self.end()
        if not message.ok and self.chosen is not None:  # the focus has gone to No, so `enter` is not the key for it now
            self.query_one("#yes", Act).name_it(f"Yes, {self.chosen}", key="y")
        if message.ok:
            self.dismiss(Outcome(operation=None, lines=(clean(message.text),)))
            return
        self._show(message.lines)
        self.say(message.text, error=True)
