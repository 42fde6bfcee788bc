"""The lines of a TOML file as a person sees them: which are headers, where a table ends, where a key stands.

Good guesses only: whoever changes a file by them reads the result again before it counts.
"""

import tomllib

Path = tuple[str, ...]
"""Keys from the top of a file down."""
_LOOKED_AT = 200
"""Lines with a key in them that are looked at to find where it stands."""
_LONGEST_VALUE = 50
"""Lines that a value may be spread over, there."""


def split_lines(text: str) -> list[str]:
    """Return the lines with their ends; only what ends a line in TOML does."""
    *whole, rest = text.split("\n")
    return [f"{line}\n" for line in whole] + ([rest] if rest else [])


def insert(lines: list[str], at: int, block: str) -> str:
    """Return the text with `block` before line number `at`, set apart by empty lines, its lines ended as the others."""
    before, after = "".join(lines[:at]), "".join(lines[at:])
    newline = "\r\n" if "\r\n" in before else "\n"
    if before and not before.endswith("\n"):
        before += newline
    gap = newline if at and lines[at - 1].strip() else ""
    tail = newline if after and lines[at].strip() else ""
    return before + gap + block.replace("\n", newline) + tail + after


def after_the_last(lines: list[str], above: Path) -> int | None:
    """Return the number of the line after the last table below `above`, None when there is none.

    Comments that stand apart from that table are left to what comes next; at the end of the file nothing does.
    """
    headers = [(number, path) for number, line in enumerate(lines) if (path := _header(line))]
    alike = [index for index, (_, path) in enumerate(headers) if path[: len(above)] == above]
    if not alike:
        return None
    if alike[-1] + 1 == len(headers):
        return len(lines)
    return _end_of(lines, headers[alike[-1]][0], headers[alike[-1] + 1][0])


def line_of(text: str, path: Path) -> int | None:
    """Return on which line a key is first set, counted from 1; None where it does not show after a fair search."""
    lines = split_lines(text)
    name = path[-1].casefold()
    for first in [number for number, line in enumerate(lines) if name in line.casefold()][:_LOOKED_AT]:
        for last in range(first + 1, min(first + _LONGEST_VALUE, len(lines)) + 1):
            found = _parsed("".join(lines[:last]))
            if found is not None:
                if _has(found, path):
                    return first + 1
                break
    return None


def _header(line: str) -> Path | None:
    """Return the keys of a line such as `[services.web]`, None for any other."""
    found: object = _parsed(line) if line.lstrip().startswith("[") else None
    path: list[str] = []
    while isinstance(found, (dict, list)) and found:
        if isinstance(found, list):
            found = found[0]
        else:
            ((key, found),) = found.items()
            path.append(key)
    return tuple(path) or None


def _end_of(lines: list[str], first: int, after: int) -> int:
    """Return where the table that begins on line `first` ends, at most on line `after`, where the next begins."""
    end = after
    while end > first + 1 and _is_idle(lines[end - 1]):
        end -= 1
    glued = end
    while glued < after and lines[glued].strip():
        glued += 1
    return glued if glued < after else end


def _is_idle(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _parsed(text: str) -> dict[str, object] | None:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return None


def _has(found: object, path: Path) -> bool:
    for key in path:
        if not isinstance(found, dict) or key not in found:
            return False
        found = found[key]
    return True
