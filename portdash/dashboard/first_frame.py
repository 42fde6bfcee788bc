"""What is on the screen while Textual and the rest are loaded: the layout of the main screen, with nothing known yet.

It is drawn in the terminal's own colours before anything of that is imported, in a third of the time or less, and
Textual draws over it. Nothing that is imported here may import Textual or Rich.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TextIO

from portdash.dashboard.glyphs import Glyphs
from portdash.dashboard.rows.view import View
from portdash.dashboard.screens.arrangement import Arrangement, Where, arrange

NAME = "portdash"
READING = "reading sockets …"
"""What is said while there is nothing to list."""
ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name))
"""Signals that ask to leave, after which the terminal must be as it was. Windows has but the first."""
_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l\x1b[2J", "\x1b[?1049l\x1b[?25h"
_BOLD, _DIM, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[m"
_ASCII = str.maketrans(dict.fromkeys("┌┐└┘", "+"))
_LEAST = 30
"""Columns below which nothing is drawn: there is no room for what it says."""


@contextmanager
def first_frame(view: View, glyphs: Glyphs) -> Iterator[Callable[[], None]]:
    """Show the frame inside, and the terminal as it was at the end.

    Yields what is to be called when Textual is about to take over: from then on the screen is Textual's to give back.
    Meanwhile the signals of `ENDING` end the process as SystemExit.
    """
    stream = sys.__stderr__
    try:
        size = os.get_terminal_size(stream.fileno()) if stream is not None else None
    except (OSError, ValueError):  # no terminal that says how large it is
        size = None
    if stream is None or size is None or size.columns < _LEAST:
        yield lambda: None
        return
    before = {number: signal.signal(number, _end) for number in ENDING}
    is_ours = True

    def hand_over() -> None:
        nonlocal is_ours
        is_ours = False
        while before:
            signal.signal(*before.popitem())

    try:
        lines = frame_lines(size.columns, size.lines, view, glyphs)
        _write(stream, _ENTER + "".join(f"\x1b[{row};1H{line}" for row, line in enumerate(lines, 1) if line))
        yield hand_over
    finally:
        if is_ours:
            hand_over()
            _write(stream, _LEAVE)


def frame_lines(width: int, height: int, view: View, glyphs: Glyphs) -> list[str]:
    """Return the lines of the screen from the top, with their escape sequences, at most `width` cells each."""
    arrangement = arrange(width, height)
    gap = " " * (width - len(NAME) - len(READING) - 2)
    lines = [f" {_BOLD}{NAME}{_PLAIN}{gap}{_DIM}{READING}{_PLAIN}", *([""] if arrangement.has_trouble_line else [])]
    room = height - len(lines) - 1  # the last line is the footer's, and which keys there are is not known yet
    lines += _framed(width, room, view, arrangement) if arrangement.framed else ["", f"   {_DIM}{READING}{_PLAIN}"]
    return [glyphs.draw(line.translate(_ASCII)) if glyphs.is_ascii else line for line in lines[:height]]


def _framed(width: int, height: int, view: View, arrangement: Arrangement) -> list[str]:
    beside = arrangement.size if arrangement.details is Where.BESIDE else 0
    below = arrangement.size if arrangement.details is Where.BELOW else 0
    lines = _box(width - beside, height - below, view, f"   {READING}")
    if beside:
        lines = [left + right for left, right in zip(lines, _box(beside, height), strict=True)]
    return [*lines, *(_box(width, below) if below else [])]


def _box(width: int, height: int, view: View | None = None, text: str = "") -> list[str]:
    """Return an empty frame; with `view` the views stand on it, this one bold, and `text` in its second line."""
    titles = [(each, f"  {each.title}") for each in View] if view else []
    heads = " ── ".join(f"{_PLAIN}{_BOLD if each is view else _DIM}{title}{_PLAIN}{_DIM}" for each, title in titles)
    taken = len(" ── ".join(title for _, title in titles)) + 3 if titles else 0
    top = f"{'─ ' + heads + ' ' if titles else ''}{'─' * (width - 2 - taken)}"
    return [
        f"{_DIM}┌{top}┐{_PLAIN}",
        *(f"{_DIM}│{(text if row == 1 else '').ljust(width - 2)}│{_PLAIN}" for row in range(height - 2)),
        f"{_DIM}└{'─' * (width - 2)}┘{_PLAIN}",
    ]


def _end(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


def _write(stream: TextIO, text: str) -> None:
    with suppress(OSError):  # the terminal has gone: whoever reads or draws next will see
        stream.write(text)
        stream.flush()
