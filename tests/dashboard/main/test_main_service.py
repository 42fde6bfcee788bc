"""`s`: a service is started, or who runs it is asked to stop or restart it; what cannot be done says why."""

import re
from collections.abc import Sequence
from dataclasses import replace
from threading import Event

import pytest
import scenes
from fakes import FakeDesk, desk_for, running, screen_lines, until

from portdash.config.services import ServiceConfig
from portdash.dashboard.desk import Desk
from portdash.dashboard.screens.dialog import Dialog
from portdash.dashboard.screens.patience import Patience
from portdash.dashboard.screens.service import ServiceScreen
from portdash.dashboard.screens.services import ServicesScreen
from portdash.demo.scene import demo_deps
from portdash.errors import NoCommand, NotTrusted, PortdashError, Unanswered
from portdash.model.assignment import Lease, ServiceKey, ServiceSpec
from portdash.model.requests import RequestKind
from portdash.model.snapshot import Declaration, Snapshot
from portdash.supervisor.cancelling import Cancel
from portdash.supervisor.progress import How, Progress, Tell
from portdash.supervisor.starting import Start, Startable
from portdash.supervisor.upness import how_it_runs

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
        await pilot.press("x", "enter")
        await until(pilot, lambda: pilot.app.screen is main)
        assert not desk.asked
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, ServiceScreen))
        await pilot.press("x")
        assert "[ Yes, stop  y ]" in "\n".join(screen_lines(pilot.app))
        await pilot.press("y")
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


class CrewDesk(FakeDesk):
    """Has three services that can be started, of which `b` depends on `a`, and one that is supervised."""

    def __init__(self, snapshot: Snapshot, *, fails: str = "") -> None:
        super().__init__(snapshot, home=scenes.HOME)
        self.fails = fails
        self.runs = ""
        self.done: list[str] = []
        self.along: dict[str, tuple[str, ...]] | PortdashError = {}
        self.waits = False
        self.called_off = Event()

    def startable(self, snapshot: Snapshot, key: ServiceKey) -> Startable:
        assert snapshot.service(key)
        if key.service not in ("a", "b", "c"):
            raise NoCommand(f"{key.service} has no command", hint="declare one")
        return Startable(("serve", key.service))

    def coming_along(self, snapshot: Snapshot, keys: Sequence[ServiceKey]) -> dict[str, tuple[str, ...]]:
        assert snapshot
        if isinstance(self.along, PortdashError):
            raise self.along
        return self.along if keys else {}

    def start_all(self, keys: Sequence[ServiceKey], *, tell: Tell, cancel: Cancel) -> bool:
        """Start them in the order of their names; `b` depends on `a`."""
        is_ok = True
        assert isinstance(self.along, dict)
        for name in (*self.along, *sorted(key.service for key in keys)):
            if name == "b" and self.fails == "a":
                tell(Progress(name=name, how=How.HELD_BACK, why="it depends on a"))
                continue
            if name == self.runs:
                tell(Progress(name=name, how=How.RUNS, why="as process 4100"))
                continue
            self.done.append(f"start {name}")
            tell(Progress(name=name, how=How.BEGUN))
            if self.waits:
                with cancel.ending_by(self.called_off.set):
                    assert self.called_off.wait(60)
                tell(Progress(name=name, how=How.ENDED, why="the start was called off"))
                return False
            if name == self.fails:
                is_ok = False
                tell(Progress(name=name, how=How.FAILED, why=f"{name} ended with status 3", said="bye"))
            else:
                tell(Progress(name=name, how=How.UP, port=4000))
        return is_ok

    def ask_supervisor(self, key: ServiceKey, kind: RequestKind) -> tuple[bool, str]:
        self.done.append(f"{kind} {key.service}")
        return True, f"{key.service} was stopped"


def crew(supervised: Sequence[str] = ("api",)) -> Snapshot:
    """The working day, with three services of shop that do not run and have commands."""
    day = with_idle()
    idle = day.service(IDLE)
    assert idle
    keys = [scenes.key_of(scenes.SHOP, name) for name in "abc"]
    views = tuple(replace(idle, key=key, spec=replace(idle.spec, name=key.service)) for key in keys)
    leases = {key: replace(LEASE, key=key) for key in (scenes.key_of(scenes.SHOP, name) for name in supervised)}
    declared = tuple(Declaration(view.key, view.spec, has_command=True) for view in views)
    services = (*(each for each in day.services if each.key != IDLE), *views)
    return replace(day, services=services, declarations=declared, leases=leases)


