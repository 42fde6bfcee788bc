"""The main screen, worked by keys and mouse at four sizes."""

from dataclasses import replace

import pytest
import scenes
from fakes import FakeDesk, footer_of, look, main_of, running, screen_lines, until

from portdash.dashboard.app import PortdashApp
from portdash.dashboard.options import Options
from portdash.dashboard.rows.row import OTHERS_KEY, SYSTEM_KEY, Kind, Other, RowKey
from portdash.dashboard.screens.dialog import Dialog
from portdash.dashboard.screens.main import MainScreen
from portdash.dashboard.screens.patience import Patience
from portdash.errors import ConfigError, PortdashError, StoreUnavailable
from portdash.manager.apply import Outcome
from portdash.model.snapshot import ServiceView, Snapshot
from portdash.model.storage import Change, Operation

SIZES = [(160, 45), (120, 40), (80, 24), (60, 20), (40, 14)]


def desk_for(snapshot: Snapshot | None = None, **changes: bool) -> FakeDesk:
    return FakeDesk(snapshot or scenes.working_day(), home=scenes.HOME, **changes)


def key(workspace: object, name: str) -> RowKey:
    return ("service", scenes.key_of(workspace, name))  # type: ignore[arg-type]


WEB = key(scenes.SHOP, "web")


def names_of(main: MainScreen) -> list[str]:
    """The services and listeners that the list has at the moment."""
    assert main.table.listing is not None
    subjects = [row.subject for row in main.table.listing.rows]
    return [
        each.name if isinstance(each, ServiceView) else str(each.listener.port)
        for each in subjects
        if isinstance(each, ServiceView | Other)
    ]


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
            self._never.wait(3)
            return super().look()

    desk = SlowDesk(scenes.working_day(), home=scenes.HOME)
    app = PortdashApp(desk, options=Options(typing_window=0))
    async with app.run_test(size=(80, 24)) as pilot:
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


async def test_the_cursor_walks_and_stops_at_the_ends():
    async with running(desk_for()) as (pilot, main):
        await pilot.press("g")
        assert main.table.cursor == ("group", "shop")
        await pilot.press("k")
        assert main.table.cursor == ("group", "shop")
        await pilot.press("j", "down")
        assert main.table.cursor == key(scenes.SHOP, "metrics")
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
        assert main.table.cursor == key(scenes.SHOP, "websocket")


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


async def test_a_filter_narrows_stays_through_refreshes_and_is_cleared_by_escape():
    desk = desk_for()
    async with running(desk) as (pilot, main):
        await pilot.press("slash", *"3000")
        assert names_of(main) == ["web", "web", "grafana"]
        assert footer_of(main) == ["keep_filter", "back", "leave"]
        await pilot.press("enter")
        assert footer_of(main)[-2:] == ["help", "quit"]
        assert "/3000" in screen_lines(pilot.app)[0]
        await look(pilot, main, desk, replace(scenes.working_day(), taken_at=scenes.NOW + 1))
        assert names_of(main) == ["web", "web", "grafana"]
        await pilot.press("escape")
        assert main.filter_text == ""
        assert "/3000" not in screen_lines(pilot.app)[0]
        assert main.table.listing is not None
        assert len(main.table.listing.rows) > 30


async def test_letters_in_the_filter_are_text_and_a_filter_that_finds_nothing_says_so():
    async with running(desk_for()) as (pilot, main):
        await pilot.press("slash", *"qaDm0?")
        assert pilot.app.screen is main
        assert main.filter_text == "qaDm0?"
        assert "Nothing matches /qaDm0?. 20 services and 15 listeners are hidden." in "\n".join(screen_lines(pilot.app))
        assert main.table.row is None
        await pilot.press("enter", "d", "m")
        assert pilot.app.screen is main


async def test_it_starts_with_the_filter_it_is_given():
    async with running(desk_for(), filter="grafana") as (_pilot, main):
        assert main.table.cursor == key(scenes.INFRA, "grafana") or main.table.cursor == ("group", "infra")


async def test_the_walk_through_trouble_unfolds_and_goes_round():
    async with running(desk_for(), size=(60, 20)) as (pilot, main):
        seen = []
        for _ in range(4):
            await pilot.press("n")
            seen.append(main.table.cursor)
        fix, cms, web = key(scenes.FIX, "web"), key(scenes.BLOG, "cms"), key(scenes.BLOG, "web")
        assert seen == [fix, cms, web, WEB]
        await pilot.press("N")
        assert main.table.cursor == web
        assert "▲" not in screen_lines(pilot.app)[1]
        assert "◐ 4/4 blog/web is flapping 6x: node 6120" in screen_lines(pilot.app)[1]


async def test_next_trouble_leaves_a_filter_that_hides_it():
    async with running(desk_for()) as (pilot, main):
        await pilot.press("slash", *"loki", "enter", "n")
        assert main.table.cursor == WEB
        assert main.filter_text == ""


async def test_only_trouble_only_here_and_back():
    async with running(desk_for()) as (pilot, main):
        await pilot.press("exclamation_mark")
        assert names_of(main) == ["web", "web", "cms", "web"]
        await pilot.press("0")
        assert names_of(main) == ["web"]
        assert "only shop" in screen_lines(pilot.app)[0]
        await pilot.press("escape")
        assert not main.trouble_only
        await pilot.press("0")
        assert not main.here_only


