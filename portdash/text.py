"""Making foreign strings safe to show.

Names and arguments of processes, paths, banners and file contents are written by strangers. A control byte among
them can set the clipboard or the title of the reader's terminal, and neither Rich nor Textual takes it out, so every
such string passes `clean` before a person sees it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

LONGEST = 256
"""Characters kept of one foreign string unless the caller says otherwise."""


def clean(text: str | bytes, *, limit: int | None = LONGEST) -> str:
    """Return `text` with every character that is not printable made visible as an escape, cut at `limit`.

    Covers C0 and C1 controls, DEL, newlines, tabs, bidirectional overrides, zero-width characters, unassigned code
    points and lone surrogates (what `os.fsdecode` makes of bytes that are not UTF-8). Cleaning twice changes nothing.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8", "surrogateescape")
    if limit is not None and len(text) > limit:
        text = text[: limit - 1] + "…"
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def shown(value: object, *, limit: int = 80) -> str:
    """Return how Python writes a value that a program handed in, clean; one that it cannot write, by its kind."""
    try:
        written = repr(value)
    except Exception:  # noqa: BLE001  a whole number of thousands of digits, or a stranger's class
        written = f"<{type(value).__name__}>"
    return clean(written, limit=limit)


def _escape(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # one undecodable byte, as surrogateescape carries it
        return f"\\x{code - 0xDC00:02x}"
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def plural(count: int, noun: str, nouns: str | None = None) -> str:
    """Return `1 service`, `2 services`; `nouns` is the plural where it is not noun + s."""
    return f"{count} {noun if count == 1 else nouns or noun + 's'}"


def and_list(words: Iterable[str]) -> str:
    """Return `a`, `a and b`, `a, b and c`."""
    *front, last = list(words) or [""]
    return f"{', '.join(front)} and {last}" if front else last


def fit(stream: TextIO, text: str) -> str:
    """Return `text` as `stream` can carry it: characters outside its encoding become `?` rather than an error."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)


def signed(stream: TextIO, sign: str, text: str) -> str:
    """Return `text` with its sign before it where `stream` is UTF-8, the bare text elsewhere.

    A stream without an encoding, such as a StringIO, carries everything. A sign of two code points is drawn in one cell
    by most terminals and in two by some: the text stands one space further from it.
    """
    encoding = (getattr(stream, "encoding", None) or "utf-8").casefold().replace("-", "").replace("_", "")
    if encoding not in ("utf8", "utf8sig", "cp65001"):
        return text
    return f"{sign}{' ' * len(sign)}{text}"


def columns(rows: Sequence[Sequence[str]], *, gap: int = 2) -> Iterator[str]:
    """Yield `rows` of cleaned cells as lines with aligned columns; the last column is not padded."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        yield (" " * gap).join(cells).rstrip()