async def test_all_of_a_workspace_is_started_from_its_line():
    desk = CrewDesk(crew())
    async with running(desk, size=(120, 45)) as (pilot, main):
        main.table.move_to(("group", "shop"))
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, ServicesScreen))
        shown = re.sub(" +", " ", "\n".join(screen_lines(pilot.app)))
        for words in (
            "Services of shop",
            " a does not run: serve a",
            " api runs: uvicorn 3990 on 8000",
            "left alone: web has no command",
            "[ Start u ]",
            "[ Stop x ]",
            "portdash up -d a b c",
            "portdash stop api",
        ):
            assert words in shown
        await pilot.press("y", "enter")
        assert not desk.done
        await until(pilot, lambda: pilot.app.screen is main)
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, ServicesScreen))
        await pilot.press("u")
        assert "[ Yes, start 3  enter ]" in "\n".join(screen_lines(pilot.app))
        await pilot.press("enter")
        await until(pilot, lambda: "\n".join(screen_lines(pilot.app)).count("✓") == 3)
        assert desk.done == ["start a", "start b", "start c"]
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is main)
        assert any("started a, b and c" in note.message for note in pilot.app._notifications)


@pytest.mark.parametrize("size", [(160, 45), (80, 24), (60, 20), (40, 15)])
@pytest.mark.parametrize("row", [("group", "shop"), ("service", API)])
async def test_every_button_about_services_has_room(row: tuple[str, object], size: tuple[int, int]):
    async with running(CrewDesk(crew()), size=size) as (pilot, main):
        main.table.move_to(row)
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, ServicesScreen | ServiceScreen))
        for key, names in (("", ("no", "start", "stop", "restart")), ("x", ("no", "yes"))):
            await pilot.press(*key)
            await pilot.pause()
            room = pilot.app.screen.query_one("#buttons").region
            for name in names:
                button = pilot.app.screen.query_one(f"#{name}").region
                assert button.width > 0
                assert room.contains_region(button), (key, name, room, button)


async def test_what_depends_on_one_that_did_not_start_is_not_started():
    desk = CrewDesk(crew(), fails="a")
    async with running(desk, size=(80, 24)) as (pilot, main):
        main.table.move_to(("group", "shop"))
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, ServicesScreen))
        await pilot.press("u", "enter")
        await until(pilot, lambda: "✓" in "\n".join(screen_lines(pilot.app)))
        shown = "\n".join(screen_lines(pilot.app))
        assert "✗ a ended with status 3: bye" in shown
        assert "✗ not started: it depends on a" in shown
        assert desk.done == ["start a", "start c"]


async def test_one_that_runs_by_now_holds_nobody_back():
    desk = CrewDesk(crew())
    desk.runs = "a"
    async with running(desk, size=(80, 24)) as (pilot, main):
        main.table.move_to(("group", "shop"))
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, ServicesScreen))
        await pilot.press("u", "enter")
        await until(pilot, lambda: "\n".join(screen_lines(pilot.app)).count("✓") == 3)
        assert "✓ runs already as process 4100; left alone" in "\n".join(screen_lines(pilot.app))
        assert desk.done == ["start b", "start c"]
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is main)
        assert any("started b and c" in note.message for note in pilot.app._notifications)


def test_a_service_of_another_workspace_is_left_alone_among_marked_ones():
    day = crew()
    theirs = next(view.key for view in day.services if view.key.workspace == "blog")
    leases = {**day.leases, theirs: replace(LEASE, key=theirs)}
    screen = ServicesScreen(CrewDesk(day), replace(day, leases=leases), [theirs], title="1 marked row")
    assert [(row.deeds, row.verdict) for row in screen.rows] == [((), "left alone: it is of another workspace")]


async def test_to_stop_several_their_number_is_typed():
    desk = CrewDesk(crew(("api", "worker")))
    async with running(desk, size=(80, 24)) as (pilot, main):
        for name in ("api", "worker"):
            main.table.move_to(("service", scenes.key_of(scenes.SHOP, name)))
            await pilot.press("space")
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, ServicesScreen))
        assert "Services of 2 marked rows" in "\n".join(screen_lines(pilot.app))
        await pilot.press("u")
        assert "start: none of them can be" in "\n".join(screen_lines(pilot.app))
        await pilot.press("x", "y", "enter", "3", "enter")
        assert not desk.done
        await pilot.press("backspace", "2", "enter")
        await until(pilot, lambda: len(desk.done) == 2)
        assert desk.done == ["stop api", "stop worker"]


