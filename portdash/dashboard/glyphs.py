"""The signs the dashboard draws with, and what stands for them where a terminal cannot be trusted with them.

Every sign is one cell wide and has no emoji form. Where the locale is not UTF-8, on the Linux console, and in CJK
locales (there `●` and `▲` are two cells wide) each is replaced by one ASCII character, so that no column moves.
"""

from collections.abc import Mapping

from portdash.config.sections import Glyphs as Choice
from portdash.record import record

RUNNING, STARTING, DEGRADED, UNHEALTHY, HUNG = "●", "◔", "◐", "✗", "▣"
TROUBLE, IDLE, UNKNOWN = "▲", "○", "?"
CONFIRMED, PRESUMED, FOREIGN = "=", "~", "≠"
CURSOR, OPEN, FOLDED, MARK = "▸", "▾", "▸", "◆"
RISING, FALLING = "▴", "▾"
"""Which way the rows go, beside the head of the column they are sorted by."""
BARS = "▁▂▃▄▅▆▇█"
"""Bars from the fastest answer to the slowest; in ASCII the digits 1 to 8."""
FAILED = "·"

_ASCII = str.maketrans(
    {
        RUNNING: "+",
        STARTING: ".",
        DEGRADED: "%",
        UNHEALTHY: "x",
        HUNG: "#",
        TROUBLE: "!",
        IDLE: "-",
        FOREIGN: "!",
        OPEN: "v",
        RISING: "^",
        FOLDED: ">",
        MARK: "*",
        **dict(zip(BARS, "12345678", strict=True)),
        "…": ".",
        "·": "-",
        "›": ">",
        "→": ">",
        "←": "<",
        "↑": "^",
        "↓": "v",
        "│": "|",
        "─": "-",
        "┃": "|",
    }
)


@record
class Glyphs:
    """Which set of signs is drawn."""

    is_ascii: bool = False

    def draw(self, text: str) -> str:
        """Return `text` with our own signs as this set has them; same number of cells."""
        return text.translate(_ASCII) if self.is_ascii else text


def glyphs_for(environ: Mapping[str, str], encoding: str, choice: Choice = Choice.AUTO) -> Glyphs:
    """Choose the set: the one that is wanted, or by the variables of a terminal and the encoding of its stream."""
    if choice is not Choice.AUTO:
        return Glyphs(is_ascii=choice is Choice.ASCII)
    locale = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    is_cjk = locale[:2].casefold() in ("ja", "ko", "zh")
    is_utf8 = encoding.casefold().replace("-", "").replace("_", "") == "utf8"
    return Glyphs(is_ascii=is_cjk or not is_utf8 or environ.get("TERM") == "linux")
