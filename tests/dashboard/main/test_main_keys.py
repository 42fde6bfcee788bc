"""Keys of the main screen: what they open, what they refuse, and how it is left."""

from dataclasses import replace

import pytest
import scenes
from fakes import WEB, desk_for, footer_of, main_of, row_key, running, screen_lines, until
from row_texts import KEYS, everything, facts_of
from steady_pilot import SteadyPilot

from portdash.dashboard.app import PortdashApp
from portdash.dashboard.commands import BY_ID
from portdash.dashboard.context import Context
from portdash.dashboard.options import Options
from portdash.dashboard.screens.dialog import Dialog
from portdash.dashboard.screens.patience import Patience
from portdash.errors import ConfigError


async def test_read_only_greys_what_changes_and_says_why():
    async with running(desk_for(read_only=True)) as (pilot, main):
        assert not {"move", "resolve", "release", "allocate", "undo"} & set(footer_of(main))
        assert "LOCKED" in screen_lines(pilot.app)[0]
        assert main.check_action("move", ()) is None
        assert main.check_action("details", ()) is True
        await pilot.press("m")
        assert pilot.app.screen is main
        assert any("read-only" in note.message for note in pilot.app._notifications)
        assert "read-only: nothing is changed" in "\n".join(screen_lines(pilot.app))


async def test_a_key_without_meaning_here_says_why():
    async with running(desk_for()) as (pilot, main):
        main.table.move_to(("group", "shop"))
        await pilot.press("m")
        assert pilot.app.screen is main
        assert any("no service" in note.message for note in pilot.app._notifications)


async def test_escape_takes_an_error_away_on_the_bare_list_too():
    desk = desk_for()
    async with running(desk) as (pilot, main):
        assert "back" not in footer_of(main)
        main.toast("the store is away", error=True)
        await until(pilot, lambda: "back" in footer_of(main))
        await pilot.press("escape")
        assert not list(pilot.app._notifications)
        assert "back" not in footer_of(main)


async def test_pause_stops_looking_and_refresh_looks_all_the_same():
    desk = desk_for()
    async with running(desk, refresh=0.05) as (pilot, main):
        await pilot.press("p")
        assert "PAUSED" in screen_lines(pilot.app)[0]
        looks = desk.looks
        await pilot.press("r")
        await until(pilot, lambda: desk.looks > looks)
        await pilot.press("p")
        assert "PAUSED" not in screen_lines(pilot.app)[0]
        looks = desk.looks
        await until(pilot, lambda: desk.looks > looks + 2)
        assert main.facts is not None


@pytest.mark.parametrize("keys", [["q"], ["ctrl+c"], ["ctrl+q"], ["slash", "ctrl+c"], ["enter", "q", "q"]])
async def test_quitting_answers_zero(keys: list[str], capfd: pytest.CaptureFixture[str]):
    desk = desk_for()
    app = PortdashApp(desk, options=Options(typing_window=0))
    async with app.run_test(size=(80, 24)):
        pilot = SteadyPilot(app)
        await until(pilot, lambda: main_of(app).facts)
        await pilot.press(*keys)
        await until(pilot, lambda: not app.is_running or app._exit)
    assert app.return_code == 0
    assert app.return_value == 0
    assert capfd.readouterr() == ("", "")


async def test_quitting_while_a_plan_is_applied_takes_two(capfd: pytest.CaptureFixture[str]):
    desk = desk_for()
    app = PortdashApp(desk, options=Options(typing_window=0))
    async with app.run_test():
        pilot = SteadyPilot(app)
        with desk.under_way.acting():
            await pilot.press("ctrl+c")
            assert not app._exit
            await pilot.press("ctrl+c")
            assert app._exit
    assert "the plan is carried out to its end first" in capfd.readouterr().err


async def test_who_stayed_is_asked_anew_when_the_next_plan_is_applied():
    desk = desk_for()
    app = PortdashApp(desk, options=Options(typing_window=0))
    async with app.run_test():
        pilot = SteadyPilot(app)
        for _plan in range(2):
            with desk.under_way.acting():
                await pilot.press("ctrl+c")
                assert not app._exit
        await pilot.press("ctrl+c")
        assert app._exit


async def test_keys_from_the_configuration():
    async with running(desk_for(), keys={"next_trouble": "f5", "scope": "", "leave": "f10"}) as (pilot, main):
        await pilot.press("f5")
        assert main.table.cursor == row_key(scenes.FIX, "web")
        await pilot.press("0", "n")
        assert not main.outlook.only
        assert main.table.cursor == row_key(scenes.FIX, "web")
        await pilot.press("f10")
        assert pilot.app._exit
    with pytest.raises(ConfigError):
        PortdashApp(desk_for(), options=Options(keys={"nonesuch": "x"}))


async def test_dialogs_open_on_the_row_that_was_meant(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Dialog, "patience", Patience(quiet=0, burst=0))
    desk = desk_for()
    async with running(desk) as (pilot, main):
        await pilot.press("c")
        await until(pilot, lambda: type(pilot.app.screen).__name__ == "ResolveScreen")
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is main)


async def test_the_palette_offers_every_command_and_runs_it():
    async with running(desk_for()) as (pilot, main):
        await pilot.press("colon")
        await until(pilot, lambda: type(pilot.app.screen).__name__ == "Palette")
        await pilot.press(*"trouble")
        await until(pilot, lambda: "Trouble" in "\n".join(screen_lines(pilot.app)))
        await pilot.press("escape")
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is main)


def test_while_the_store_is_away_nothing_can_be_changed_and_the_keys_say_why():
    facts = facts_of(replace(scenes.working_day(), stale_since=0.0))
    row = next(row for row in everything(facts).rows if row.key == WEB)
    for name in ("allocate", "move", "resolve", "release", "free", "undo"):
        reason = BY_ID[name].unavailable(Context(keys=KEYS, facts=facts, row=row))
        assert reason is not None
        assert reason.startswith("the store is away: its ports are those of "), name
    assert BY_ID["copy"].unavailable(Context(keys=KEYS, facts=facts, row=row)) is None


async def test_the_palette_outlives_a_terminal_of_a_few_columns():
    async with running(desk_for()) as (pilot, _main):
        await pilot.press("colon")
        await until(
            pilot, lambda: type(pilot.app.screen).__name__ == "Palette" and pilot.app.screen.query("CommandList")
        )
        for columns in range(8, 0, -1):
            await pilot.resize_terminal(columns, 46)
            await until(pilot, lambda columns=columns: pilot.app.screen.size.width == columns)
            await pilot.pause()
        assert pilot.app._exception is None


async def test_no_page_is_turned_where_there_is_no_room_for_one():
    async with running(desk_for()) as (pilot, main):
        await pilot.press("colon")
        await until(
            pilot, lambda: type(pilot.app.screen).__name__ == "Palette" and pilot.app.screen.query("CommandList")
        )
        await pilot.resize_terminal(20, 3)
        await pilot.press("down", "pagedown", "pageup")
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is main)
        await pilot.press("question_mark")
        await until(pilot, lambda: type(pilot.app.screen).__name__ == "HelpScreen")
        await pilot.resize_terminal(20, 1)
        await pilot.press("down", "pagedown", "pageup")
        assert pilot.app._exception is None
