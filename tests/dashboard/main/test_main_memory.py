"""What is remembered from one start to the next, what never is, and what a damaged file does: nothing, said once."""

import json
from pathlib import Path

import pytest
from fakes import desk_for, running, screen_lines

from portdash.dashboard.memory import FILE, FILTERS_KEPT, Memory, Remembered
from portdash.dashboard.rows.layout import Column
from portdash.dashboard.rows.view import Sort, View
from portdash.dashboard.theme import CHOICES, DARK, HIGH_CONTRAST, theme_for

CHOSEN = Remembered(
    theme="light",
    sorts={View.LISTENING: Sort(Column.UP, is_reversed=True)},
    without={View.SERVICES: frozenset({Column.VIA})},
    filters=("port:3000", "▲ [/red]"),
)


def document(**changes: object) -> bytes:
    """A file as we write it, but for some changes."""
    plain = {"version": 1, "theme": None, "sorts": {}, "without": {}, "filters": []}
    return json.dumps({**plain, **changes}).encode()


def test_what_is_kept_comes_back(tmp_path: Path):
    memory = Memory(tmp_path / "state" / FILE)
    assert memory.load() == ""
    assert memory.keep(CHOSEN) == ""
    again = Memory(memory.path)
    assert again.load() == ""
    assert again.remembered == CHOSEN
    assert memory.path.stat().st_mode & 0o077 == 0
    assert [each.name for each in memory.path.parent.iterdir()] == [FILE]


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"\xff\xfe", b"null", b"[" * 100_000, b"x" * 200_000, b'{"version": 2}',
        document(version=2), document(theme=3), document(sorts={"NOWHERE": [None, True]}),
        document(sorts={"HISTORY": ["NOPE", True]}), document(filters=[1]),
    ],
)  # fmt: skip
def test_a_damaged_file_is_ignored_and_said(tmp_path: Path, content: bytes):
    memory = Memory(tmp_path / FILE)
    memory.path.write_bytes(content)
    problem = memory.load()
    assert "is damaged and was ignored" in problem
    assert problem.isprintable()
    assert memory.remembered == Remembered()
    assert memory.path.read_bytes() == content, "it is left alone until something is chosen"


def test_what_cannot_be_written_is_said(tmp_path: Path):
    (tmp_path / "file").write_text("")
    assert "cannot be written" in Memory(tmp_path / "file" / FILE).keep(CHOSEN)


def test_filters_are_kept_once_each_and_not_for_ever():
    remembered = Remembered()
    for number in range(FILTERS_KEPT + 9):
        remembered = remembered.with_filter(f"port:{number}").with_filter("web")
    assert len(remembered.filters) == FILTERS_KEPT
    assert remembered.filters.count("web") == 1
    assert remembered.with_filter("  ") == remembered


def test_the_theme_chosen_last_counts_more_than_the_configured_and_no_colour_most():
    assert theme_for({}, "high-contrast", "dark") == HIGH_CONTRAST.name
    assert theme_for({}, None, "nord") == "nord"
    assert theme_for({}, None, None) == DARK.name
    assert theme_for({"NO_COLOR": "1"}, "light") == CHOICES["ansi"]


async def test_the_dashboard_remembers_order_and_past_filters_and_restores_no_filter(tmp_path: Path):
    memory = Memory(tmp_path / FILE)
    async with running(desk_for(), memory=memory) as (pilot, main):
        await pilot.press("slash", *"web", "enter")
        await pilot.press(">", "0", "!")
        assert main.outlook.only is not None
    again = Memory(memory.path)
    assert again.load() == ""
    async with running(desk_for(), memory=again) as (pilot, main):
        assert main.outlook.sort == Sort(Column.SERVICE)
        assert (main.outlook.filter_text, main.outlook.only, main.outlook.trouble_only) == ("", None, False)
        await pilot.press("slash", "up")
        assert main.filter_line is not None
        assert main.filter_line.input.value == "web"
        await pilot.press("down")
        assert main.filter_line.input.value == ""


async def test_a_problem_stands_in_the_header():
    async with running(desk_for(), problem="dashboard.json is damaged and was ignored") as (pilot, _main):
        assert "is damaged and was ignored" in screen_lines(pilot.app)[0]
