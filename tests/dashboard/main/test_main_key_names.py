"""Every text that speaks of a key names the one that is bound: after `[keys]`, and where a command was switched off."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import scenes
from fakes import WEB, desk_for, main_of, running, screen_lines, until
from row_texts import everything, text_of

import portdash.dashboard
from portdash.dashboard.app import PortdashApp
from portdash.dashboard.commands import BY_ID, COMMANDS
from portdash.dashboard.context import Context
from portdash.dashboard.desk import Desk
from portdash.dashboard.key_names import KeyNames
from portdash.dashboard.keymap import key_name, make_keymap, print_key
from portdash.dashboard.options import Options
from portdash.dashboard.rows import texts
from portdash.dashboard.rows.facts import digest
from portdash.dashboard.rows.filtering import Filter
from portdash.dashboard.rows.summary import freshness, trouble_line
from portdash.demo.scene import demo_deps

ROOT = Path(portdash.dashboard.__file__).parent
DEFAULT = make_keymap({})
SAID_FOR = {
    "adopt_form": "fields",
    "resolve_world": "resolve",
    "free_facts": "free",
    "services": "service",
    "start_words": "service",
}
"""Modules that say something for the dialog of another, whose keys are its own."""
LABELS = {command.label.split()[0].casefold() for command in COMMANDS}


def key_in(text: str, keys: set[str]) -> str | None:
    """Return the key that a text tells somebody to press: one that stands alone before what it does."""
    for key, word in re.findall(r"(?:^|(?<=[\s(]))([^\s(]+)(?= +([A-Za-z]+))", text):
        if key.casefold() == "a":  # mostly the article
            does = word in ("adopts", "allocates", "gives", "keeps", "makes", "takes")
        else:
            does = word.islower() and word.endswith("s") and word != "is"
            does = does or word.casefold() in LABELS or (word in ("or", "only", "next") and not key.isdigit())
        if key in keys and does:
            return str(key)
    return None


def literals(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield what is written between quotes, with {} for what is put in; no docstrings, and no style sheets."""
    passed = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            passed |= {id(part) for part in node.values}
            parts = [part.value if isinstance(part, ast.Constant) else "{}" for part in node.values]
            yield node.lineno, "".join(map(str, parts))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in passed:
            yield node.lineno, node.value


