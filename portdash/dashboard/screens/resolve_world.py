"""Three plans for one conflict, or for all, and the world they were made from: whether it still is as it was."""

from abc import abstractmethod
from dataclasses import dataclass

from textual import on, work
from textual.message import Message

from portdash.dashboard.desk import Desk
from portdash.dashboard.screens.consent import ConsentRow
from portdash.dashboard.screens.patience import Patience
from portdash.dashboard.screens.plan_dialog import PlanDialog
from portdash.dashboard.screens.resolve_words import what_differs
from portdash.dashboard.screens.way import Way
from portdash.errors import PortdashError
from portdash.model.assignment import ServiceKey
from portdash.model.plan import Plan, Strategy
from portdash.model.snapshot import Snapshot


class PlansInAWorld(PlanDialog):
    """Makes the plans, and makes them anew. Between a change of the world and the next reading none can be applied."""

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

    @property
    def obstacle(self) -> str:
        """Why the chosen way cannot be taken as it stands."""
        if self.difference:
            return f"the world changed ({self.difference}): r reads it again"
        if self.plan is None and (error := self.way.error):
            return error
        return super().obstacle

    def world_changed(self, snapshot: Snapshot) -> None:
        """Disarm the plans if a newer snapshot differs from the one they were made from in what they rest on."""
        if self.is_under_way or not self.is_mounted:
            return
        plans = [way.plan for way in self.query(Way) if way.plan]
        self.difference = what_differs(self.snapshot, snapshot, self.key, plans)
        self._seen_at = snapshot.taken_at
        if self.difference:
            self._forget_consent()
        self._show_state()

    @work(thread=True, group="look", description="read the world again", exit_on_error=False)
    def action_look_again(self) -> None:
        """Read the world and plan anew."""
        try:
            self.post_message(self.Looked(self.desk.look()))
        except PortdashError as error:
            self.post_message(self.Failed(error.message, error.hint))

    @on(Looked)
    def _look_done(self, message: Looked) -> None:
        if self.is_under_way:
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
            if plan is None:
                way.refuse(error)
                continue
            key = None if self.is_all else self.key
            way.show(plan, self.snapshot, self.desk.home, key=key, files=self.desk.files_of(plan))
        self.say("")
        self._show_state()

    def _planned(self, strategy: Strategy) -> tuple[Plan | None, str]:
        try:
            return self.desk.plan_resolve(self.snapshot, None if self.is_all else self.key, strategy), ""
        except PortdashError as error:
            return None, f"{error.message}. {error.hint}"

    @abstractmethod
    def _show_state(self) -> None:
        """Let everything on the screen say what is chosen and whether it is armed."""

    def _forget_consent(self) -> None:
        self.has_consent = False
        self.query_one(ConsentRow).forget()

    @property
    def way(self) -> Way:
        """The way that is chosen."""
        return next(way for way in self.query(Way) if way.strategy is self.strategy)
