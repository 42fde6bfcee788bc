"""A dialog that shows a plan and carries it out itself: it closes with what was done, and stays open on an error.

What takes its time can be left: that stops the waiting, not the act, and what comes of it is told when it is over.
"""

from dataclasses import dataclass
from typing import TypeVar

from textual import on, work
from textual.app import App
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Button
from textual.worker import Worker, WorkerState

from portdash.dashboard.desk import Desk
from portdash.dashboard.screens.dialog import Dialog
from portdash.dashboard.screens.patience import Patience
from portdash.errors import PortdashError
from portdash.manager.apply import Outcome
from portdash.model.plan import Plan
from portdash.model.snapshot import Snapshot
from portdash.text import clean

R = TypeVar("R")


class PlanDialog(Dialog[Outcome | None]):
    """Holds the plan on view and what it was made from; `confirm` applies it.

    A subclass calls `show_plan` whenever it has another plan, or None while there is none that could be applied.
    """

    @dataclass
    class Progressed(Message):
        """A line from the plan that is being carried out."""

        line: str

    @dataclass
    class Failed(Message):
        """The plan could not be carried out."""

        message: str
        hint: str
        error: PortdashError | None = None

    @dataclass
    class Done(Message):
        """The plan was carried out."""

        outcome: Outcome

    def __init__(self, desk: Desk, snapshot: Snapshot, *, title: str, patience: Patience | None = None) -> None:
        super().__init__(title=title, patience=patience)
        self.desk = desk
        self.snapshot = snapshot
        self.plan: Plan | None = None
        self.has_consent = False
        """Whether the person agreed to end what the plan ends."""
        self.is_applying = False
        self._line = ""
        """What is being done just now."""
        self._behind: list[str] = []
        """What has been done and verified so far."""
        self._began = 0.0
        self._ticking: Timer | None = None
        self._host: App[object] | None = None
        """Who tells the outcome when nobody waits for it here any more: this dialog may be gone by then."""
        self._is_left = False
        """Whether nobody waits for the outcome here any more."""

    @property
    def obstacle(self) -> str:
        """Why the plan on view cannot be applied; empty when it can."""
        plan = self.plan
        if self.desk.is_read_only:
            return "read-only: nothing can be changed"
        if plan is None:
            return "there is nothing to apply yet"
        if plan.is_stuck:
            return next(left.text for left in plan.unresolved if left.asked)
        if not plan.steps:
            return "there is nothing to change"
        if plan.needs_consent and not self.has_consent:
            return "it ends a process, and that has not been agreed to"
        return ""

    def show_plan(self, plan: Plan | None) -> None:
        """Take another plan on view, and arm or disarm the button."""
        self.plan = plan
        self.arm()

    def arm(self) -> None:
        """Let the button say whether the plan can be applied."""
        for each in self.query("#yes").results(Button):
            each.disabled = bool(self.obstacle) or self.is_applying

    def confirm(self) -> None:
        """Apply the plan on view, unless something speaks against it."""
        if self.is_applying:
            return
        if self.plan is None or self.obstacle:
            self.say(self.obstacle, error=True)
            return
        self.is_applying = True
        self.arm()
        self._line, self._behind, self._began = "applying …", [], self.guard.patience.clock()
        self._ticking = self.set_interval(0.5, self._tell_progress)
        self._tell_progress()
        self._host = self.app
        self._apply(self.plan, consent=self.has_consent)

    def action_leave(self) -> None:
        """Close without doing anything; of what is under way it stops the waiting alone."""
        self._is_left = self.is_applying
        super().action_leave()

    def _tell_progress(self) -> None:
        seconds = int(self.guard.patience.clock() - self._began)
        waited = f" {seconds}s" if seconds else ""
        done = "".join(f"✓ {line}; " for line in self._behind[-2:])
        self.say(f"{done}{self._line}{waited}   (esc stops waiting, not the act)", busy=True)

    def _stop_telling(self) -> None:
        self.is_applying = False
        if self._ticking is not None:
            self._ticking.stop()
            self._ticking = None

    @work(thread=True, group="apply", description="apply a plan", exit_on_error=False)
    def _apply(self, plan: Plan, *, consent: bool) -> None:
        try:
            outcome = self.desk.apply(
                plan, consent=consent, progress=lambda line: void(self.post_message(self.Progressed(line)))
            )
        except PortdashError as error:
            self._tell(self.Failed(error.message, error.hint, error), f"{error.message}. {error.hint}", error=True)
        else:
            self._tell(self.Done(outcome), "; ".join(outcome.lines))

    def _tell(self, message: Message, text: str, *, error: bool = False) -> None:
        """Tell the dialog, or, where nobody waits in it any more, whoever sits before the screen."""
        if not self._is_left:
            self.post_message(message)
        elif self._host is not None and self._host.is_running:
            self._host.notify(clean(text), severity="error" if error else "information", markup=False)

    @on(Progressed)
    def _show_progress(self, message: Progressed) -> None:
        if self.is_applying:
            if message.line.endswith("…"):
                self._line = message.line
            else:
                self._behind.append(message.line)
                self._line = "verifying …"
            self._tell_progress()

    @on(Failed)
    def _show_failure(self, message: Failed) -> None:
        self._stop_telling()
        self.arm()
        self.say(f"{message.message}. {message.hint}", error=True)

    @on(Done)
    def _close(self, message: Done) -> None:
        self._stop_telling()
        self.dismiss(message.outcome)

    @on(Worker.StateChanged)
    def _worker_ended(self, event: Worker.StateChanged) -> None:
        """Say it when the worker itself broke, which no error of portdash's does."""
        if event.worker.group == "apply" and event.state is WorkerState.ERROR:
            event.stop()
            error = event.worker.error
            self._show_failure(self.Failed(f"portdash broke: {type(error).__name__}: {error}", "please report it"))


def void(_result: object) -> None:
    """Drop a result nobody needs."""
