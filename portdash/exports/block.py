"""The lines of a file that portdash looks after, between two markers; all other lines stay as they are, byte for byte.

Texts come with their line ends as they stand in the file. A line ends at a line feed and nowhere else.
"""

import re
from collections.abc import Collection, Sequence

from portdash.errors import Refused
from portdash.record import record

START, END = ">>> portdash >>>", "<<< portdash <<<"
_HINT = "put that right in an editor: one block, from the line with >>> portdash >>> to that with <<< portdash <<<"
_ASSIGNED = re.compile(r"\s*(?:export\s+|set\s+-\w+\s+|\$env:|@?set\s+\"?)?([A-Za-z_][A-Za-z0-9_]*)(?:\s*=|\s)")
"""A line that sets a variable, in whichever format."""
_OURS = re.compile(r"[A-Z0-9_]*PORT[A-Z0-9_]*|API_TARGET", re.ASCII)
"""Names that we write."""
_SETTING = re.compile(
    r"""[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*(?:"([^"]*)"|'([^']*)'|([^\s#"']*))"""
)


@record
class Block:
    """Where the block stands, and what is in it."""

    first: int
    """Index of the line with the first marker, from 0."""
    last: int
    """Index of the line with the second."""
    lines: tuple[str, ...]
    """What stands between them, without line ends."""


def find_block(text: str, *, comment: str, name: str) -> Block | None:
    """Return the block, None where there is none. `name` is what the file is called in errors.

    Raises Refused, with the line, for a second block, one that does not end, and one that does not begin.
    """
    lines = text.split("\n")
    starts, ends = _marked(lines, comment, START), _marked(lines, comment, END)
    for marked in (starts, ends):
        if len(marked) > 1:
            raise Refused(f"{name}, line {marked[1] + 1}: a second block of portdash", hint=_HINT)
    if not starts and not ends:
        return None
    if not ends:
        raise Refused(f"{name}, line {starts[0] + 1}: the block of portdash does not end", hint=_HINT)
    if not starts or starts[0] > ends[0]:
        raise Refused(f"{name}, line {ends[0] + 1}: the block of portdash ends before it begins", hint=_HINT)
    first, last = starts[0], ends[0]
    return Block(first, last, tuple(line.rstrip("\r") for line in lines[first + 1 : last]))


def with_block(text: str, lines: Sequence[str], *, comment: str, name: str, force: bool = False) -> str:
    """Return `text` with `lines` in its block, which is added at the end where there is none.

    A line in the block that is none of ours would be lost, so it is refused unless `force`; raises Refused, with the
    line, as `find_block` does.
    """
    found = find_block(text, comment=comment, name=name)
    newline = "\r\n" if text.partition("\n")[0].endswith("\r") else "\n"
    heading = f"{comment} {START} kept by `portdash export`; what stands outside the block is yours"
    block = "".join(line + newline for line in (heading, *lines, f"{comment} {END}"))
    if found is None:
        return text + _gap(text, newline) + block
    if not force and (foreign := _foreign(found, comment)):
        raise Refused(
            f"{name}, line {foreign}: this line in the block of portdash would be lost",
            hint="move it out of the block, or say --force",
        )
    every = text.split("\n")
    before = "".join(line + "\n" for line in every[: found.first])
    return before + block + "\n".join(every[found.last + 1 :])


def set_outside(text: str, names: Collection[str], *, comment: str, name: str) -> tuple[tuple[int, str], ...]:
    """Return which of `names` are set outside the block as well, each with its line, from 1."""
    block = find_block(text, comment=comment, name=name)
    inside = range(block.first, block.last + 1) if block else range(0)
    return tuple(
        (number + 1, found[1])
        for number, line in enumerate(text.split("\n"))
        if number not in inside and (found := _ASSIGNED.match(line)) and found[1] in names
    )


def is_ours(name: str) -> bool:
    """Say whether a variable may be one that we have written."""
    return _OURS.fullmatch(name) is not None


def plain_settings(text: str) -> dict[str, str]:
    """Return what a `.env` text sets outside blocks of portdash, as far as a value stands on one line."""
    settings: dict[str, str] = {}
    inside = False
    for line in text.split("\n"):
        if START in line or END in line:
            inside = START in line
        elif not inside and (found := _SETTING.match(line)):
            settings[found[1]] = found[2] or found[3] or found[4] or ""
    return settings


def _marked(lines: Sequence[str], comment: str, marker: str) -> list[int]:
    pattern = re.compile(rf"\s*{re.escape(comment)}\s*{re.escape(marker)}")
    return [number for number, line in enumerate(lines) if pattern.match(line)]


def _foreign(block: Block, comment: str) -> int | None:
    """Return the number of the first line, from 1, that somebody else put into the block."""
    for number, line in enumerate(block.lines, start=block.first + 2):
        if not line.strip() or line.lstrip().startswith(comment):
            continue
        found = _ASSIGNED.match(line)
        if not (found and is_ours(found[1])):
            return number
    return None


def _gap(text: str, newline: str) -> str:
    """Return what has to stand between the text and a block after it: the end of its last line, and an empty one."""
    if not text:
        return ""
    if not text.endswith("\n"):
        return newline * 2
    return "" if text.endswith(("\n\n", "\n\r\n")) else newline
