"""In the terminal's own colours, and in none: what is chosen, where a text cursor is, where a field or dialog ends."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing

import pytest
from fakes import main_of, until
from rich.style import Style
from steady_pilot import SteadyPilot
from textual.widgets import Input, OptionList

from portdash.dashboard.app import PortdashApp
from portdash.dashboard.options import Options
from portdash.dashboard.screens.dialog import Dialog
from portdash.dashboard.screens.patience import Patience
from portdash.dashboard.theme import ANSI, ANSI_LIGHT, DARK, theme_for
from portdash.demo.health import demo_desk
from portdash.demo.scene import demo_deps
from portdash.demo.screenshots import as_the_demo_user

LISTS = {"palette": ("colon",), "help": ("question_mark",), "sort": ("S",), "copy": ("Y",), "type": ("a", *["tab"] * 3)}
FIELDS = {"filter": "slash", "palette": "colon", "allocate": "a", "move": "m", "free": "x"}
SCHEMES = {"NO_COLOR": ANSI.name, "NO_COLOR and a theme": DARK.name, "ansi": ANSI.name, "ansi-light": ANSI_LIGHT.name}
"""What the screen is drawn in. Under NO_COLOR a theme can be chosen from the palette all the same."""


@pytest.fixture(params=["NO_COLOR", "NO_COLOR and a theme", "ansi"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@asynccontextmanager
async def demo(scheme: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SteadyPilot]:
    """Run the demo in these colours."""
    deps = demo_deps()
    monkeypatch.setattr(Dialog, "patience", Patience(quiet=0.0, burst=0.0))
    monkeypatch.setattr(Input, "cursor_blink", False)
    with as_the_demo_user(), closing(deps):
        if scheme.startswith("NO_COLOR"):
            monkeypatch.setenv("NO_COLOR", "1")
        app = PortdashApp(demo_desk(deps), options=Options(theme=SCHEMES[scheme], typing_window=0, refresh=3600.0))
        async with app.run_test(size=(100, 30)):
            pilot = SteadyPilot(app)
            await until(pilot, lambda: main_of(app).facts is not None)
            yield pilot


def cells(pilot: SteadyPilot) -> Iterator[tuple[int, str, Style]]:
    """Yield the pieces that are drawn, each with its line."""
    for y, strip in enumerate(pilot.app.screen._compositor.render_strips()):
        yield from ((y, each.text, each.style or Style()) for each in strip if not each.control)


def reversed_text(pilot: SteadyPilot) -> list[str]:
    """Return the text in reverse video of the screen on top, scroll bars left out."""
    return [text.strip() for _y, text, style in cells(pilot) if style.reverse and text.strip(" ▁▂▃▄▅▆▇█")]


@pytest.mark.parametrize("name", LISTS)
async def test_the_chosen_line_is_in_reverse_video(name: str, scheme: str, monkeypatch: pytest.MonkeyPatch):
    async with demo(scheme, monkeypatch) as pilot:
        await pilot.press(*LISTS[name])
        if name == "type":
            await pilot.press("enter")
        await until(pilot, lambda: any(each.option_count for each in pilot.app.screen.query(OptionList)))
        await pilot.press("down")
        first = reversed_text(pilot)
        await pilot.press("down")
        second = reversed_text(pilot)
        lines = next(each for each in pilot.app.screen.query(OptionList) if each.display)
        await until(pilot, lambda: lines.highlighted is not None)
    assert first
    assert second
    assert first != second


@pytest.mark.parametrize("name", FIELDS)
async def test_a_text_cursor_can_be_seen(name: str, scheme: str, monkeypatch: pytest.MonkeyPatch):
    async with demo(scheme, monkeypatch) as pilot:
        await pilot.press(FIELDS[name])
        await until(pilot, lambda: isinstance(pilot.app.focused, Input))
        await pilot.press("3")
        field = pilot.app.focused
        assert isinstance(field, Input)
        region = field.content_region
        strip = pilot.app.screen._compositor.render_strips()[region.y].crop(region.x, region.x + 3)
        drawn = [(each.text, bool(each.style and each.style.reverse)) for each in strip]
    assert drawn[:2] == [("3", False), (" ", True)]


async def test_fields_stand_in_brackets_and_the_one_with_the_focus_in_bold_ones(
    scheme: str, monkeypatch: pytest.MonkeyPatch
):
    async with demo(scheme, monkeypatch) as pilot:
        await pilot.press("a")
        await until(pilot, lambda: isinstance(pilot.app.focused, Input))
        found = [(text, bool(style.bold)) for _y, text, style in cells(pilot) if text in ("[", "]")]
        assert found == [("[", True), ("]", True), *[("[", False), ("]", False)] * 3]
        await pilot.press("tab")
        line = next(y for y, text, _style in cells(pilot) if "Workspace" in text)
        chosen = [text for y, text, style in cells(pilot) if y == line and style.reverse]
    assert "shop" in "".join(chosen)


async def test_the_list_of_a_choice_has_a_frame(scheme: str, monkeypatch: pytest.MonkeyPatch):
    async with demo(scheme, monkeypatch) as pilot:
        await pilot.press("a", "tab", "enter")
        await until(pilot, lambda: isinstance(pilot.app.focused, OptionList))
        lines = pilot.app.focused
        assert lines is not None
        top = pilot.app.screen._compositor.render_strips()[lines.region.y].crop(lines.region.x, lines.region.right).text
    assert top == f"╭{'─' * (len(top) - 2)}╮"


@pytest.mark.parametrize("theme", [ANSI, ANSI_LIGHT], ids=lambda theme: theme.name)
async def test_a_dialog_has_a_frame_in_the_colour_of_the_text_and_what_is_behind_is_dim(
    theme: object, monkeypatch: pytest.MonkeyPatch
):
    name = "ansi" if theme is ANSI else "ansi-light"
    async with demo(name, monkeypatch) as pilot:
        bright = [style for _y, text, style in cells(pilot) if "uvicorn 3990" in text]
        await pilot.press("x")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 2)
        frames = {style.color.name for _y, text, style in cells(pilot) if style.color and text.startswith("╰")}
        behind = [style for _y, text, style in cells(pilot) if "uvicorn 3990" in text]
        await pilot.press("escape")
        again = [style for _y, text, style in cells(pilot) if "uvicorn 3990" in text]
    assert frames == {"default"}
    assert behind
    assert all(style.dim for style in behind)
    assert again == bright
    assert not any(style.dim for style in bright)


def test_no_color_takes_the_terminals_own():
    assert theme_for({"NO_COLOR": "1"}, "light") == ANSI.name


async def test_the_terminals_colours_are_left_as_they_were_taken(monkeypatch: pytest.MonkeyPatch):
    """The toolkit keeps what it was told of them at the start, if it is told."""
    async with demo("ansi", monkeypatch) as pilot:
        own = [str(style) for _y, _text, style in cells(pilot)]
        assert not any("#" in each for each in own)
        pilot.app.theme = DARK.name
        await pilot.pause()
        assert all("#" in str(style) for _y, text, style in cells(pilot) if "uvicorn" in text)
        pilot.app.theme = ANSI.name
        await pilot.pause()
        assert [str(style) for _y, _text, style in cells(pilot)] == own
