"""The cursor of the list: it walks, folds, and stays on its row whatever happens around it."""

from dataclasses import replace

import pytest
import scenes
from fakes import (
    SIZES,
    WEB,
    desk_for,
    footer_of,
    look,
    names_of,
    row_key,
    running,
    screen_lines,
    until,
)
from textual.widgets._toast import Toast

from portdash.dashboard.rows.row import OTHERS_KEY, SYSTEM_KEY, Kind, RowKey
from portdash.dashboard.screens.dialog import Dialog
from portdash.manager.apply import Outcome
from portdash.model.history import Change, Operation


async def test_a_toast_never_hides_what_a_dialog_asks():
    async with running(desk_for(), size=(60, 20), toasts=True) as (pilot, main):
        await pilot.press("R")
        await until(pilot, lambda: isinstance(pilot.app.screen, Dialog) and pilot.app.screen.query("#buttons Act"))
        pilot.app.notify("web is 3003, was 3000. u undoes")
        screen = pilot.app.screen
        await until(pilot, lambda: screen.query(Toast) and all(each.region for each in screen.query(Toast)))
        (toast,) = screen.query(Toast)
        assert not any(toast.region.overlaps(each.region) for each in screen.query("#buttons Act"))
        assert main is not screen


@pytest.mark.parametrize("size", [(160, 45), (80, 24), (60, 20), (40, 15)])
async def test_a_toast_never_hides_the_row_under_the_cursor(size: tuple[int, int]):
    async with running(desk_for(), size=size, toasts=True) as (pilot, main):
        assert screen_lines(pilot.app)[main.table.cursor_line].lstrip("│ ").startswith("▸  web")
        for keys in (("g",), ("G",), ("g",), ("l", "G", "l", "G")):
            main.toast("a fact that takes much of a line, if not all")
            main.toast("and another one beneath it or above it", error=True)
            await until(pilot, lambda: len(main.query(Toast)) == 2 and all(each.region for each in main.query(Toast)))
            await pilot.press(*keys)
            await pilot.pause()
            y = main.table.cursor_line
            assert not any(each.region.contains_point((each.region.x, y)) for each in main.query(Toast))
            assert [each.region for each in main.query(Toast) if not main.region.overlaps(each.region)] == []
            assert len(main.query("ToastHolder")) == 2
        await pilot.press("escape")
        await until(pilot, lambda: not main.query("ToastHolder"))


async def test_the_cursor_walks_and_stops_at_the_ends():
    async with running(desk_for()) as (pilot, main):
        await pilot.press("g")
        assert main.table.cursor == ("group", "shop")
        await pilot.press("k")
        assert main.table.cursor == ("group", "shop")
        await pilot.press("j", "down")
        assert main.table.cursor == row_key(scenes.SHOP, "metrics")
        await pilot.press("G")
        assert main.table.cursor == SYSTEM_KEY
        await pilot.press("ctrl+u", "pageup", "home", "pagedown", "ctrl+d", "end", "up")
        assert main.table.row is not None
        assert main.table.row.kind is Kind.LISTENER


async def test_the_cursor_skips_lines_that_are_no_rows():
    async with running(desk_for()) as (pilot, main):
        main.table.move_to(OTHERS_KEY)
        await pilot.press("j")
        assert main.table.row is not None
        assert main.table.row.kind is Kind.LISTENER
        await pilot.press("k")
        assert main.table.cursor == OTHERS_KEY


@pytest.mark.parametrize("size", SIZES)
async def test_the_cursor_stays_on_its_row_through_refreshes(size: tuple[int, int]):
    desk = desk_for()
    async with running(desk, size=size) as (pilot, main):
        main.table.move_to(WEB)
        await pilot.pause()
        at = next(y for y, line in enumerate(screen_lines(pilot.app)) if "▸  web" in line)
        more = [scenes.service(scenes.SHOP, f"aaa{n}", 4100 + n) for n in range(3)]
        await look(pilot, main, desk, scenes.snapshot_of([*more, *scenes.working_day().services], ()))
        assert main.table.cursor == WEB
        assert "▸  web" in screen_lines(pilot.app)[at] or main.table.scroll_offset.y == 0
        fewer = [view for view in scenes.working_day().services if view.name not in ("api", "metrics")]
        await look(pilot, main, desk, scenes.snapshot_of(fewer, ()))
        assert main.table.cursor == WEB
        assert any("▸  web" in line and "squatted" in line for line in screen_lines(pilot.app))


