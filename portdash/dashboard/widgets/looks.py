"""How each tone looks: a colour of the theme, and how its text stands out.

Component classes of Textual would do the same, and cost a third of the first frame: it makes one for each of them, on
each widget, whether or not it is drawn, and once more whenever the style of the widget is worked out.
"""

from collections.abc import Mapping
from functools import cache

from rich.style import Style
from textual.color import Color
from textual.widget import Widget

from portdash.dashboard.rows.row import Tone
from portdash.record import record

_PLAIN, _BOLD, _DIM = Style(), Style(bold=True), Style(dim=True)
_UNDERLINED, _REVERSED = Style(underline=True), Style(reverse=True)


@record
class Look:
    """What is laid over the style of a widget."""

    text: Style = _PLAIN
    color: str = ""
    """Variable of the theme, or a colour's name; the widget's own where there is none."""
    alpha: float = 1.0
    background: str = ""

    def on(self, widget: Widget) -> Style:
        """Return the style on a widget, in the theme that is in force."""
        if not self.color and not self.background:
            return widget.rich_style + self.text
        variables = widget.app.theme_variables
        _, _, behind, color = widget.colors
        if self.background:
            behind += Color.parse(variables.get(self.background, self.background))
        if self.color:
            color = Color.parse(variables.get(self.color, self.color)).multiply_alpha(self.alpha)
        return widget.rich_style + Style.from_color((behind + color).rich_color, behind.rich_color) + self.text


@cache
def looks_of(*, is_ansi: bool, is_colourless: bool) -> Mapping[str, Look]:
    """Return the look of each tone, and of a line under the cursor or marked.

    With `is_ansi` in the terminal's own colours, of which nobody knows how they go together; `is_colourless` under
    NO_COLOR.
    """
    looks = {
        Tone.PLAIN.value: Look(),
        Tone.DIM.value: Look(color="foreground", alpha=0.74),
        Tone.BOLD.value: Look(_BOLD),
        Tone.HEAD.value: Look(_BOLD, "accent"),
        Tone.ACCENT.value: Look(color="accent"),
        Tone.OK.value: Look(color="success"),
        Tone.WARN.value: Look(color="warning"),
        Tone.BAD.value: Look(_BOLD, "error"),
        Tone.CURSOR.value: Look(_REVERSED),
        "marked": Look(background="panel"),
    }
    if is_ansi:
        looks[Tone.DIM.value] = Look(_DIM, "ansi_default")
        looks[Tone.HEAD.value] = Look(_BOLD, "ansi_default")
        looks["marked"] = Look(_UNDERLINED, background="panel")
    if is_colourless:
        looks[Tone.DIM.value] = Look(color="ansi_default")
        looks["marked"] = Look(_UNDERLINED, background="panel")
    return looks
