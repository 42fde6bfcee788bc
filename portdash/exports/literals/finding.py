"""Finding the hard-coded ports of one file. Text in, literals out."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from portdash.exports.block import END, START
from portdash.exports.literals.forms import Form
from portdash.exports.literals.patterns import PATTERNS, SEVERAL, Kind, Pattern
from portdash.model.ports import FIRST_PORT, LAST_PORT
from portdash.record import record

LONGEST_LINE = 2000
"""Characters of the longest line that is looked at: longer ones are written by programs."""
_NUMBER = re.compile(r"[1-9](?<![\w.#][1-9])[0-9]{1,4}(?!\w)")
"""What may be a port. A line without one is not looked at again. It looks back once it has a digit, for speed."""
_HASH = frozenset(
    (
        *(Form.PYTHON, Form.RUBY, Form.ELIXIR, Form.SHELL, Form.POWERSHELL, Form.MAKE, Form.DOTENV, Form.COMPOSE),
        *(Form.DOCKERFILE, Form.YAML, Form.TOML, Form.INI, Form.PROPERTIES, Form.NGINX, Form.CADDY, Form.PHP),
    )
)
"""Where a line that begins with # is a comment."""
_COMMENTS = {
    **dict.fromkeys(_HASH, ("#",)),
    **dict.fromkeys((Form.INI, Form.PROPERTIES), ("#", ";", "!")),
    Form.PHP: ("#", "//", "*", "/*"),
    Form.MARKUP: ("<!--",),
    Form.DOCS: (),
    Form.POWERSHELL: ("#", "rem ", "REM ", "::"),
    Form.PACKAGE: (),
}
_SLASHES = ("//", "* ", "/*")


class _Shapes(NamedTuple):
    """What is looked for in files of one form."""

    patterns: tuple[Pattern, ...]
    clue: re.Pattern[str]
    """Fits a line in lower case that has a clue of any of them."""
    comments: tuple[str, ...]
    """How a line begins that is nothing but a comment."""


def _shapes(form: Form) -> _Shapes:
    patterns = tuple(each for each in PATTERNS if each.forms is None or form in each.forms)
    clues = sorted({clue for each in patterns for clue in each.clues})
    return _Shapes(patterns, re.compile("|".join(map(re.escape, clues))), _COMMENTS.get(form, _SLASHES))


_shapes_of = lru_cache(maxsize=None)(_shapes)


@record(kw_only=True)
class Literal:
    """A port that stands in a file."""

    line: int
    """From 1."""
    start: int
    """Where its first digit stands in the line, from 0."""
    end: int
    """Where the character after its last digit stands."""
    text: str
    """The whole line without its end, as found: whoever shows it has to clean it."""
    port: int
    kind: Kind
    name: str | None = None
    """The variable, key or option that has it; None where there is none."""

    @property
    def column(self) -> int:
        """Where it stands in the line, from 1."""
        return self.start + 1


def find_literals(text: str, form: Form) -> Iterator[Literal]:
    """Yield the hard-coded ports of a file in their order. Whole-line comments and lines of our own block are none."""
    shapes = _shapes_of(form)
    ours = _own_block(text)
    starts: list[int] | None = None
    done = -1
    for found in _NUMBER.finditer(text):
        at = found.start()
        if at < done:
            continue
        begin = text.rfind("\n", 0, at) + 1
        end = text.find("\n", at)
        done = end if end >= 0 else len(text)
        if done - begin > LONGEST_LINE or begin in ours:
            continue
        line = text[begin:done].rstrip("\r")
        literals = _in_line(line, shapes)
        if literals:
            starts = starts or _line_starts(text)
            number = bisect_right(starts, begin)
            for start, stop, port, kind, name in literals:
                yield Literal(line=number, start=start, end=stop, text=line, port=port, kind=kind, name=name)


def _in_line(line: str, shapes: _Shapes) -> list[tuple[int, int, int, Kind, str | None]]:
    """Return start, end, port, kind and name of each port of a line."""
    lower = line.lower()
    if not shapes.clue.search(lower) or line.lstrip().startswith(shapes.comments):
        return []
    found: dict[int, tuple[int, int, int, Kind, str | None]] = {}
    for pattern in shapes.patterns:
        if not _has_one(lower, pattern.clues):
            continue
        for match in pattern.regex.finditer(line):
            for start, end in _spans(match):
                port = int(line[start:end])
                if FIRST_PORT <= port <= LAST_PORT:
                    found.setdefault(start, (start, end, port, pattern.kind, match.groupdict().get("name")))
    return [found[start] for start in sorted(found)]


def _has_one(line: str, clues: tuple[str, ...]) -> bool:
    for clue in clues:  # noqa: SIM110  `any` with a generator costs three times as much, on every line of every file
        if clue in line:
            return True
    return False


def _spans(match: re.Match[str]) -> Iterator[tuple[int, int]]:
    """Yield where the ports of a match stand."""
    if "several" not in match.re.groupindex:
        yield match.span("port")
        return
    for each in SEVERAL.finditer(match.string, match.start("several"), match.end("several")):
        yield each.span("port")


def _line_starts(text: str) -> list[int]:
    return [0, *(found.end() for found in re.finditer("\n", text))]


def _own_block(text: str) -> range:
    """Return where the lines stand that portdash itself writes."""
    first = text.find(START)
    last = text.find(END, first) if first >= 0 else -1
    return range(first, last) if last >= 0 else range(0)
