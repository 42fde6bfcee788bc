"""Latencies as a strip of bars, a cell each, on a scale that is the same for all services and at all times."""

from bisect import bisect_left
from collections.abc import Sequence

from portdash.dashboard.glyphs import BARS, FAILED

CELLS = 8
"""Cells of the strip in a row of the list."""
_STEPS = (5, 20, 50, 100, 200, 500, 1000)
"""The most milliseconds of each bar but the highest, which is for all that takes longer."""


def trend(latencies: Sequence[float | None], cells: int = CELLS) -> str:
    """Return the last latencies (milliseconds, None for a check that failed) as at most `cells` cells."""
    return "".join(map(_bar, latencies[-cells:] if cells > 0 else ()))


def _bar(latency: float | None) -> str:
    return FAILED if latency is None else BARS[bisect_left(_STEPS, latency)]
