"""A desk that shows what a test lays on it."""

from threading import Event

from portdash.dashboard.desk import Desk
from portdash.errors import PortdashError
from portdash.model.assignment import ServiceKey
from portdash.model.plan import Action, Plan, Step, Strategy
from portdash.model.snapshot import Snapshot


class FakeDesk(Desk):
    """Looks at `snapshot`, or fails with `error`; never changes anything."""

    def __init__(self, snapshot: Snapshot, *, home: str, read_only: bool = False) -> None:
        self.snapshot = snapshot
        self.error: Exception | None = None
        self.looks = 0
        self.applying = False
        self._home = home
        self._read_only = read_only
        self._never = Event()

    @property
    def is_read_only(self) -> bool:
        return self._read_only

    @property
    def is_applying(self) -> bool:
        return self.applying

    @property
    def home(self) -> str:
        return self._home

    def look(self) -> Snapshot:
        self.looks += 1
        if self.error is not None:
            raise self.error
        return self.snapshot

    def wait_for_change(self, revision: int, timeout: float) -> bool:  # noqa: ARG002
        self._never.wait(timeout)
        return False

    def plan_resolve(self, snapshot: Snapshot, key: ServiceKey | None, strategy: Strategy | None = None) -> Plan:
        """Move the service to the port after its own."""
        row = snapshot.assignments.get(key) if key else None
        if row is None:
            raise PortdashError("nothing to resolve")
        after = type(row)(key=row.key, spec=row.spec, port=row.port + 3, source=row.source)
        step = Step(action=Action.MOVE, reason="", key=row.key, before=row, options=(after,))
        return Plan(
            title="resolve",
            strategy=strategy or Strategy.MINIMAL,
            workspace=snapshot.workspace,
            revision=snapshot.revision,
            steps=(step,),
        )
