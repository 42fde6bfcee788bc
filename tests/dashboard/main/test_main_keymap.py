"""Commands and `[keys]`: one declaration, no dead key, no clash."""

import unicodedata

import pytest
import scenes
from row_texts import KEYS

from portdash.dashboard.commands import COMMANDS, footer_commands, in_help_order
from portdash.dashboard.context import Context
from portdash.dashboard.keymap import _SYMBOLS, make_keymap
from portdash.dashboard.rows.facts import digest
from portdash.dashboard.rows.listing import ListState, build_listing
from portdash.dashboard.rows.row import Kind
from portdash.dashboard.screens.main import MainScreen
from portdash.errors import ConfigError


def test_every_command_has_its_action():
    for command in COMMANDS:
        if not command.is_global:
            assert hasattr(MainScreen, f"action_{command.id}"), command.id


def test_defaults_have_no_clash_and_no_dead_key():
    keymap = make_keymap({})
    assert sum(map(len, keymap.keys.values())) == len(keymap.by_key)
    assert {"question_mark", "slash", "colon", "exclamation_mark", "0", "ctrl+d"} <= set(keymap.by_key)
    assert not {"delete", "backspace", "ctrl+k", "f1"} & set(keymap.by_key)
    assert keymap.printed("palette") == (":", "ctrl+p")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"relase": "D"}, "relase"),
        ({"move": "c"}, "resolve has that key"),
        ({"move": "bogus"}, "move = 'bogus': that is not a key"),
        ({"move": "hyperctrl+m"}, "not a key"),
        ({"move": "f5", "undo": "f5"}, "has that key"),
        ({"leave": ""}, "leave"),
    ],
)
def test_wrong_keys_are_named(changes: dict[str, str], words: str):
    with pytest.raises(ConfigError, match=words):
        make_keymap(changes)


def test_an_unknown_command_gets_the_nearest_name():
    with pytest.raises(ConfigError) as caught:
        make_keymap({"relase": "x"})
    assert caught.value.hint == "did you mean release?"


def test_remapping_swapping_and_switching_off():
    keymap = make_keymap({"move": "f5, ctrl+e", "allocate": "A", "adopt": "a", "pause": "", "filter": ","})
    assert keymap.keys["move"] == ("f5", "ctrl+e")
    assert keymap.by_key["A"].id == "allocate"
    assert keymap.by_key["a"].id == "adopt"
    assert "p" not in keymap.by_key
    assert keymap.printed("filter") == (",",)
    assert {binding.id for binding in keymap.bindings(everywhere=False)}.isdisjoint({"pause", "leave"})


def context_on(kind: Kind, name: str, **changes: object) -> Context:
    facts = digest(scenes.working_day(), home=scenes.HOME, keys=KEYS)
    rows = build_listing(facts, ListState(frozenset())).rows
    row = next(row for row in rows if row.kind is kind and name in str(row.key))
    return Context(keys=KEYS, facts=facts, row=row, trouble=4, **changes)  # type: ignore[arg-type]


def footer(context: Context) -> list[str]:
    return [command.id for command in footer_commands(context)]


def test_the_footer_shows_what_this_row_can_do():
    on_trouble = footer(context_on(Kind.SERVICE, "'web'"))
    assert on_trouble[:6] == ["details", "resolve", "move", "free", "release", "allocate"]
    assert footer(context_on(Kind.SERVICE, "'redis'"))[:4] == ["details", "move", "free", "release"]
    on_listener = footer(context_on(Kind.LISTENER, "5175"))
    assert on_listener[:4] == ["details", "adopt", "free", "allocate"]
    assert "move" not in on_listener
    assert footer(context_on(Kind.GROUP, "shop"))[:4] == ["details", "free", "release", "allocate"]
    for context in (
        Context(keys=KEYS),
        context_on(Kind.SERVICE, "'web'"),
        context_on(Kind.LISTENER, "5175", is_read_only=True),
    ):
        assert footer(context)[-2:] == ["help", "quit"]


def test_read_only_and_stale_take_changes_away_with_the_reason():
    for changes, words in (
        ({"is_read_only": True, "is_locked_for_good": True}, "read-only"),
        ({"is_read_only": True}, "locked: nothing is changed until :Lock unlocks"),
        ({"stale": "store away"}, "store away"),
    ):
        context = context_on(Kind.SERVICE, "'web'", **changes)
        usable = footer(context)
        assert not {"resolve", "move", "release", "free", "allocate", "undo"} & set(usable)
        assert {"details", "filter", "report"} <= set(usable)
        reasons = {command.id: command.unavailable(context) for command in in_help_order()}
        assert words in (reasons["move"] or "")
        assert words in (reasons["allocate"] or "")


def test_adopting_from_the_line_above_takes_the_near_ones():
    assert [each.port for each in context_on(Kind.OTHERS, "others").listeners] == [5175, 5176, 4173, 6007]
    assert [each.port for each in context_on(Kind.LISTENER, "8888").listeners] == [8888]


def test_releasing_a_group_takes_all_its_services():
    assert len(context_on(Kind.GROUP, "infra").services) == 5


def test_the_symbols_are_called_what_unicode_calls_them():
    symbols = {chr(code) for code in range(33, 127) if not chr(code).isalnum()}
    assert {
        symbol: unicodedata.name(symbol).lower().replace("-", "_").replace(" ", "_") for symbol in symbols
    } == _SYMBOLS