async def test_the_cursor_stays_on_its_row_when_the_order_changes():
    desk = desk_for()
    async with running(desk) as (pilot, main):
        main.table.move_to(WEB)
        await look(pilot, main, desk, replace(scenes.working_day(), workspace="infra", taken_at=scenes.NOW + 1))
        assert main.table.cursor == WEB
        assert main.table.listing is not None
        assert main.table.listing.rows[0].key == ("group", "infra")


async def test_a_row_that_vanishes_stays_as_gone_then_hands_the_cursor_on():
    desk = desk_for()
    async with running(desk) as (pilot, main):
        main.table.move_to(WEB)
        rest = [view for view in scenes.working_day().services if ("service", view.key) != WEB]
        await look(pilot, main, desk, scenes.snapshot_of(rest, (), taken_at=scenes.NOW + 1))
        assert main.table.cursor == WEB
        assert any("▸  web" in line and "gone" in line for line in screen_lines(pilot.app))
        await pilot.press("m")
        assert pilot.app.screen is main
        assert "move" not in footer_of(main)
        await look(pilot, main, desk, scenes.snapshot_of(rest, (), taken_at=scenes.NOW + 9))
        assert main.table.cursor == row_key(scenes.SHOP, "websocket")


async def test_only_lines_that_changed_are_drawn_anew():
    desk = desk_for()
    async with running(desk) as (pilot, main):
        drawn: list[int] = []
        refresh_line = main.table.refresh_line

        def note(y: int) -> None:
            drawn.append(y)
            refresh_line(y)

        main.table.refresh_line = note  # type: ignore[method-assign]
        await look(pilot, main, desk, replace(scenes.working_day(), revision=43))
        assert drawn == []
        views = tuple(
            replace(view, health=scenes.fast(99)) if view.name == "worker" else view
            for view in scenes.working_day().services
        )
        await look(pilot, main, desk, replace(scenes.working_day(), services=views))
        assert len(drawn) == 1
        assert any("running 99ms" in line for line in screen_lines(pilot.app))


async def test_folding_and_unfolding():
    async with running(desk_for()) as (pilot, main):
        await pilot.press("h")
        assert main.table.cursor == ("group", "shop")
        assert "metrics" not in names_of(main)
        assert names_of(main)[0] == "web", "a folded group still shows its trouble"
        await pilot.press("l")
        assert "metrics" in names_of(main)
        count = len(names_of(main))
        await pilot.press("G", "l")
        assert len(names_of(main)) == count + 6
        await pilot.press("j", "h")
        assert main.table.cursor == SYSTEM_KEY
        assert len(names_of(main)) == count
        await pilot.press("h")
        assert main.table.cursor == OTHERS_KEY
        assert len(names_of(main)) == 20


@pytest.mark.parametrize(
    ("keys", "where"),
    [
        (("g",), row_key(scenes.SHOP, "web")),  # from the heading above what was found
        (("G",), row_key(scenes.SHOP, "web")),  # from a row that is no more
        (("slash", *"1337", "enter"), row_key(scenes.SHOP, "web")),  # from what another filter found
        (("n",), row_key(scenes.FIX, "web")),  # it is one of those that were found
    ],
)
async def test_a_filter_brings_the_cursor_to_what_it_finds(keys: tuple[str, ...], where: RowKey):
    async with running(desk_for()) as (pilot, main):
        await pilot.press(*keys)
        await pilot.press("slash", *["backspace"] * 4, *"3000", "enter")
        assert main.table.cursor == where
        await pilot.press("escape")
        assert main.table.cursor == where, "it stays there when all is shown again"


async def test_after_a_change_the_cursor_goes_to_what_was_changed():
    desk = desk_for()
    async with running(desk, size=(60, 20)) as (pilot, main):
        view = next(view for view in scenes.working_day().services if view.name == "loki")
        change = Change(before=None, after=view.assignment)
        operation = Operation(id="1", title="t", workspace="infra", actor="t", at=0, revision=43, changes=(change,))
        main._done(Outcome(operation=operation, lines=("loki is 3101",)))
        await until(pilot, lambda: main.table.cursor == row_key(scenes.INFRA, "loki"))
        assert [note.message for note in pilot.app._notifications] == ["loki is 3101. u undoes"]
