"""Times as people read them: in the local zone, and without a word on a clock that is out of its mind."""

import time

_DAY = 86400.0


def local_text(at: float, pattern: str) -> str:
    """Return a unix time as `strftime` writes it, `-` where it is none that this system can tell."""
    try:
        return time.strftime(pattern, time.localtime(at))
    except (OverflowError, ValueError, OSError):
        return "-"


def clock_time(at: float) -> str:
    """Return the time of day, `11:02:13`."""
    return local_text(at, "%H:%M:%S")


def clock_text(at: float, now: float) -> str:
    """Return a time less than a day away as `11:02:13`, another one as `27 Nov 11:02`."""
    return clock_time(at) if abs(now - at) < _DAY else local_text(at, "%d %b %H:%M")


def day_text(at: float, now: float) -> str:
    """Return the same in eight cells: of a time a day or more away the day alone, `27 Nov`."""
    return clock_time(at) if abs(now - at) < _DAY else local_text(at, "%d %b")
