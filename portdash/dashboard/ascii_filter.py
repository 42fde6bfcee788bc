"""ASCII for all that is drawn: the last look at each line, where frames, arrows and scroll bars are already in it.

The list and the bars choose their own signs (`glyphs`), where a bar of a trend has to become a figure; here come those
that dialogs and Textual itself draw, so that no place can be forgotten.
"""

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from portdash.dashboard.glyphs import BARS, Glyphs

_FRAMES = str.maketrans(
    {
        **dict.fromkeys(BARS, "|"),
        **dict.fromkeys("╭╮╰╯┌┐└┘├┤┬┴┼", "+"),
        **dict.fromkeys("━═▔", "-"),
        **dict.fromkeys("║▌▐▎▏▕▊", "|"),
        "▶": ">",
        "◀": "<",
        "▼": "v",
        "▴": "^",
        "▲": "!",
    }
)
_SIGNS = Glyphs(is_ascii=True)


class AsciiFilter(LineFilter):
    """Draws signs that a terminal may not have as those that every terminal has; no cell moves."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002  Textual's signature
        """Return the line with other signs; commands to the terminal stay as they are."""
        return [
            each if each.control or each.text.isascii() else each._replace(text=ascii_signs(each.text))
            for each in segments
        ]


def ascii_signs(text: str) -> str:
    """Return `text` with our signs, frames and bars in ASCII; what strangers wrote is left."""
    return _SIGNS.draw(text.translate(_FRAMES))
