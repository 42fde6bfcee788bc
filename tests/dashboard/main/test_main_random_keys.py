"""Keys in random order: nothing crashes, and nothing is ended or given back but by its dialog."""

import os
import random
import threading
from collections.abc import Callable

import pytest
from fakes import main_of, until
from textual.app import App
from textual.events import Key
from textual.pilot import Pilot

from portdash.dashboard.app import PortdashApp
from portdash.dashboard.commands import COMMANDS
from portdash.dashboard.desk import Desk
from portdash.dashboard.keymap import key_name
from portdash.dashboard.options import Options
from portdash.dashboard.screens.dialog import Dialog
from portdash.dashboard.screens.long_act import LongAct, Told
from portdash.dashboard.screens.patience import Patience
from portdash.demo.scene import demo_deps
from portdash.manager.apply import Outcome
from portdash.model.plan import Action, Plan

SCALE = int(os.environ.get("PORTDASH_TEST_SCALE", "1"))
LEAVING = ("quit", "leave", "suspend", "edit", "open")
"""Commands that leave the dashboard, or start something beside it."""
IN_DIALOGS = (
    "y",
    "n",
    "enter",
    "escape",
    "t",
    "K",
    "1",
    "2",
    "3",
    "0",
    "7",
    "Y",
    "w",
    "f",
    "tab",
    "backspace",
    "space",
)
KEYS = (*(key for each in COMMANDS if each.id not in LEAVING for key in each.keys), *IN_DIALOGS)
AT_ONCE = (1, 1, 1, 1, 1, 1, 2, 3)
"""How many keys come in one: a slow line brings several, and so does a machine that is busy."""
AGAIN = ("enter", "escape")
OPENED_BY = {
    Action.RELEASE: ("ReleaseScreen", "UndoScreen"),
    Action.TERMINATE: ("FreeScreen", "FreeManyScreen", "ResolveScreen"),
    Action.STOP_CONTAINER: ("FreeScreen", "FreeManyScreen", "ResolveScreen"),
}


class Staying(PortdashApp):
    """Is not left: the palette and the help offer that too, and keys in random order find it there."""

    async def action_leave(self) -> None:
        """Stay."""


class Watched(Desk):
    """Notes, of each plan that is carried out, which dialog began it; that may have been left by then."""

    begun_by: Callable[[], str]
    done: list[tuple[str, Plan, bool]]

    def apply(self, plan: Plan, *, consent: bool = False, progress: Callable[[str], None] | None = None) -> Outcome:
        self.done.append((self.begun_by(), plan, consent))
        return super().apply(plan, consent=consent, progress=progress)


async def press(app: App[int], pilot: Pilot[int], *keys: str) -> None:
    """Type keys, the last of which has come before the first is handled, and let all that follows happen."""
    assert app._driver is not None
    for key in keys:
        name = key_name(key)
        event = Key(name, key if len(key) == 1 else None)
        event.set_sender(app)
        app._driver.send_message(event)
    for _ in range(3):
        await pilot._wait_for_screen()


async def storm(seed: int, amount: int, monkeypatch: pytest.MonkeyPatch) -> Watched:
    monkeypatch.setenv("PATH", "")  # what is copied stays out of the clipboard of whoever runs this
    monkeypatch.setattr(Dialog, "patience", Patience(quiet=0.0, burst=0.0))
    chance = random.Random(seed)
    deps = demo_deps()
    desk = Watched(deps)
    desk.done = []
    app = Staying(desk, options=Options(typing_window=0, refresh=3600.0, keys={"suspend": ""}))
    begun = threading.local()
    begin = LongAct.begin

    def noted(self: LongAct, line: str, act: Callable[[], Told]) -> None:
        def by_name() -> Told:
            begun.by = type(self).__name__
            return act()

        begin(self, line, by_name)

    monkeypatch.setattr(LongAct, "begin", noted)
    desk.begun_by = lambda: begun.by
    async with app.run_test(size=chance.choice([(160, 45), (80, 24), (60, 20)])) as pilot:
        await until(pilot, lambda: main_of(app).facts is not None)
        while amount > 0:
            keys = chance.choices(KEYS, k=chance.choice(AT_ONCE))
            if chance.random() < 0.1:
                keys += [chance.choice(AGAIN)] * 2  # held down
            await press(app, pilot, *keys)
            amount -= len(keys)
            if chance.random() < 0.02:
                await pilot.resize_terminal(chance.randint(1, 200), chance.randint(1, 60))
        for _ in range(10):  # the last key may be on its way yet, and the pilot closes the screens before the app
            await pilot._wait_for_screen()
        assert app._exception is None
        assert app.is_running
    deps.close()
    return desk


def assert_by_its_dialog(desk: Watched) -> None:
    for screen, plan, consent in desk.done:
        for step in plan.steps:
            assert screen in OPENED_BY.get(step.action, (screen,)), (screen, plan.title)
        assert consent or not plan.needs_consent


@pytest.mark.parametrize("seed", [1, 2])
async def test_some_keys(seed: int, monkeypatch: pytest.MonkeyPatch):
    assert_by_its_dialog(await storm(seed, 60, monkeypatch))


@pytest.mark.faults
@pytest.mark.parametrize("seed", range(4 if SCALE == 1 else 20))
async def test_many_keys(seed: int, monkeypatch: pytest.MonkeyPatch):
    assert_by_its_dialog(await storm(seed, min(1000, 60 * SCALE), monkeypatch))
