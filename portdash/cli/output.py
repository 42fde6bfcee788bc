"""Writing: data to stdout, talk to stderr, and nothing of it with a byte that a terminal would obey."""

import os
import sys
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import TextIO

from portdash.text import clean, fit

SCHEMA_VERSION = 1
_PICTURES = "[✅⚠🔗🔍🔢🔧📌📊📈]\ufe0f? *"
"""Signs that say nothing which the words beside them do not say, with the space after them."""
_ASCII = str.maketrans({"≠": "!", "…": "...", "–": "-", "•": "*", "›": ">", "→": ">"})
"""What stands for our own signs where the output cannot carry them; another `?` would be read as `unknown`."""


class Tone(Enum):
    """How a line is coloured where colour is wanted; the words say the same without it."""

    PLAIN = None
    HEADING = "bold"
    GOOD = "green"
    WARNING = "yellow"
    BAD = "red"


def emit(line: str = "", tone: Tone = Tone.PLAIN) -> None:
    """Write a line of data."""
    _write(sys.stdout, line, tone)


def emit_lines(lines: Iterable[str]) -> None:
    """Write lines of data."""
    for line in lines:
        emit(line)


def say(line: str, tone: Tone = Tone.PLAIN) -> None:
    """Write a line of talk."""
    _write(sys.stderr, line, tone)


def talk(line: str) -> None:
    """Write a line of talk at once, in the name of portdash: beside what children print."""
    say(f"portdash: {line}")
    sys.stderr.flush()


def warn(line: str) -> None:
    """Write a warning."""
    say(f"portdash: warning: {line}", Tone.WARNING)


def emit_json(document: Mapping[str, object]) -> None:
    """Write the one JSON document of a command, `schema_version` first.

    It is ASCII: what is not comes as an escape, so that no encoding of a pipe and no control byte can spoil it.
    """
    import json  # noqa: PLC0415  1 ms that text output need not pay

    body = {key: value for key, value in document.items() if key != "schema_version"}
    sys.stdout.write(json.dumps({"schema_version": SCHEMA_VERSION, **body}, indent=2) + "\n")


def carried(stream: TextIO, text: str) -> str:
    """Return `text` as `stream` can carry it: our own signs as ASCII where need be, what else it cannot as `?`."""
    if fit(stream, text) == text:
        return text
    import re  # noqa: PLC0415  only for a stream that is not UTF-8

    return fit(stream, re.sub(_PICTURES, "", text.translate(_ASCII)))


def wants_colour(stream: TextIO) -> bool:
    """Say whether `stream` is a terminal whose reader wants colour."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _write(stream: TextIO, line: str, tone: Tone) -> None:
    text = carried(stream, clean(line, limit=None))
    if tone is not Tone.PLAIN and wants_colour(stream):
        import click  # noqa: PLC0415  only for colour

        text = click.style(text, bold=True) if tone is Tone.HEADING else click.style(text, fg=tone.value)
    stream.write(text + "\n")