async def test_details_beside_the_list():
    async with running(desk_for()) as (pilot, main):
        text = "\n".join(screen_lines(pilot.app))
        for words in (
            "WHY 3000",
            "WHO HOLDS IT",
            "≠ not shop/web",
            "WHO ANSWERS localhost:3000",
            "YOU CAN",
            "WEB_PORT=3000",
        ):
            assert words in text
        assert "claude 3902 › zsh 3907 › npm 4110" in text
        assert "web moves to 3003, nothing ends" in text
        assert "belongs to     shop@fix-login/web, assigned 3002" in text
        await pilot.press("enter")
        assert main.pane.has_focus
        await pilot.press("j", "G")
        assert main.table.cursor == WEB
        await pilot.press("q")
        assert main.table.has_focus


async def test_details_take_the_whole_of_a_small_screen():
    async with running(desk_for(), size=(80, 24)) as (pilot, main):
        await pilot.press("enter")
        text = "\n".join(screen_lines(pilot.app))
        assert "WHO HOLDS IT" in text
        assert "metrics" not in text
        assert footer_of(main)[0] == "back"
        await pilot.press("escape")
        assert "metrics" in "\n".join(screen_lines(pilot.app))
        await pilot.press("l")
        assert main.pane.has_focus
        await pilot.press("h")
        assert main.table.has_focus


async def test_details_of_every_kind_of_row():
    async with running(desk_for()) as (pilot, main):
        for at, words in (
            (("group", "blog"), "~/src/blog"),
            (OTHERS_KEY, "4 of them run in your projects"),
            (SYSTEM_KEY, "daemons of other users"),
        ):
            main.table.move_to(at)
            await pilot.pause()
            assert words in "\n".join(screen_lines(pilot.app))
        main.table.move_to(next(key for key in main.facts.subjects if key[0] == "listener" and "5175" in str(key)))  # type: ignore[union-attr]
        await pilot.pause()
        assert "no service has this port" in "\n".join(screen_lines(pilot.app))


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
        assert main.table.cursor == key(scenes.SHOP, "metrics") or main.table.cursor == key(scenes.SHOP, "api")
        where = main.table.cursor
        await pilot.click("ServiceTable", offset=(10, 3))
        assert main.table.cursor == where
        await until(pilot, lambda: main.pane.has_focus)
        await pilot.press("escape")
        await pilot.click("ServiceTable", offset=(0, 1))
        assert ("group", "shop") in (main.folded or ())
        entry = screen_lines(pilot.app)[-1].index("! Trouble")
        await pilot.click("KeyBar", offset=(entry + 1, 0))
        await until(pilot, lambda: main.trouble_only)


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


async def test_first_run():
    desk = desk_for(scenes.snapshot_of((), scenes.other_listeners()))
    async with running(desk, size=(80, 24)) as (pilot, main):
        text = "\n".join(screen_lines(pilot.app))
        assert "It knows none so far." in text
        assert "none yet" in text
        assert main.table.row is not None
        assert main.table.row.kind is Kind.LISTENER
        assert footer_of(main)[:3] == ["details", "adopt", "allocate"]


async def test_nothing_at_all():
    async with running(desk_for(scenes.snapshot_of((), ()))) as (pilot, main):
        await pilot.press("j", "k", "g", "G", "n", "l", "h", "enter", "A", "tab", "escape")
        assert main.table.row is None


@pytest.mark.parametrize("keys", [["q"], ["ctrl+c"], ["ctrl+q"], ["slash", "ctrl+c"], ["enter", "q", "q"]])
async def test_quitting_answers_zero(keys: list[str]):
    desk = desk_for()
    app = PortdashApp(desk, options=Options(typing_window=0))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: main_of(app).facts)
        await pilot.press(*keys)
        await until(pilot, lambda: not app.is_running or app._exit)
    assert app.return_code == 0
    assert app.return_value == 0


async def test_quitting_while_a_plan_is_applied_takes_two():
    desk = desk_for()
    desk.applying = True
    app = PortdashApp(desk, options=Options(typing_window=0))
    async with app.run_test() as pilot:
        await pilot.press("ctrl+c")
        assert not app._exit
        await pilot.press("ctrl+c")
        assert app._exit


async def test_keys_from_the_configuration():
    async with running(desk_for(), keys={"next_trouble": "f5", "scope": "", "leave": "f10"}) as (pilot, main):
        await pilot.press("f5")
        assert main.table.cursor == key(scenes.FIX, "web")
        await pilot.press("0", "n")
        assert not main.here_only
        assert main.table.cursor == key(scenes.FIX, "web")
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


async def test_after_a_change_the_cursor_goes_to_what_was_changed():
    desk = desk_for()
    async with running(desk, size=(60, 20)) as (pilot, main):
        view = next(view for view in scenes.working_day().services if view.name == "loki")
        change = Change(before=None, after=view.assignment)
        operation = Operation(id="1", title="t", workspace="infra", actor="t", at=0, revision=43, changes=(change,))
        main._done(Outcome(operation=operation, lines=("loki is 3101",)))
        await until(pilot, lambda: main.table.cursor == key(scenes.INFRA, "loki"))
        assert [note.message for note in pilot.app._notifications] == ["loki is 3101. u undoes"]


async def test_the_palette_offers_every_command_and_runs_it():
    async with running(desk_for()) as (pilot, main):
        await pilot.press("colon")
        await until(pilot, lambda: type(pilot.app.screen).__name__ == "CommandPalette")
        await pilot.press(*"trouble")
        await until(pilot, lambda: "Trouble" in "\n".join(screen_lines(pilot.app)))
        await pilot.press("escape")
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is main)


async def test_ascii_signs_move_no_column():
    from portdash.dashboard.glyphs import Glyphs  # noqa: PLC0415

    async with running(desk_for(), glyphs=Glyphs(is_ascii=True), size=(100, 30)) as (pilot, _main):
        lines = screen_lines(pilot.app)
        assert all(line.isascii() for line in lines)
        assert any(line.startswith("|>  web") and "! squatted" in line and "! node 4121" in line for line in lines)
