"""Which keys a dialog believes, and that it fits every screen."""

from asyncio import timeout
from threading import Event
from time import monotonic
from typing import Any

import pytest
from dialog_fakes import API_ROW, AT_ONCE, HOSTILE, NEVER, STRANGE, VITE, WEB, FakeDesk, move, plan, refused, snapshot
from dialog_host import Host, drained, opened, press, press_at_once, settled
from textual.events import Key
from textual.pilot import Pilot

from portdash.dashboard.screens.act import Act
from portdash.dashboard.screens.allocate import AllocateScreen
from portdash.dashboard.screens.dialog import Dialog
from portdash.dashboard.screens.fields import Field
from portdash.dashboard.screens.help import HelpScreen
from portdash.dashboard.screens.move import MoveScreen
from portdash.dashboard.screens.patience import KeyGuard, Patience
from portdash.dashboard.screens.release import ReleaseScreen
from portdash.dashboard.screens.report import ReportScreen
from portdash.dashboard.screens.resolve import ResolveScreen
from portdash.dashboard.screens.service import NoDeedScreen
from portdash.dashboard.screens.undo import UndoScreen


def typed(key: str, at: float) -> Key:
    event = Key(key, key if len(key) == 1 else None)
    event.time = at
    return event


async def until(host: Host, pilot: Pilot[None], text: str) -> None:
    """Wait until the screen says `text`."""
    async with timeout(30):
        while text not in host.text:
            await pilot.pause()


async def press_at(host: Host, pilot: Pilot[None], key: str, at: float) -> None:
    """Type a key at a time of the dialog's own clock."""
    assert host._driver is not None
    event = typed(key, at)
    event.set_sender(host)
    host._driver.send_message(event)
    await drained(pilot)


def guard(burst: float = 0.0) -> KeyGuard:
    return KeyGuard(Patience(clock=lambda: 100.0, burst=burst))


def test_what_was_typed_before_the_drawing_is_early_however_late_it_is_handled():
    judge = guard()
    assert judge.is_early(typed("y", 50.0))
    judge.drawn()
    assert judge.is_early(typed("x", 99.0))
    assert judge.is_early(typed("y", 100.29))
    assert not judge.is_early(typed("y", 100.31))


def test_a_key_held_down_since_before_the_drawing_stays_early_until_it_is_let_go():
    judge = guard()
    judge.is_early(typed("enter", 99.9))
    judge.drawn()
    held = [100.25, 100.5, 100.75, 101.0]
    assert [judge.is_early(typed("enter", at)) for at in held] == [True] * 4
    assert not judge.is_early(typed("enter", 101.5))


def test_drawing_twice_does_not_start_the_quiet_time_anew():
    moments = iter((100.0, 200.0))
    judge = KeyGuard(Patience(clock=lambda: next(moments)))
    judge.drawn()
    judge.drawn()
    assert not judge.is_early(typed("y", 101.0))


def test_keys_closer_together_than_a_hand_types_are_a_burst():
    judge = guard(burst=0.03)
    judge.note(typed("1", 100.0))
    assert not judge.is_burst
    judge.note(typed("enter", 100.01))
    assert judge.is_burst
    judge.note(typed("enter", 100.2))
    assert not judge.is_burst


def test_a_click_is_no_part_of_the_burst_before_it():
    judge = guard(burst=0.03)
    judge.note(typed("1", 100.0))
    judge.note(typed("2", 100.001))
    judge.forget()
    assert not judge.is_burst


def every_dialog(desk: FakeDesk, patience: Patience) -> list[Dialog[Any]]:
    seen = snapshot()
    given: Any = desk
    return [
        ReleaseScreen(given, seen, [API_ROW.key], patience=patience),
        MoveScreen(given, seen, WEB.key, patience=patience),
        UndoScreen(given, seen, patience=patience),
        AllocateScreen(given, seen, patience=patience),
        AllocateScreen(given, seen, listeners=(VITE, STRANGE), patience=patience),
        ResolveScreen(given, seen, WEB.key, patience=patience),
        ReportScreen(given, seen, patience=patience),
        HelpScreen([("m", "Move", HOSTILE, None), ("c", "Resolve", "", HOSTILE)], HOSTILE, patience=patience),
    ]


NAMES = ("release", "move", "undo", "allocate", "adopt", "resolve", "report", "help")


def desk_with_undo() -> FakeDesk:
    return FakeDesk(undo=plan(f"undo {HOSTILE}", move(WEB, 3003)))


async def test_keys_typed_ahead_do_nothing_in_any_dialog():
    desk = desk_with_undo()
    first, *rest = every_dialog(desk, NEVER)
    async with opened(first) as (host, pilot):
        for dialog in (first, *rest):
            if dialog.IS_HARMLESS:
                continue
            if dialog is not first:
                host.push_screen(dialog)
                await settled(host, pilot)
            before = host.text
            await press(host, pilot, "y", "enter", "1", "x", "n", "a", "t", "enter", "f", "w", "q")
            await settled(host, pilot)
            assert host.screen is dialog
            if not isinstance(host.focused, Field):
                assert "q ignored" in host.text
                dialog._take_note("")
                await settled(host, pilot)
                assert host.text == before
        assert desk.applied == []
        assert host.answers == []


