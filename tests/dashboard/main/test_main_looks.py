"""How tones look: as Textual itself would make them of a style sheet, in every theme."""

from typing import ClassVar

import pytest
from steady_pilot import SteadyPilot
from textual.app import App, ComposeResult
from textual.containers import Container
from textual.theme import Theme
from textual.widget import Widget

from portdash.dashboard.rows.row import Tone
from portdash.dashboard.theme import THEMES
from portdash.dashboard.widgets.line_bar import LineBar

NAMES = (*(tone.value for tone in Tone), "marked")


class Styled(Widget):
    """The same by component classes, one for each tone."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"tone--{name}" for name in NAMES}
    DEFAULT_CSS = """
    Styled {
        & > .tone--dim { color: $foreground 74%; }
        & > .tone--bold { text-style: bold; }
        & > .tone--head { color: $accent; text-style: bold; }
        & > .tone--accent { color: $accent; }
        & > .tone--ok { color: $success; }
        & > .tone--warn { color: $warning; }
        & > .tone--bad { color: $error; text-style: bold; }
        & > .tone--cursor { text-style: reverse; }
        & > .tone--marked { background: $panel; }
        &:ansi > .tone--dim { color: ansi_default; text-style: dim; }
        &:ansi > .tone--head { color: ansi_default; text-style: bold; }
        &:ansi > .tone--marked { text-style: underline; }
        &:nocolor > .tone--dim { color: ansi_default; text-style: none; }
        &:nocolor > .tone--marked { text-style: underline; }
    }
    """


class Both(App[None]):
    """Has each of them on the screen's own ground, and on another."""

    CSS = "Container { background: $surface; }"

    def __init__(self, theme: str) -> None:
        self._ours = {each.name: each for each in THEMES}
        self.set_reactive(App.theme, theme)
        super().__init__()

    @property
    def available_themes(self) -> dict[str, Theme]:
        return self._ours

    def compose(self) -> ComposeResult:
        yield LineBar()
        yield Styled()
        with Container():
            yield LineBar()
            yield Styled()


@pytest.mark.parametrize("no_color", [False, True], ids=["colours", "NO_COLOR"])
@pytest.mark.parametrize("theme", [each.name for each in THEMES])
async def test_a_tone_looks_as_a_style_sheet_would_have_it(
    theme: str, monkeypatch: pytest.MonkeyPatch, *, no_color: bool
):
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    app = Both(theme)
    async with app.run_test():
        pairs = list(zip(app.query(LineBar), app.query(Styled), strict=True))
        assert len(pairs) == 2
        for ours, theirs in pairs:
            for name in NAMES:
                assert ours.style_of(name) == theirs.get_component_rich_style(f"tone--{name}"), name


async def test_a_tone_follows_the_theme():
    app = Both(THEMES[0].name)
    async with app.run_test():
        pilot = SteadyPilot(app)
        bar, styled = app.query_one("Screen > LineBar", LineBar), app.query_one("Screen > Styled", Styled)
        before = bar.style_of("accent")
        app.theme = THEMES[1].name
        await pilot.pause()
        assert before != bar.style_of("accent") == styled.get_component_rich_style("tone--accent")
