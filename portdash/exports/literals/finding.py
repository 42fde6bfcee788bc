"""Finding the hard-coded ports of one file. Text in, literals out."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from portdash.exports.block import END, START
from portdash.exports.literals.forms import Form
from portdash.exports.literals.patterns import PATTERNS, SEVERAL, Kind, Pattern
from portdash.model.ports import FIRST_PORT, LAST_PORT

LONGEST_LINE = 2000
"""Characters of the longest line that is looked at: longer ones are written by programs."""
_NUMBER = re.compile(r"(?<![\w.#])[1-9]\d{1,4}(?!\w)")
"""What may be a port. A line without one is not looked at again."""
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
_BY_FORM = {form: tuple(each for each in PATTERNS if each.forms is None or form in each.forms) for form in Form}


@dataclass(frozen=True, slots=True, kw_only=True)
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
    patterns, comments = _BY_FORM[form], _COMMENTS.get(form, _SLASHES)
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
        literals = _in_line(line, patterns, comments)
        if literals:
            starts = starts or _line_starts(text)
            number = bisect_right(starts, begin)
            for start, stop, port, kind, name in literals:
                yield Literal(line=number, start=start, end=stop, text=line, port=port, kind=kind, name=name)


def _in_line(
    line: str, patterns: tuple[Pattern, ...], comments: tuple[str, ...]
) -> list[tuple[int, int, int, Kind, str | None]]:
    """Return start, end, port, kind and name of each port of a line."""
    if comments and line.lstrip().startswith(comments) and not line.lstrip().startswith("#define"):
        return []
    lower = line.lower()
    found: dict[int, tuple[int, int, int, Kind, str | None]] = {}
    for pattern in patterns:
        if not any(clue in lower for clue in pattern.clues):
            continue
        for match in pattern.regex.finditer(line):
            for start, end in _spans(match):
                port = int(line[start:end])
                if FIRST_PORT <= port <= LAST_PORT:
                    found.setdefault(start, (start, end, port, pattern.kind, match.groupdict().get("name")))
    return [found[start] for start in sorted(found)]


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
