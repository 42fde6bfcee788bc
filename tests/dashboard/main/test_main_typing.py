"""Typed-ahead and pasted text, and the keys of a hand."""

import scenes
from fakes import FakeDesk, main_of, running, until
from textual.events import Key
from textual.pilot import Pilot

from portdash.dashboard.typing_guard import TypingGuard


def test_four_different_keys_in_a_window_are_a_burst():
    guard = TypingGuard()
    assert [guard.note(key, 1 + at / 1000) for at, key in enumerate("fix 3000")] == [False] * 3 + [True] * 5


def test_a_hand_is_no_burst():
    guard = TypingGuard()
    assert not any(guard.note(key, at * 0.06) for at, key in enumerate("jkjkmac"))


def test_a_key_held_down_is_no_burst():
    guard = TypingGuard()
    assert not any(guard.note("j", at * 0.001) for at in range(100))


def type_at_once(pilot: Pilot[object], text: str) -> None:
    """Deliver text as a terminal delivers a paste without brackets."""
    for char in text:
        key = {" ": "space", "\n": "enter", "/": "slash", "!": "exclamation_mark"}.get(char, char)
        pilot.app.post_message(Key(key, char))


async def test_pasted_text_does_nothing_and_says_so():
    async with running(FakeDesk(scenes.working_day(), home=scenes.HOME), typing_window=0.05) as (pilot, main):
        type_at_once(pilot, "ma 0D!R\nq")
        await until(pilot, lambda: pilot.app._notifications)
        await pilot.pause(0.1)
        assert pilot.app.screen is main
        assert [note.message for note in pilot.app._notifications] == [
            "Pasted text was dropped: letters are commands here, / filters"
        ]
        assert not main.outlook.only
        assert not main.outlook.trouble_only
        assert main.table.has_focus


async def test_once_a_paste_is_over_keys_that_are_no_letters_work_at_once():
    async with running(FakeDesk(scenes.working_day(), home=scenes.HOME), typing_window=0.05) as (pilot, main):
        before = main.table.cursor
        type_at_once(pilot, "fix 3000")
        await until(pilot, lambda: pilot.app._notifications)
        down = Key("down", None)
        down.time += 0.05
        pilot.app.post_message(down)
        await until(pilot, lambda: main.table.cursor != before)


async def test_a_single_key_acts_after_the_window_and_a_cursor_key_at_once():
    async with running(FakeDesk(scenes.working_day(), home=scenes.HOME), typing_window=0.05) as (pilot, main):
        before = main.table.cursor
        type_at_once(pilot, "j")
        await pilot.pause()
        assert main.table.cursor != before
        type_at_once(pilot, "0")
        await until(pilot, lambda: main.outlook.only)


async def test_text_pasted_into_the_filter_is_text():
    async with running(FakeDesk(scenes.working_day(), home=scenes.HOME), typing_window=0.05) as (pilot, main):
        type_at_once(pilot, "/")
        await until(pilot, lambda: main.is_filtering)
        type_at_once(pilot, "fix 3000")
        await until(pilot, lambda: main.outlook.filter_text == "fix 3000")
        assert main_of(pilot.app) is pilot.app.screen  # type: ignore[arg-type]


async def test_what_is_typed_at_once_after_the_slash_is_text_of_the_filter():
    async with running(FakeDesk(scenes.working_day(), home=scenes.HOME), typing_window=0.5) as (pilot, main):
        type_at_once(pilot, "/w")
        await until(pilot, lambda: main.outlook.filter_text == "w")
        assert pilot.app.screen is main
        type_at_once(pilot, "ax")
        await until(pilot, lambda: main.outlook.filter_text == "wax")
