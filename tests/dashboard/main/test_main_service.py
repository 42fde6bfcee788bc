"""`s`: a service is started, or who runs it is asked to stop or restart it; what cannot be done says why."""

import re
from collections.abc import Sequence
from dataclasses import replace
from threading import Event

import pytest
import scenes
from fakes import FakeDesk, desk_for, main_of, running, screen_lines, until
from row_texts import facts_of
from steady_pilot import SteadyPilot
from textual.pilot import Pilot

from portdash.config.services import ServiceConfig
from portdash.dashboard.app import PortdashApp
from portdash.dashboard.desk import Desk
from portdash.dashboard.options import Options
from portdash.dashboard.screens.act import Act
from portdash.dashboard.screens.dialog import Dialog
from portdash.dashboard.screens.patience import Patience
from portdash.dashboard.screens.service import Deed, NoDeedScreen, ServiceScreen
from portdash.dashboard.screens.services import ServicesScreen
from portdash.dashboard.startable import no_running
from portdash.demo.scene import demo_deps
from portdash.errors import NoCommand, NotTrusted, PortdashError, Unanswered
from portdash.model.assignment import Lease, ServiceKey, ServiceSpec
from portdash.model.ports import IpProtocol
from portdash.model.requests import RequestKind
from portdash.model.snapshot import Declaration, ServiceView, Snapshot
from portdash.model.workspace import Workspace
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


async def test_its_dialog_outlives_a_terminal_of_a_few_columns():
    desk = AskingDesk(replace(scenes.working_day(), leases={API: LEASE}), home=scenes.HOME)
    async with running(desk) as (pilot, main):
        main.table.move_to(("service", API))
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, ServiceScreen))
        for columns in range(12, 0, -1):
            await pilot.resize_terminal(columns, 38)
            assert pilot.app._exception is None
            assert pilot.app.screen.size.width == columns


async def test_where_nothing_can_be_done_the_menu_is_grey_and_takes_the_letter_that_follows():
    """Else the `u` of `s`, `u`, `enter` would open Undo, where `enter` means yes."""
    rows = {
        ("service", scenes.key_of(scenes.SHOP, "web")): "it has no command",
        ("service", API): "portdash does not run it",
        ("service", scenes.key_of(scenes.BLOG, "cms")): "another workspace",
        ("group", "blog"): "another workspace",
        ("line", "others"): "no service",
    }
    async with running(desk_for()) as (pilot, main):
        for row, reason in rows.items():
            main.table.move_to(row)
            await pilot.press("s")
            await until(pilot, lambda: isinstance(pilot.app.screen, NoDeedScreen))
            assert reason in " ".join("\n".join(screen_lines(pilot.app)).split())
            assert all(pilot.app.screen.query_one(f"#{deed}", Act).disabled for deed in Deed)
            await pilot.press("u")
            assert "▲ start: " in "\n".join(screen_lines(pilot.app))
            await pilot.press("enter")
            await until(pilot, lambda: pilot.app.screen is main)


def reason_for(
    *views: ServiceView,
    root: str | None = "/srv/blog",
    vanished: frozenset[str] = frozenset(),
    is_all: bool = False,
) -> str:
    """Return why nothing can be done about services of the workspace blog."""
    day = scenes.working_day()
    blog = Workspace(name="blog", root=root)
    workspaces = (*(each for each in day.workspaces if each.name != "blog"), blog)
    day = replace(day, workspaces=workspaces, vanished=vanished)
    return no_running(facts_of(day), views, free="x", is_all=is_all) or ""


def test_of_a_service_of_another_workspace_it_is_said_where_it_is_stopped_and_several_started():
    day = scenes.working_day()
    cms = next(view for view in day.services if view.key == scenes.key_of(scenes.BLOG, "cms"))
    idle = replace(cms, listeners=(), elsewhere=(), attribution=None)
    assert cms.is_running
    assert not idle.is_running
    assert reason_for(idle) == ""
    both = (idle, replace(idle, key=replace(idle.key, service="db")))
    assert "`cd /srv/blog && portdash up -d` starts what does not run" in reason_for(*both, is_all=True)
    assert "`cd '/srv/a b' && portdash up -d cms cms`" in reason_for(*both, root="/srv/a b")
    assert "`cd ~/blog && portdash up -d" in reason_for(*both, root=f"{scenes.HOME}/blog")
    assert "`cd /srv/blog && portdash stop cms`" in reason_for(cms)
    assert "of another workspace" in reason_for(replace(idle, key=scenes.key_of(scenes.INFRA, "loki")), idle)
    assert "no directory" in reason_for(idle, root=None)
    assert "directory is gone" in reason_for(idle, vanished=frozenset({"blog"}))


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


class BreakingDesk(CrewDesk):
    """Breaks at one of several."""

    def ask_supervisor(self, key: ServiceKey, kind: RequestKind) -> tuple[bool, str]:
        if key.service == "web":
            raise KeyError("nobody thought of it")
        return super().ask_supervisor(key, kind)

    def start_all(self, keys: Sequence[ServiceKey], *, tell: Tell, cancel: Cancel) -> bool:
        super().start_all(keys[:1], tell=tell, cancel=cancel)
        raise KeyError("nobody thought of it")


