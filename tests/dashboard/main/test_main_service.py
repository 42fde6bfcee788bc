"""`s`: a service is started, or who runs it is asked to stop or restart it; what cannot be done says why."""

from dataclasses import replace

import pytest
import scenes
from fakes import FakeDesk, desk_for, running, screen_lines, until

from portdash.dashboard.screens.dialog import Dialog
from portdash.dashboard.screens.patience import Patience
from portdash.dashboard.screens.service import ServiceScreen
from portdash.errors import NotTrusted, Unanswered
from portdash.model.assignment import Lease, ServiceKey
from portdash.model.requests import RequestKind
from portdash.model.snapshot import Declaration, Snapshot
from portdash.supervisor.starting import Start, Startable

API = scenes.key_of(scenes.SHOP, "api")
LEASE = Lease(key=API, pid=3990, started=1, boot_id="b", token="t", supervised=True)  # noqa: S106  no password


class AskingDesk(FakeDesk):
    """Has a supervisor that restarts, and does not answer when it is to stop."""

    asked: tuple[RequestKind, ...] = ()

    def ask_supervisor(self, key: ServiceKey, kind: RequestKind) -> tuple[bool, str]:
        assert key == API
        self.asked = (*self.asked, kind)
        if kind is RequestKind.STOP:
            raise Unanswered("who runs api did not answer")
        return True, "api runs again on 8000"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Dialog, "patience", Patience(quiet=0, burst=0))


async def test_nothing_is_asked_before_it_is_chosen_and_agreed_to():
    desk = AskingDesk(replace(scenes.working_day(), leases={API: LEASE}), home=scenes.HOME)
    async with running(desk) as (pilot, main):
        main.table.move_to(("service", API))
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, ServiceScreen))
        await pilot.press("y")
        assert not desk.asked
        assert "choose first" in "\n".join(screen_lines(pilot.app))
        await pilot.press("x", "y")
        await until(pilot, lambda: "did not answer" in "\n".join(screen_lines(pilot.app)))
        await pilot.press("r", "y")
        await until(pilot, lambda: pilot.app.screen is main)
        assert desk.asked == (RequestKind.STOP, RequestKind.RESTART)
        assert any("api runs again on 8000" in note.message for note in pilot.app._notifications)


async def test_what_portdash_does_not_run_is_grey_with_the_reason():
    async with running(desk_for()) as (pilot, main):
        await pilot.press("s")
        assert pilot.app.screen is main
        assert any("it has no command" in note.message for note in pilot.app._notifications)
        main.table.move_to(("service", API))
        await pilot.press("s")
        assert pilot.app.screen is main
        assert any("portdash does not run it" in note.message for note in pilot.app._notifications)
        main.table.move_to(("service", scenes.key_of(scenes.BLOG, "cms")))
        assert "another workspace" in (main.context.no_running() or "")


IDLE = scenes.key_of(scenes.SHOP, "idle")


class StartingDesk(FakeDesk):
    """Starts a service at the second time."""

    starts = 0
    trusts = True

    def startable(self, snapshot: Snapshot, key: ServiceKey) -> Startable:
        assert snapshot.service(key)
        if not self.trusts:
            raise NotTrusted("the command of idle comes from a file that is not trusted")
        return Startable(("npm", "run", "my dev"), missing=("db",))

    def start(self, key: ServiceKey) -> Start:
        assert key == IDLE
        self.starts += 1
        if self.starts == 1:
            return Start(
                listens=False, port=None, detail="idle ended with status 3", lines=("no [red]such file", "bye")
            )
        return Start(listens=True, port=4000, detail="idle is on 4000")


def with_idle() -> Snapshot:
    """The working day, and a service that has a command and does not run."""
    day = scenes.working_day()
    (view,) = (each for each in day.services if each.key == scenes.key_of(scenes.SHOP, "redis"))
    spec = replace(view.spec, name="idle")
    idle = replace(
        view, key=IDLE, spec=spec, assignment=None, attribution=None, listeners=(), elsewhere=(), conflicts=()
    )
    return replace(day, services=(*day.services, idle), declarations=(Declaration(IDLE, spec, has_command=True),))


async def test_what_does_not_run_is_started_and_a_failure_shows_what_it_printed():
    desk = StartingDesk(with_idle(), home=scenes.HOME)
    async with running(desk) as (pilot, main):
        main.table.move_to(("service", IDLE))
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, ServiceScreen))
        assert "npm run 'my dev'" in "\n".join(screen_lines(pilot.app))
        assert "db, not running: portdash up -d idle starts what has a command" in "\n".join(screen_lines(pilot.app))
        await pilot.press("x")
        assert "stop: portdash does not run it" in "\n".join(screen_lines(pilot.app))
        await pilot.press("enter")
        assert not desk.starts
        assert pilot.app.screen is main
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, ServiceScreen))
        await pilot.press("u", "enter")
        await until(pilot, lambda: "ended with status 3" in "\n".join(screen_lines(pilot.app)))
        assert "no [red]such file" in "\n".join(screen_lines(pilot.app))
        await pilot.press("y")
        await until(pilot, lambda: pilot.app.screen is main)
        assert desk.starts == 2
        assert any("idle is on 4000" in note.message for note in pilot.app._notifications)


@pytest.mark.parametrize("size", [(160, 45), (80, 24), (60, 20)])
async def test_a_command_that_nobody_trusts_is_grey_with_the_reason(size: tuple[int, int]):
    desk = StartingDesk(with_idle(), home=scenes.HOME)
    desk.trusts = False
    async with running(desk, size=size) as (pilot, main):
        main.table.move_to(("service", IDLE))
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, ServiceScreen))
        assert all(pilot.app.screen.query_one(f"#{each}").disabled for each in ("start", "stop", "restart"))
        await pilot.press("u", "y")
        assert not desk.starts
        shown = "\n".join(screen_lines(pilot.app))
        assert "not trusted" in shown
        assert "choose first: nothing can be done here" in shown
