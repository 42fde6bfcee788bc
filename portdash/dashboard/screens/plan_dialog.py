"""A dialog that shows a plan and carries it out itself: it closes with what was done, and stays open on an error."""

from dataclasses import dataclass

from textual import on
from textual.message import Message
from textual.widgets import Button

from portdash.dashboard.desk import Desk
from portdash.dashboard.screens.long_act import LongAct, Told
from portdash.dashboard.screens.outcomes import outcome_text
from portdash.dashboard.screens.patience import Patience
from portdash.manager.apply import Outcome
from portdash.model.plan import Plan
from portdash.model.snapshot import Snapshot


class PlanDialog(LongAct):
    """Holds the plan on view and what it was made from; `confirm` applies it.

    A subclass calls `show_plan` whenever it has another plan, or None while there is none that could be applied.
    """

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
            each.disabled = bool(self.obstacle) or self.is_under_way

    def confirm(self) -> None:
        """Apply the plan on view, unless something speaks against it."""
        plan, consent = self.plan, self.has_consent
        if self.is_under_way:
            return
        if plan is None or self.obstacle:
            self.say(self.obstacle, error=True)
            return
        self.begin("applying …", lambda: self._applied(plan, consent=consent))

    def _applied(self, plan: Plan, *, consent: bool) -> Told:
        def progress(line: str) -> None:
            self.tell(self.Progressed(line))

        outcome = self.desk.apply(plan, consent=consent, progress=progress)
        return Told(self.Done(outcome), outcome_text(outcome, self.desk.home, width=self.width))

    @on(Done)
    def _close(self, message: Done) -> None:
        self.end()
        self.dismiss(message.outcome)
