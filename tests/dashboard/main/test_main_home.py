"""All back to preferred: what is free again is had again, in one plan that `u` takes back."""

from collections.abc import Iterator

import pytest
from fakes import running, screen_lines, until

from portdash.dashboard.commands import BY_ID
from portdash.dashboard.desk import Desk
from portdash.dashboard.screens.dialog import Dialog
from portdash.dashboard.screens.home import HomeScreen
from portdash.dashboard.screens.patience import Patience
from portdash.demo.scene import demo_deps
from portdash.model.ports import IpProtocol


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Dialog, "patience", Patience(quiet=0, burst=0))


@pytest.fixture
def desk() -> Iterator[Desk]:
    deps = demo_deps()
    yield Desk(deps)
    deps.close()


def port_of(desk: Desk, name: str) -> int | None:
    view = desk.look().service(desk.deps.place.key(name))
    return view.port if view else None


def free(desk: Desk, port: int) -> None:
    desk.apply(desk.plan_free(desk.look(), port, IpProtocol.TCP), consent=True)


async def test_it_is_grey_while_nothing_that_is_missed_is_free(desk: Desk):
    async with running(desk) as (_pilot, main):
        assert BY_ID["home"].unavailable(main.context) == "no service of this workspace misses a port that is free now"


async def test_the_palette_takes_all_back_and_undo_takes_that_back(desk: Desk):
    free(desk, 5173)
    async with running(desk, size=(80, 24)) as (pilot, main):
        await pilot.press("colon", *"back to", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, HomeScreen))
        shown = "\n".join(screen_lines(pilot.app))
        assert "5174 → 5173" in shown
        assert "portdash move worker 5173" in shown
        await pilot.press("escape")
        assert port_of(desk, "worker") == 5174
        await until(pilot, lambda: pilot.app.screen is main)
        await main.run_command("home")
        await until(pilot, lambda: isinstance(pilot.app.screen, HomeScreen))
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is main)
        assert port_of(desk, "worker") == 5173
    desk.apply(desk.plan_undo(desk.look()))
    assert port_of(desk, "worker") == 5174


def test_what_cannot_be_had_yet_stays_and_stops_nothing(desk: Desk):
    plan = desk.plan_homing(desk.look(), [desk.deps.place.key("worker"), desk.deps.place.key("api")])
    assert not plan.steps
    assert not plan.is_stuck
    assert [left.text for left in plan.unresolved if left.text.startswith("worker stays on 5174: 5173")]