@pytest.mark.parametrize("number", range(len(NAMES)), ids=NAMES)
async def test_escape_leaves_at_once_however_early_it_comes(number: int):
    async with opened(every_dialog(desk_with_undo(), NEVER)[number]) as (host, pilot):
        await press(host, pilot, "escape")
        await settled(host, pilot)
        assert host.answers == [None]


async def test_what_can_only_be_read_takes_every_key_at_once():
    async with opened(HelpScreen([("m", "Move", "", None)], "Help", patience=NEVER)) as (host, pilot):
        await press(host, pilot, "enter")
        await settled(host, pilot)
        assert host.answers == ["m"]


async def test_enter_means_nothing_after_a_key_that_came_too_early():
    """Where `u` was not taken, `enter` on No would leave as though it had been."""
    now = [0.0]
    dialog = ReleaseScreen(
        FakeDesk(), snapshot(), [API_ROW.key], patience=Patience(quiet=1, burst=0, clock=lambda: now[0])
    )
    async with opened(dialog) as (host, pilot):
        await press_at(host, pilot, "u", 0.5)
        await press_at(host, pilot, "enter", 0.6)
        assert "u ignored" in host.text
        await press_at(host, pilot, "enter", 2.0)
        assert host.screen is dialog
        assert "u came too early and did nothing: press it again, or esc leaves" in " ".join(host.text.split())
        assert "u ignored" not in host.text
        await press_at(host, pilot, "enter", 3.0)
        await settled(host, pilot)
        assert host.answers == [None]


async def test_a_name_typed_ahead_is_taken_whole_and_confirms_nothing():
    desk = desk_with_undo()
    form = every_dialog(desk, NEVER)[3]
    async with opened(form) as (host, pilot):
        await press(host, pilot, "w", "e", "b", "enter")
        await settled(host, pilot)
        assert form.query_one("#service", Field).value == "web"
        assert host.screen is form
    assert desk.applied == []


@pytest.mark.parametrize("number", range(len(NAMES)), ids=NAMES)
async def test_every_dialog_fits_every_screen_and_escape_leaves_it(number: int):
    desk = desk_with_undo()
    async with opened(every_dialog(desk, AT_ONCE)[number], (60, 20)) as (host, pilot):
        for width, height in ((60, 20), (80, 24), (40, 12), (160, 45)):
            await pilot.resize_terminal(width, height)
            await settled(host, pilot)
            shown = [each.region for each in host.screen.query("#buttons Act") if each.display]
            assert shown
            assert all(region.width and region.bottom <= height for region in shown)
            assert width < 60 or all(region.right <= width for region in shown)
            assert "\x1b" not in host.text
        await press(host, pilot, "escape")
        await settled(host, pilot)
        assert host.answers == [None]
        assert desk.applied == []


@pytest.mark.parametrize("keys", [("enter", "enter"), ("enter", "escape"), ("escape", "escape")], ids="+".join)
async def test_of_two_keys_that_come_at_once_the_second_finds_a_dialog_that_was_left(keys: tuple[str, ...]):
    async with opened(every_dialog(desk_with_undo(), AT_ONCE)[NAMES.index("help")]) as (host, pilot):
        below = host.screen_stack[0]
        await press_at_once(host, pilot, *keys)
        await settled(host, pilot)
        assert host._exception is None
        assert host.screen is below
        assert len(host.answers) == 1


async def test_what_is_left_takes_along_what_stands_over_it():
    lower, upper = every_dialog(desk_with_undo(), AT_ONCE)[:2]
    async with opened(lower) as (host, pilot):
        host.push_screen(upper)
        await settled(host, pilot)
        lower.dismiss("done")
        await settled(host, pilot)
        assert len(host.screen_stack) == 1
        assert host.answers == ["done"]


async def test_the_first_letter_of_pasted_text_does_not_confirm():
    desk: Any = FakeDesk()
    slow = Patience(quiet=0.0, burst=1e6, clock=lambda: 0.0)
    async with opened(ReleaseScreen(desk, snapshot(), [API_ROW.key], patience=slow)) as (host, pilot):
        await press(host, pilot, "y", "e", "s")
        await settled(host, pilot)
        assert "does not confirm" in host.text
        assert desk.applied == []
        assert host.screen is host.dialog


async def test_a_confirming_key_right_behind_others_does_not_count():
    desk: Any = FakeDesk()
    slow = Patience(quiet=0.0, burst=1e6, clock=lambda: 0.0)
    async with opened(MoveScreen(desk, snapshot(), WEB.key, patience=slow)) as (host, pilot):
        await press(host, pilot, "3", "0", "0", "9", "enter")
        await settled(host, pilot)
        assert desk.applied == []
        assert "does not confirm" in host.text


