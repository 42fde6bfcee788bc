"""Reading durations: `500ms`, `10s`, `1m`, `2h`, and plain seconds."""

import re

_DURATION = r"([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*(ms|s|m|h)?"
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}

LONGEST = 7 * 24 * 3600.0
"""A week, in seconds: beyond it a value is a mistake, and some timers overflow."""


def parse_duration(value: object) -> float:
    """Return the seconds that `value` means: a number of them, or text such as `10s` or `500ms`.

    Raises ValueError for anything else, for what is not more than zero, and for more than a week.
    """
    if isinstance(value, str):
        seconds = _read(value.strip())
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        seconds = value
    else:
        raise ValueError("a duration is text such as 10s or 500ms, or a number of seconds")  # noqa: TRY004  one kind of error
    if not 0 < seconds <= LONGEST:  # also false for nan
        raise ValueError("a duration must be more than zero and at most a week")
    return float(seconds)


def show_duration(seconds: float) -> str:
    """Return seconds as they are written in a file: `10s`, `500ms`, `1m`. `parse_duration` reads it back."""
    for unit in ("h", "m", "s"):
        if seconds % _SECONDS[unit] == 0:
            return f"{int(seconds // _SECONDS[unit])}{unit}"
    milliseconds = round(seconds * 1000, 6)
    return f"{milliseconds:.0f}ms" if milliseconds == int(milliseconds) else f"{seconds:.9f}".rstrip("0") + "s"


def _read(text: str) -> float:
    if found := re.fullmatch(_DURATION, text, re.ASCII):
        return float(found[1]) * _SECONDS[found[2] or "s"]
    raise ValueError("a duration is written 10s, 500ms, 1m, 2h, or as plain seconds")
