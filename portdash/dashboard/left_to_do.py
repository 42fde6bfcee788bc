"""What is to be started by hand after what was done from here, remembered until it has been seen to run."""

from collections.abc import Mapping
from threading import Lock

from portdash.manager.apply import Outcome
from portdash.model.assignment import ServiceKey
from portdash.model.plan import Plan
from portdash.model.snapshot import Snapshot
from portdash.report.starting import ToDo


class LeftToDo:
    """Remembers the commands of before: once a server has ended, nobody can look up how it was started.

    May be asked and told in several threads.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: dict[ServiceKey, tuple[float, ToDo]] = {}

    def note(self, plan: Plan, outcome: Outcome, at: float) -> None:
        """Take what a plan has left at a time (unix), in place of what earlier ones left of its services."""
        with self._lock:
            for step in plan.steps:
                if step.key is not None:
                    self._known.pop(step.key, None)
            self._known |= {each.key: (at, each) for each in outcome.to_do if each.key is not None}

    def lines(self, snapshot: Snapshot, home: str) -> Mapping[ServiceKey, str]:
        """Return how each service is started that waits for it; what has been seen to run since is forgotten."""
        told: dict[ServiceKey, str] = {}
        with self._lock:
            for key, (since, each) in tuple(self._known.items()):
                view = snapshot.service(key)
                if view is not None and view.port == each.port and (view.elsewhere or not view.is_running):
                    told[key] = each.line(home)
                elif snapshot.taken_at > since:  # an older look tells nothing of what was done after it
                    del self._known[key]
        return told
