"""Lines of prose for the details: headings, labelled facts and wrapped paragraphs."""

from collections.abc import Iterator

from rich.cells import cell_len, chop_cells

from portdash.dashboard.rows.layout import justify, safe
from portdash.dashboard.rows.row import Line, Span, Tone

LABEL = 15
"""Cells of the label before a fact."""


def heading(text: str, width: int, right: Span | None = None) -> Line:
    """Return the line above a section."""
    return justify((Span(text, Tone.HEAD),), (right,) if right else (), width)


def paragraph(
    text: str, width: int, glyph: str = "", sign: Tone = Tone.PLAIN, tone: Tone = Tone.PLAIN
) -> Iterator[Line]:
    """Yield `text` wrapped; after a glyph it hangs, without one it is indented."""
    start = Span(f"{glyph} " if glyph else "  ", sign)
    for number, line in enumerate(wrapped(text, max(10, width - 2))):
        yield (start if number == 0 else Span("  "), Span(line, Tone.BOLD if glyph else tone))


def fact(label: str, text: str, width: int, *, label_width: int = LABEL, tone: Tone = Tone.PLAIN) -> Iterator[Line]:
    """Yield a labelled fact; what does not fit goes on below itself."""
    lines = wrapped(text, max(10, width - label_width - 2))
    for number, line in enumerate(lines):
        yield (Span(f"  {label if number == 0 else '':<{label_width}}", Tone.DIM), Span(line, tone))


def wrapped(text: str, width: int) -> list[str]:
    """Break `text` into lines of at most `width` cells, between words where that is possible."""
    lines = [""]
    for word in safe(text).split(" "):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if cell_len(joined) <= width:
            lines[-1] = joined
            continue
        pieces = chop_cells(word, width) or [""]
        lines[-1:] = [lines[-1], *pieces] if lines[-1] else pieces
    return lines
