"""Text can be read in every theme of ours: the contrast of each piece of text with its ground, as WCAG 2 reckons it.

Once for all that is declared (tones, variables), on every ground there is; and once for all that is drawn, screen by
screen, where the toolkit's own styles come in as well. The terminal's own colours are nobody's to reckon with: there
all text stands on the terminal's own ground, in its own colour or in one of the few that mean something.
"""

from collections.abc import Iterator
from contextlib import closing

import pytest
from fakes import main_of, until
from rich.style import Style
from textual.app import App, ComposeResult
from textual.color import Color
from textual.pilot import Pilot
from textual.theme import Theme

from portdash.dashboard.app import PortdashApp
from portdash.dashboard.options import Options
from portdash.dashboard.rows.row import Tone
from portdash.dashboard.theme import HIGH_CONTRAST, THEMES
from portdash.dashboard.widgets.line_bar import LineBar
from portdash.dashboard.widgets.looks import looks_of
from portdash.demo.health import demo_desk
from portdash.demo.scene import demo_deps
from portdash.demo.screenshots import as_the_demo_user

LINES = frozenset("─│┌┐└┘├┤┬┴┼╭╮╰╯━┃▔▁▎▊▌▐█▀▄▂▃▅▆▇▏▕▉▋▍▖▗▘▝╸╺╶╴═║")
"""Frames, bars and strips: decoration, or told by their shape."""
GROUNDS = ("background", "surface")
OURS = tuple(theme for theme in THEMES if not theme.ansi)
"""Themes of colours that can be reckoned with."""
DRAWN = {
    "main": (),
    "marked": ("space", "space"),
    "details": ("enter",),
    "filter": ("slash", "w"),
    "resolve": ("c",),
    "free": ("x",),
    "allocate": ("a",),
    "report": ("R",),
    "help": ("question_mark",),
    "palette": ("colon",),
    "ranges": ("4",),
    "history": ("5",),
}


def least(theme: Theme) -> float:
    return 7.0 if theme is HIGH_CONTRAST else 4.5


def luminance(color: Color) -> float:
    """Relative luminance as WCAG 2 defines it."""
    channels = [part / 255 for part in color.rgb]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Color, other: Color) -> float:
    """The ratio of WCAG 2, from 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def of_style(style: Style) -> float | None:
    """Return the contrast of what is drawn so; None where it takes a colour of the terminal's own."""
    if style.color is None or style.bgcolor is None or style.color.is_default or style.bgcolor.is_default:
        return None
    return contrast(Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor))


def test_the_ratio_is_that_of_the_standard():
    assert contrast(Color.parse("#000000"), Color.parse("#ffffff")) == pytest.approx(21.0)
    assert contrast(Color.parse("#767676"), Color.parse("#ffffff")) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("ground", [*GROUNDS, "marked"])
@pytest.mark.parametrize("theme", OURS, ids=lambda theme: theme.name)
async def test_every_tone_can_be_read_on_every_ground(theme: Theme, ground: str):
    app = Grounds(theme.name)
    async with app.run_test():
        bar = app.query_one(f"#{ground}", LineBar)
        looks = looks_of(is_ansi=False, is_colourless=False)
        found = {tone: of_style(looks[tone.value].on(bar)) for tone in Tone}
    assert {tone: ratio for tone, ratio in found.items() if ratio is None or ratio < least(theme)} == {}


class Grounds(App[None]):
    """A bar on each ground that text stands on."""

    CSS = "#background { background: $background; } #surface { background: $surface; } #marked { background: $panel; }"

    def __init__(self, theme: str) -> None:
        super().__init__()
        for each in THEMES:
            self.register_theme(each)
        self.theme = theme

    def compose(self) -> ComposeResult:
        for name in ("background", "surface", "marked"):
            yield LineBar(id=name)


def drawn(app: PortdashApp) -> Iterator[tuple[str, Style]]:
    """Yield each piece of text on the screen; of a dialog only what stands in its frame, as the rest is faded."""
    regions = [each.region for each in app.screen.query("#frame, #--input, CommandList")] or [app.screen.region]
    strips = app.screen._compositor.render_strips()
    for region in regions:
        for strip in strips[region.y : region.bottom]:
            for segment in strip.crop(region.x, region.right):
                text = segment.text.strip()
                if text and segment.style is not None and not segment.control and not set(text) <= LINES | {" "}:
                    yield text, segment.style


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
async def test_all_that_is_drawn_can_be_read(theme: Theme, name: str):
    deps = demo_deps()
    with as_the_demo_user(), closing(deps):
        app = PortdashApp(demo_desk(deps), options=Options(theme=theme.name, typing_window=0, refresh=3600.0))
        async with app.run_test(size=(120, 40)) as pilot:
            await until(pilot, lambda: main_of(app).facts is not None)
            await press(pilot, DRAWN[name])
            await until(pilot, lambda: len(list(drawn(app))) > 5)
            ratios = [(text, of_style(style)) for text, style in drawn(app)]
            worst = {text: round(ratio, 2) for text, ratio in ratios if ratio is not None and ratio < least(theme)}
            strange = {
                text: str(style) for text, style in drawn(app) if theme.ansi and not is_the_terminals(style, theme)
            }
    assert worst == {}
    assert strange == {}


def is_the_terminals(style: Style, theme: Theme) -> bool:
    """Whether text has the terminal's own ground, and its own colour or one that the theme gives a meaning."""
    named = (theme.accent, theme.warning, theme.error, theme.success)
    meant = [Color.parse(name).rich_color for name in named if name]
    is_plain = style.color is None or style.color.is_default
    return (style.bgcolor is None or style.bgcolor.is_default) and (is_plain or style.color in meant)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_each_colour_means_one_thing(theme: Theme):
    assert len({theme.accent, theme.warning, theme.error, theme.success}) == 4


async def press(pilot: Pilot[int], keys: tuple[str, ...]) -> None:
    for key in keys:
        await pilot.press(key)
        await pilot.pause()
