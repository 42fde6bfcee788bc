"""The signs the dashboard draws with, and what stands for them where a terminal cannot be trusted with them.

Every sign is one cell wide and has no emoji form. Where the locale is not UTF-8, on the Linux console, and in CJK
locales (there `●` and `▲` are two cells wide) each is replaced by one ASCII character, so that no column moves. What
counts as the locale is what the user has set: see `locale_of`.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

from portdash.config.sections import Glyphs as Choice
from portdash.record import record

RUNNING, STARTING, DEGRADED, UNHEALTHY, HUNG = "●", "◔", "◐", "✗", "▣"
TROUBLE, IDLE, UNKNOWN = "▲", "○", "?"
CONFIRMED, PRESUMED, FOREIGN = "=", "~", "≠"
STRANGER = "◇"
"""A port in a strip on which no service listens: in ASCII `≠` and `▲` are the same sign."""
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
        STRANGER: "o",
        OPEN: "v",
        RISING: "^",
        FOLDED: ">",
        MARK: "*",
        **dict(zip(BARS, "12345678", strict=True)),
        "…": "~",
        FAILED: ".",
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
_PHRASES = ((" · ", " | "), (" …", ".."))
"""What some signs are between words: there `.` would be read as the end of a sentence, and `~` as a name cut short."""

_COERCED = frozenset({"C.UTF-8", "C.utf8", "UTF-8"})
"""What Python sets LC_CTYPE to, in its own environment, where it finds the locale to be C (PEP 538)."""
_AS_STARTED = Path("/proc/self/environ")
_LATIN = frozenset({"c", "posix"})


@record
class Glyphs:
    """Which set of signs is drawn."""

    is_ascii: bool = False

    def draw(self, text: str) -> str:
        """Return `text` with our own signs as this set has them; same number of cells."""
        if not self.is_ascii or text.isascii():
            return text
        for ours, theirs in _PHRASES:
            text = text.replace(ours, theirs)
        return text.translate(_ASCII)


def glyphs_for(environ: Mapping[str, str], encoding: str, choice: Choice = Choice.AUTO) -> Glyphs:
    """Choose the set: the one that is wanted, or by the variables of a terminal and the encoding of its stream.

    `environ` holds the locale as the user has set it: see `locale_of`. Where none is set at all, as in a container,
    nobody has said anything against the encoding.
    """
    if choice is not Choice.AUTO:
        return Glyphs(is_ascii=choice is Choice.ASCII)
    name, _, charset = (first_set(environ) or "").partition(".")
    is_cjk = name[:2].casefold() in ("ja", "ko", "zh")
    is_plain = name.casefold() in _LATIN and not charset
    charsets = (encoding, charset.partition("@")[0] or encoding)
    return Glyphs(is_ascii=is_cjk or is_plain or not all(map(_is_utf8, charsets)) or environ.get("TERM") == "linux")


def first_set(environ: Mapping[str, str]) -> str | None:
    """Return the locale of characters: the first of its variables that is not empty."""
    return environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or None


def locale_of(
    environ: Mapping[str, str], *, started: Path = _AS_STARTED, is_utf8_mode: bool | None = None
) -> Mapping[str, str]:
    """Return `environ` with the LC_CTYPE that the user has set, rather than the one that Python put there.

    Python hides `LANG=C`, and a locale that is not installed, behind an LC_CTYPE of its own. `started` holds the
    variables as the process was given them. Where it cannot be read Python's own is told by its UTF-8 mode, which it
    takes up together with it; `is_utf8_mode` stands for that.
    """
    if environ.get("LC_CTYPE") not in _COERCED:
        return environ
    try:
        given = dict(each.partition(b"=")[::2] for each in started.read_bytes().split(b"\0"))
    except OSError:  # no Linux, or no such file system here
        is_coerced = bool(sys.flags.utf8_mode) if is_utf8_mode is None else is_utf8_mode
        theirs = "" if is_coerced else environ["LC_CTYPE"]
    else:
        theirs = given.get(b"LC_CTYPE", b"").decode(errors="replace")
    return {**environ, "LC_CTYPE": theirs}


def _is_utf8(charset: str) -> bool:
    return charset.casefold().replace("-", "").replace("_", "") == "utf8"