async def test_a_key_counts_once_the_quiet_time_is_over():
    desk: Any = FakeDesk()
    long_ago = Patience(burst=0.0, clock=lambda: monotonic() - 10)
    async with opened(ReleaseScreen(desk, snapshot(), [API_ROW.key], patience=long_ago)) as (host, pilot):
        await press(host, pilot, "y")
        await settled(host, pilot)
        assert len(desk.applied) == 1
        assert host.answers[0].lines == ("done",)


async def test_a_confirming_key_does_not_count_any_more_once_its_dialog_is_left():
    desk: Any = FakeDesk()
    slow = Patience(quiet=0.0, burst=1e6, clock=lambda: 0.0)
    release = ReleaseScreen(desk, snapshot(), [API_ROW.key], patience=slow)
    async with opened(release) as (host, pilot):
        await press(host, pilot, "y")
        assert release._about_to_confirm is not None
        release.action_leave()
        release._confirm_now()  # the silence is over before the dialog has gone
        await settled(host, pilot)
        assert host.answers == [None]
        assert desk.applied == []


async def test_a_confirming_key_followed_by_silence_counts():
    desk: Any = FakeDesk()
    short = Patience(quiet=0.0, burst=0.001, clock=lambda: 0.0)
    async with opened(ReleaseScreen(desk, snapshot(), [API_ROW.key], patience=short)) as (host, pilot):
        await press(host, pilot, "y")
        async with timeout(30):
            while not host.answers:
                await settled(host, pilot)
        assert len(desk.applied) == 1


async def test_no_has_the_focus_in_a_dialog_that_gives_something_up():
    desk: Any = FakeDesk()
    async with opened(ReleaseScreen(desk, snapshot(), [API_ROW.key], patience=AT_ONCE)) as (host, pilot):
        assert host.focused is not None
        assert host.focused.id == "no"
        await press(host, pilot, "enter")
        await settled(host, pilot)
        assert host.answers == [None]
        assert desk.applied == []


async def test_release_names_what_goes_with_it_and_what_goes_on_running():
    desk: Any = FakeDesk()
    async with opened(ReleaseScreen(desk, snapshot(), [API_ROW.key], patience=AT_ONCE)) as (host, _):
        assert "Release shop/api?" in host.text
        assert "shop/websocket  8000  inherited api" in host.text
        assert "uvicorn 3990 on 8000: still running" in host.text
        assert "portdash release api" in host.text


async def test_an_error_is_said_in_the_dialog_which_stays():
    desk: Any = FakeDesk(error=refused(f"no {HOSTILE}"))
    async with opened(ReleaseScreen(desk, snapshot(), [API_ROW.key], patience=AT_ONCE)) as (host, pilot):
        await press(host, pilot, "y")
        await settled(host, pilot)
        assert host.screen is host.dialog
        assert "no [/]x[@click=app.quit]y\\x1b]52;c;aGk=\\x07[b]" in host.text.replace("\n", "")
        desk.error = None
        await press(host, pilot, "y")
        await settled(host, pilot)
        assert len(desk.applied) == 1


async def test_a_broken_core_is_said_and_not_swallowed():
    desk: Any = FakeDesk(error=ZeroDivisionError("by zero"))
    async with opened(ReleaseScreen(desk, snapshot(), [API_ROW.key], patience=AT_ONCE)) as (host, pilot):
        await press(host, pilot, "y")
        await until(host, pilot, "portdash broke")
        assert "ZeroDivisionError" in host.text
        assert host.screen is host.dialog


async def test_read_only_says_so_and_applies_nothing():
    desk: Any = FakeDesk(is_read_only=True)
    async with opened(ReleaseScreen(desk, snapshot(), [API_ROW.key], patience=AT_ONCE)) as (host, pilot):
        assert "read-only" in host.text
        await press(host, pilot, "y")
        await settled(host, pilot)
        assert desk.applied == []


async def test_while_a_plan_is_applied_the_dialog_cannot_be_confirmed_again():
    desk: Any = FakeDesk(gate=Event(), lines=("ending node 4121 …",))
    async with opened(ReleaseScreen(desk, snapshot(), [API_ROW.key], patience=AT_ONCE)) as (host, pilot):
        await press(host, pilot, "y")
        await until(host, pilot, "ending node 4121")
        await press(host, pilot, "y", "y")
        await pilot.pause()
        assert host.screen is host.dialog
        desk.gate.set()
        await settled(host, pilot)
        assert len(desk.applied) == 1
        assert len(host.answers) == 1


async def test_a_menu_that_can_do_nothing_bears_a_letter_before_it_is_drawn_and_leaving_at_once():
    screen = NoDeedScreen("it has no command", title="Service web")
    screen.action_choose("start")  # a key may come before its lines are there
    screen.action_scroll_body(1)
    async with opened(screen) as (host, pilot):
        assert [act.disabled for act in screen.query(Act)] == [False, True, True, True]
        await press_at_once(host, pilot, "u", "escape")
        await settled(host, pilot)
        assert host._exception is None
