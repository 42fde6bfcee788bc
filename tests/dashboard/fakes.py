"""A desk that shows what a test lays on it, and what a test needs to work the screen."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Event as Flag

import scenes
from row_texts import KEYS
from steady_pilot import SteadyPilot
from textual.app import App
from textual.pilot import Pilot

from portdash.config.show import Row as Setting
from portdash.dashboard.app import PortdashApp
from portdash.dashboard.desk import Desk
from portdash.dashboard.options import Options
from portdash.dashboard.rows.asked import Past
from portdash.dashboard.rows.row import Other, RowKey
from portdash.dashboard.screens.main import MainScreen
from portdash.errors import NoCommand, PortdashError
from portdash.health.pulse import Pulse
from portdash.model.assignment import Lease, ServiceKey
from portdash.model.history import Event, EventKind
from portdash.model.plan import Action, Plan, Step, Strategy
from portdash.model.snapshot import ServiceView, Snapshot
from portdash.supervisor.starting import Startable

SIZES = [(160, 45), (120, 40), (80, 24), (60, 20), (40, 14)]
"""What a terminal is like, from a whole screen to a corner of one."""


class FakeDesk(Desk):
    """Looks at `snapshot`, or fails with `error`; never changes anything."""

    def __init__(self, snapshot: Snapshot, *, home: str, read_only: bool = False) -> None:
        self.snapshot = snapshot
        self.error: Exception | None = None
        self.looks = 0
        self.attended: list[Snapshot] = []
        self.beats: dict[ServiceKey, Pulse] = {}
        self.hurried: list[ServiceKey] = []
        self.past: tuple[Event, ...] = ()
        self.log_dir = Path("/nonexistent")
        self._home = home
        self._read_only = read_only
        self._never = Flag()
        self.name_keys(KEYS)

    @property
    def is_read_only(self) -> bool:
        return self._read_only

    @property
    def home(self) -> str:
        return self._home

    def now(self) -> float:
        return self.snapshot.taken_at

    def look(self) -> Snapshot:
        self.looks += 1
        if self.error is not None:
            raise self.error
        return self.snapshot

    def attend(self, snapshot: Snapshot) -> None:
        self.attended.append(snapshot)

    def history(self) -> tuple[Event, ...]:
        return self.past

    def pulses(self) -> dict[ServiceKey, Pulse]:
        return self.beats

    def past_of(self, snapshot: Snapshot, view: ServiceView) -> Past:
        """Say that everything was moved once."""
        moved = Event(
            kind=EventKind.MOVED,
            at=snapshot.taken_at - 60,
            workspace=view.key.workspace,
            service=view.name,
            actor="cli",
            reason="asked",
            from_port=(view.port or 0) + 1,
            to_port=view.port,
        )
        return Past(events=(moved,))

    def settings_of(self, view: ServiceView) -> tuple[Setting, ...]:  # noqa: ARG002  the real desk's signature
        return ()

    def elsewhere(self) -> tuple[tuple[str, str], ...]:
        return ()

    def begun(self, lease: Lease) -> float | None:  # noqa: ARG002
        return None

    def log_of(self, key: ServiceKey) -> Path:
        return self.log_dir / f"{key.service}.log"

    def check_now(self, key: ServiceKey) -> None:
        self.hurried.append(key)

    def wait_for_change(self, revision: int, timeout: float) -> bool:  # noqa: ARG002
        self._never.wait(timeout)
        return False

    def startable(self, snapshot: Snapshot, key: ServiceKey) -> Startable:  # noqa: ARG002
        raise NoCommand(f"{key.service} has no command")

    def files_of(self, plan: Plan) -> tuple[Path, ...]:  # noqa: ARG002
        """Return no file: none was written."""
        return ()

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


async def until(pilot: Pilot[object], condition: Callable[[], object]) -> None:
    """Let the app work until something is so."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110  what is waited for has no event
            await asyncio.sleep(0.002)
    await pilot.pause()


def main_of(app: PortdashApp) -> MainScreen:
    """The main screen at the bottom of the stack."""
    return next(screen for screen in app.screen_stack if isinstance(screen, MainScreen))


@asynccontextmanager
async def running(
    desk: FakeDesk, *, size: tuple[int, int] = (160, 45), toasts: bool = False, **options: object
) -> AsyncIterator[tuple[Pilot[object], MainScreen]]:
    """A dashboard that has looked once, and looks again only when asked to; it draws toasts where they are wanted."""
    chosen: dict[str, object] = {"typing_window": 0, "refresh": 3600.0, "monotonic": lambda: 0.0, **options}
    app = PortdashApp(desk, options=Options(**chosen))  # type: ignore[arg-type]
    async with app.run_test(size=size, notifications=toasts):
        pilot, main = SteadyPilot(app), main_of(app)
        await until(pilot, lambda: main.facts is not None or main.stale is not None)
        yield pilot, main


async def look(pilot: Pilot[object], main: MainScreen, desk: FakeDesk, snapshot: Snapshot) -> None:
    """Let the poller see another snapshot."""
    desk.snapshot = snapshot
    main.poller.look_now()
    await until(pilot, lambda: main.snapshot is snapshot)


def screen_lines(app: App[object]) -> list[str]:
    """What stands on the screen, line by line."""
    strips = app.screen._compositor.render_strips()
    return ["".join(segment.text for segment in strip if not segment.control) for strip in strips]


def footer_of(main: MainScreen) -> list[str]:
    """The ids of the commands in the footer, those that are always there last."""
    return [entry.command_id for entry in (*main.footer.entries, *main.footer.always)]


def desk_for(snapshot: Snapshot | None = None, **changes: bool) -> FakeDesk:
    """A desk over the working day, or over a snapshot."""
    return FakeDesk(snapshot or scenes.working_day(), home=scenes.HOME, **changes)


def row_key(workspace: object, name: str) -> RowKey:
    """The key of a service's row."""
    return ("service", scenes.key_of(workspace, name))  # type: ignore[arg-type]


WEB = row_key(scenes.SHOP, "web")
"""The row that the working day's first trouble is on."""


def names_of(main: MainScreen) -> list[str]:
    """The services and listeners that the list has at the moment."""
    assert main.table.listing is not None
    subjects = [row.subject for row in main.table.listing.rows]
    return [
        each.name if isinstance(each, ServiceView) else str(each.listener.port)
        for each in subjects
        if isinstance(each, ServiceView | Other)
    ]
