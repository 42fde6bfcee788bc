"""The main screen as a whole: at every size, before anything is known, with nothing to show, and after a failure."""

import pytest
import scenes
from fakes import SIZES, WEB, FakeDesk, desk_for, footer_of, main_of, row_key, running, screen_lines, until
from steady_pilot import SteadyPilot

from portdash.dashboard.app import PortdashApp
from portdash.dashboard.options import Options
from portdash.dashboard.rows.row import Kind
from portdash.errors import PortdashError, StoreUnavailable
from portdash.model.snapshot import Snapshot


@pytest.mark.parametrize("size", SIZES)
async def test_the_first_screen(size: tuple[int, int]):
    async with running(desk_for(), size=size) as (pilot, main):
        lines = screen_lines(pilot.app)
        assert len(lines) == size[1]
        assert {len(line) for line in lines} == {size[0]}
        assert lines[-1].rstrip().endswith("? Help  q Quit")
        assert lines[-1].startswith(" enter Details")
        assert main.table.cursor == WEB
        assert any("▸  web" in line and "squatted" in line for line in lines)
        assert any("SERVICE" in line and "STATE" in line for line in lines)
        assert ("┌" in lines[2]) == (size[0] >= 100)
        assert not any("Traceback" in line for line in lines)


async def test_something_is_said_before_anything_is_known():
    class SlowDesk(FakeDesk):
        def look(self) -> Snapshot:
            self._never.wait(60)
            return super().look()

    desk = SlowDesk(scenes.working_day(), home=scenes.HOME)
    app = PortdashApp(desk, options=Options(typing_window=0))
    async with app.run_test(size=(80, 24)):
        pilot = SteadyPilot(app)
        await pilot.pause()
        text = "\n".join(screen_lines(app))
        assert text.count("reading sockets …") == 2
        assert "none" not in text
        assert "? Help  q Quit" in text
        await pilot.press("m", "a")
        assert app.screen is main_of(app)
        desk._never.set()
        await until(pilot, lambda: main_of(app).facts)
        assert "squatted" in "\n".join(screen_lines(app))


async def test_resizing_rearranges_and_keeps_the_cursor():
    async with running(desk_for()) as (pilot, main):
        for size in (*SIZES, (230, 60), (20, 6), (160, 45)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert main.table.cursor == WEB
            assert {len(line) for line in screen_lines(pilot.app)} == {size[0]}
        assert "WHO HOLDS IT" in "\n".join(screen_lines(pilot.app))


async def test_the_mouse_moves_the_cursor_opens_folds_and_presses_keys_of_the_footer():
    async with running(desk_for()) as (pilot, main):
        await pilot.click("ServiceTable", offset=(10, 3))
        assert main.table.cursor == row_key(scenes.SHOP, "metrics") or main.table.cursor == row_key(scenes.SHOP, "api")
        where = main.table.cursor
        await pilot.click("ServiceTable", offset=(10, 3))
        assert main.table.cursor == where
        await until(pilot, lambda: main.pane.has_focus)
        await pilot.press("escape")
        await pilot.click("ServiceTable", offset=(0, 1))
        assert ("group", "shop") in (main.outlook.folded or ())
        entry = screen_lines(pilot.app)[-1].index("! Trouble")
        await pilot.click("KeyBar", offset=(entry + 1, 0))
        await until(pilot, lambda: main.outlook.trouble_only)


@pytest.mark.parametrize(
    "error", [StoreUnavailable("store away"), PortdashError("no table"), RuntimeError("[/red]\x1b[2J")]
)
async def test_a_failed_look_keeps_the_last_snapshot_and_says_so(error: Exception):
    desk = desk_for()
    async with running(desk) as (pilot, main):
        desk.error = error
        main.poller.look_now()
        await until(pilot, lambda: main.stale)
        lines = screen_lines(pilot.app)
        assert "stale: " in lines[0]
        assert "retrying" in lines[0]
        assert any("squatted" in line for line in lines)
        assert not any(char < " " for line in lines for char in line)
        assert "move" not in footer_of(main)
        desk.error = None
        main.poller.look_now()
        await until(pilot, lambda: main.stale is None)
        assert "live" in screen_lines(pilot.app)[0]
        assert "move" in footer_of(main)


async def test_a_first_look_that_fails_is_said_and_retried():
    desk = desk_for()
    desk.error = StoreUnavailable("the store cannot be opened")
    async with running(desk, size=(80, 24)) as (pilot, main):
        assert "the store cannot be opened, retrying" in "\n".join(screen_lines(pilot.app))
        desk.error = None
        main.poller.look_now()
        await until(pilot, lambda: main.facts)
        assert "squatted" in "\n".join(screen_lines(pilot.app))


async def test_first_run():
    desk = desk_for(scenes.snapshot_of((), scenes.other_listeners()))
    async with running(desk, size=(80, 24)) as (pilot, main):
        text = "\n".join(screen_lines(pilot.app))
        assert "It knows none so far" in text
        assert "none yet" in text
        assert main.table.row is not None
        assert main.table.row.kind is Kind.LISTENER
        assert footer_of(main)[:4] == ["details", "adopt", "free", "allocate"]


async def test_nothing_at_all():
    async with running(desk_for(scenes.snapshot_of((), ()))) as (pilot, main):
        await pilot.press("j", "k", "g", "G", "n", "l", "h", "enter", "A", "tab", "escape")
        assert main.table.row is None


async def test_ascii_signs_move_no_column():
    from portdash.dashboard.glyphs import Glyphs  # noqa: PLC0415

    async with running(desk_for(), glyphs=Glyphs(is_ascii=True), size=(100, 30)) as (pilot, _main):
        lines = screen_lines(pilot.app)
        assert all(line.isascii() for line in lines)
        assert any(line.startswith("|>  web") and "! squatted" in line and "! node 4121" in line for line in lines)