def own_keys(path: Path) -> set[str]:
    """Return the keys that a dialog binds itself; they are in no `[keys]`."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    bound = [call.args[0] for call in calls if isinstance(call.func, ast.Name) and call.func.id == "Binding"]
    names = [each.value for each in bound if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    return {print_key(key_name(key)) for name in names for key in name.split(",")}


def test_no_text_has_a_key_written_into_it():
    keys = {key for command in COMMANDS for key in DEFAULT.printed(command.id)}
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        allowed: set[str] = set()
        if path.stem == "keymap":
            continue  # it says how keys are written
        if path.parent.name == "screens" and not path.stem.startswith("main"):
            own = path.with_stem(SAID_FOR.get(path.stem, path.stem))
            allowed = own_keys(own) | own_keys(path.with_stem("dialog")) | {"enter"}  # a field's, a button's
        for line, text in literals(ast.parse(path.read_text())):
            if "{ " not in text and (key := key_in(text, keys - allowed)):
                found.append(f"{path.name}:{line}: {key!r} in {text!r}")
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "text",
    ["it has no port yet: a allocates one", "{} undone; u takes it back", "c resolve   n next", "{} ago (5 History)"],
)
def test_a_key_in_a_text_is_found(text: str):
    assert key_in(text, {key for command in COMMANDS for key in DEFAULT.printed(command.id)})


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: path.stem)
def test_a_key_is_asked_for_by_the_id_of_a_command(path: Path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            first = node.args[0]
            if node.func.attr in ("way", "hint") and isinstance(first, ast.Constant):
                assert first.value in BY_ID, f"{path.name}:{node.lineno}: {first.value}"


REMAPPED = {"allocate": "f5", "adopt": "ctrl+e", "resolve": "v", "next_trouble": "f3", "trouble": "T", "back": "f9"}
REMAPPED |= {"scope": "ctrl+w", "pause": "f6", "undo": "ctrl+y", "free": "K", "view_history": "f8", "palette": ","}


def names(**changes: str):
    return make_keymap(changes).names


def facts_with(**changes: str):
    return digest(scenes.working_day(), home=scenes.HOME, keys=names(**changes))


def test_a_key_that_is_bound_elsewhere_is_named_as_it_is_bound():
    facts = facts_with(**REMAPPED)
    assert text_of(trouble_line(facts, None, 160)).rstrip().endswith("v resolve   f3 next   T only these")
    assert "f9 clears" in texts.no_match(facts, Filter(), is_narrowed=False)
    assert "ctrl+w shows the other" in texts.empty_here(facts, "shop")
    assert texts.no_trouble_shown(facts, None).endswith("T or f9 shows everything")
    assert any(line.startswith("    ctrl+e  adopt") for line in texts.first_run(facts.keys))
    assert freshness(5.0, facts.keys, looked_at=1.0, paused_at=1.0, stale=None, interval=1.0)[0].endswith("f6 resumes")


def test_a_command_without_a_key_is_named_as_the_palette_names_it_and_its_hints_are_left_out():
    off = dict.fromkeys(("resolve", "next_trouble", "trouble", "back", "allocate", "adopt", "view_history"), "")
    facts = facts_with(**off)
    assert "resolve" not in text_of(trouble_line(facts, None, 160))
    assert text_of(trouble_line(facts, None, 160)).rstrip().endswith("3m ago")
    assert texts.no_match(facts, Filter(), is_narrowed=False).endswith(":Back clears")
    assert texts.no_trouble_shown(facts, None).endswith(":Trouble shows everything")
    assert any(line.startswith("    :Adopt  adopt") for line in texts.first_run(facts.keys))
    assert names(allocate="", palette="f1").way("allocate") == "f1 Allocate"
    assert names(allocate="", palette="").way("allocate") == "Allocate"


def test_reasons_name_the_keys_that_are_bound():
    """Each reason of each command, on every row, with the id of a command in place of its key."""
    marked = KeyNames({each.id: (f"<{each.id}>",) for each in COMMANDS}, DEFAULT.names.labels)
    facts = digest(scenes.working_day(), home=scenes.HOME, keys=DEFAULT.names)
    named = set()
    for row in everything(facts).rows:
        for command in COMMANDS:
            usual = command.unavailable(Context(keys=DEFAULT.names, facts=facts, row=row)) or ""
            text = command.unavailable(Context(keys=marked, facts=replace(facts, keys=marked), row=row)) or ""
            named |= set(re.findall(r"<(\w+)>", text))
            assert re.sub(r"<(\w+)>", lambda found: DEFAULT.names.first(found[1]), text) == usual
    assert {"refresh", "copy_more", "free", "quit", "details"} <= named


async def test_the_screen_names_the_keys_that_are_bound():
    desk = desk_for()
    async with running(desk, keys={**REMAPPED, "view_services": "f4"}) as (pilot, main):
        lines = screen_lines(pilot.app)
        assert "v resolve   f3 next   T only these" in lines[1]
        assert "f4 Services ── 2 Listening ── 3 Conflicts" in lines[2]
        assert "f8 History" in lines[2]
        assert any("from your projects: ctrl+e adopts" in line for line in lines)
        await pilot.press("f6")
        assert "f6 resumes" in screen_lines(pilot.app)[0]
        await pilot.press("f6", "slash", *"nonesuch", "enter")
        assert any("f9 clears" in line for line in screen_lines(pilot.app))
        await pilot.press("f9")
        assert main.table.cursor == WEB


async def test_the_screen_leaves_out_what_was_switched_off():
    desk = desk_for()
    off = {"resolve": "", "adopt": "", "pause": "", "next_trouble": "", "view_ranges": "", "back": ""}
    async with running(desk, keys=off) as (pilot, main):
        lines = screen_lines(pilot.app)
        assert "resolve" not in lines[1]
        assert lines[1].rstrip().endswith("! only these")
        assert "3 Conflicts ▲2 ── Ranges ── 5 History" in lines[2]
        assert any("4 from your projects" in line and "adopts" not in line for line in lines)
        assert not any("c  resolve" in line for line in lines)
        main.action_pause()
        await until(pilot, lambda: ":Pause resumes" in screen_lines(pilot.app)[0])
        await pilot.press("slash", *"nonesuch")
        assert "Clear" not in screen_lines(pilot.app)[-1]
        await pilot.press("enter")
        assert any(":Back clears" in line for line in screen_lines(pilot.app))


@pytest.mark.parametrize(("keys", "named"), [({"undo": "f7"}, "f7 takes it back"), ({"undo": ""}, ":Undo takes it")])
async def test_a_dialog_names_the_key_of_the_main_screen(keys: dict[str, str], named: str):
    app = PortdashApp(Desk(demo_deps()), options=Options(typing_window=0, refresh=3600.0, keys=keys))
    async with app.run_test(size=(120, 40)) as pilot:
        main = main_of(app)
        await until(pilot, lambda: main.facts is not None)
        assert main.facts is not None
        main.go_to(main.facts.others[0].key)
        main.action_adopt()
        await until(pilot, lambda: named in "\n".join(screen_lines(app)))