async def test_a_line_of_another_workspace_says_why_nothing_is_started_from_it():
    async with running(desk_for()) as (pilot, main):
        main.table.move_to(("group", "blog"))
        await pilot.press("s")
        assert pilot.app.screen is main
        assert any("another workspace" in note.message for note in pilot.app._notifications)


async def test_what_comes_along_is_named_before_it_is_agreed_to():
    desk = CrewDesk(crew())
    desk.along = {"db": ("a", "b"), "mail": ("c",), "a@2": ()}
    async with running(desk, size=(120, 45)) as (pilot, main):
        main.table.move_to(("group", "shop"))
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, ServicesScreen))
        shown = re.sub(" +", " ", "\n".join(screen_lines(pilot.app)))
        for words in ("db started as well: a and b depend on it", "mail started as well: c depends on it"):
            assert words in shown
        await pilot.press("u")
        shown = "\n".join(screen_lines(pilot.app))
        assert "start 3, and db, mail and a@2 as well, each behind what it depends on? enter does it" in shown
        assert "[ Yes, start 6  enter ]" in shown
        await pilot.press("y")
        await until(pilot, lambda: "\n".join(screen_lines(pilot.app)).count("✓") == 6)
        assert desk.done == [f"start {name}" for name in ("db", "mail", "a@2", "a", "b", "c")]
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is main)
        assert any("started db, mail, a@2, a, b and c" in note.message for note in pilot.app._notifications)


async def test_what_comes_along_is_nothing_to_those_that_are_stopped():
    desk = CrewDesk(crew())
    desk.along = {"db": ("a",)}
    async with running(desk, size=(120, 45)) as (pilot, main):
        main.table.move_to(("group", "shop"))
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, ServicesScreen))
        await pilot.press("x")
        assert "started as well" not in "\n".join(screen_lines(pilot.app))
        await pilot.press("escape")
        assert "started as well" in "\n".join(screen_lines(pilot.app))


async def test_where_something_that_is_needed_must_not_be_started_it_is_said_and_nothing_begun():
    desk = CrewDesk(crew())
    desk.along = NotTrusted("the command of db comes from a file that is not trusted")
    async with running(desk, size=(120, 45)) as (pilot, main):
        main.table.move_to(("group", "shop"))
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, ServicesScreen))
        await pilot.press("u")
        assert "start: the command of db comes from a file that is not trusted" in "\n".join(screen_lines(pilot.app))
        await pilot.press("y")
        assert not desk.done


async def test_a_start_can_be_called_off():
    desk = CrewDesk(crew())
    desk.waits = True
    async with running(desk, size=(80, 24)) as (pilot, main):
        main.table.move_to(("group", "shop"))
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, ServicesScreen))
        await pilot.press("u", "y")
        await until(pilot, lambda: "starting a …" in "\n".join(screen_lines(pilot.app)))
        assert "[ Call off  x ]" in "\n".join(screen_lines(pilot.app))
        await pilot.press("x")
        await until(pilot, lambda: "✗ ended again: the start was called off" in "\n".join(screen_lines(pilot.app)))
        assert desk.called_off.is_set()
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is main)
        assert any("a: ended again" in note.message for note in pilot.app._notifications)


def test_what_comes_along_is_what_nobody_named_and_does_not_run():
    names = ("web", "api", "db")
    needs: dict[str, tuple[str, ...]] = {"web": ("api",), "api": ("db", "mail")}
    services = tuple(
        ServiceConfig(spec=ServiceSpec(name=name), command=("serve", name), depends_on=needs.get(name, ()))
        for name in names
    )
    deps = demo_deps()
    desk = Desk(replace(deps, config=replace(deps.config, services=services)))
    web, api, db = (deps.place.key(name) for name in names)
    snapshot = desk.look()
    assert how_it_runs(snapshot, api)
    assert desk.coming_along(snapshot, [web, db]) == {}
    assert desk.coming_along(snapshot, [web]) == {"db": ("api",)}
    deps.close()


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
        await pilot.press("u")
        assert "start idle? enter does it" in "\n".join(screen_lines(pilot.app))
        assert "[ Yes, start  enter ]" in "\n".join(screen_lines(pilot.app))
        await pilot.press("enter")
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