async def test_where_portdash_breaks_at_one_it_is_said_what_was_done_and_what_was_not():
    desk = BreakingDesk(crew(("api", "web", "worker")))
    async with running(desk, size=(100, 40)) as (pilot, main):
        for name in ("api", "web", "worker"):
            main.table.move_to(("service", scenes.key_of(scenes.SHOP, name)))
            await pilot.press("space")
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, ServicesScreen))
        await pilot.press("x", "3", "enter")
        await until(pilot, lambda: "not done" in "\n".join(screen_lines(pilot.app)))
        shown = re.sub(" +", " ", "\n".join(screen_lines(pilot.app)))
        for words in (
            " api ✓ api was stopped",
            " web ✗ portdash broke: KeyError: 'nobody thought of it'. please report it",
            " worker ✗ not done: portdash broke before it",
        ):
            assert words in shown
        assert desk.done == ["stop api"]
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is main)
        (note,) = (note.message for note in pilot.app._notifications if "stopped" in note.message)
        assert note.startswith("stopped api; web: portdash broke")
        assert "worker: not done" in note


async def test_a_start_that_breaks_in_its_midst_tells_how_far_it_came():
    desk = BreakingDesk(crew())
    async with running(desk, size=(100, 40)) as (pilot, main):
        main.table.move_to(("group", "shop"))
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, ServicesScreen))
        await pilot.press("u", "y")
        await until(pilot, lambda: "Close" in "\n".join(screen_lines(pilot.app)))
        assert "✓ is on 4000" in "\n".join(screen_lines(pilot.app))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is main)
        (note,) = (note.message for note in pilot.app._notifications if "started" in note.message)
        assert note.startswith("started a; portdash broke: KeyError: 'nobody thought of it'. please report it")


class LeftDesk(CrewDesk):
    """Starts as the real one does, by what a test puts in the place of the supervisor's."""

    start, start_all = Desk.start, Desk.start_all
    _deps = None  # type: ignore[assignment]  nobody asks for it


@pytest.mark.parametrize("row", [("group", "shop"), ("service", scenes.key_of(scenes.SHOP, "a"))])
def test_quitting_waits_for_no_start_and_says_that_it_goes_on(
    row: tuple[str, object], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    begun, left = Event(), Event()

    def goes_on(*_args: object, leave: Cancel, cancel: Cancel | None = None, tell: Tell | None = None) -> object:
        begun.set()
        with leave.ending_by(left.set):
            assert left.wait(30)
        assert not (cancel and cancel.is_asked)
        return False if tell else Start(listens=False, port=None, detail="it goes on")

    monkeypatch.setattr("portdash.supervisor.starting_all.start_all", goes_on)
    monkeypatch.setattr("portdash.supervisor.starting.start", goes_on)
    desk = LeftDesk(crew())
    app = PortdashApp(desk, options=Options(typing_window=0, refresh=3600.0))

    async def quit_in_the_midst(_pilot: Pilot[int]) -> None:
        pilot, main = SteadyPilot(app), main_of(app)
        await until(pilot, lambda: main.facts)
        main.table.move_to(row)
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, ServiceScreen | ServicesScreen))
        await pilot.press("u", "y")
        await until(pilot, begun.is_set)
        await pilot.press("ctrl+c")

    app.run(headless=True, size=(80, 24), auto_pilot=quit_in_the_midst)
    assert left.is_set()
    assert not desk.under_way.goes_on
    assert "what was being started goes on" in capfd.readouterr().err


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


@pytest.mark.parametrize("declared", IpProtocol)
@pytest.mark.parametrize("running", IpProtocol)
def test_what_runs_is_known_by_the_protocol_that_up_would_start_it_on(declared: IpProtocol, running: IpProtocol):
    services = (
        ServiceConfig(spec=ServiceSpec(name="app"), command=("serve", "app"), depends_on=("dns",)),
        ServiceConfig(spec=ServiceSpec(name="dns", protocol=declared), command=("serve", "dns")),
    )
    deps = demo_deps()
    desk = Desk(replace(deps, config=replace(deps.config, services=services)))
    dns = deps.place.key("dns", protocol=running)
    known = (Declaration(deps.place.key("dns", protocol=declared), services[1].spec),)
    snapshot = replace(desk.look(), declarations=known, leases={dns: replace(LEASE, key=dns)})
    along = desk.coming_along(snapshot, [deps.place.key("app")])
    assert along == ({} if running is declared else {"dns": ("app",)})
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


async def test_a_service_of_another_workspace_is_started_in_its_directory():
    day = scenes.working_day()
    idle = next(view for view in day.services if view.key.workspace == scenes.FIX.name and not view.is_running)

    class There(CrewDesk):
        begun: tuple[ServiceKey, ...] = ()

        def startable(self, snapshot: Snapshot, key: ServiceKey) -> Startable:
            assert snapshot.service(key)
            return Startable(("serve", key.service))

        def start(self, key: ServiceKey) -> Start:
            self.begun = (*self.begun, key)
            return Start(listens=True, port=6380, detail="redis is on 6380")

    desk = There(day)
    async with running(desk) as (pilot, main):
        main.table.move_to(("service", idle.key))
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, ServiceScreen))
        shown = " ".join("\n".join(screen_lines(pilot.app)).split())
        assert f"runs in the background in ~/src/shop-fix-login: serve {idle.key.service}" in shown
        assert f"cd ~/src/shop-fix-login && portdash run -d {idle.name}" in shown
        await pilot.press("u", "enter")
        await until(pilot, lambda: pilot.app.screen is main)
    assert desk.begun == (idle.key,)
