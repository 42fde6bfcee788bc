"""Whole-process and in-process timing for the benchmarks: medians of interleaved runs, compared as ratios."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence


def seconds(run: Callable[[], object]) -> float:
    """Return the wall time of one call, in seconds."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def cpu_seconds(run: Callable[[], object]) -> float:
    """Return the CPU time that this thread spends in one call, in seconds."""
    start = time.thread_time()
    run()
    return time.thread_time() - start


def median_ratio(ours: Callable[[], object], base: Callable[[], object], *, rounds: int = 15) -> tuple[float, float]:
    """Return the median of ours/base over interleaved rounds, and the median of `ours` in milliseconds."""
    ours(), base()
    pairs = [(seconds(ours), seconds(base)) for _ in range(rounds)]
    return statistics.median(a / b for a, b in pairs), statistics.median(a for a, _ in pairs) * 1000


def command(arguments: Sequence[str]) -> Callable[[], object]:
    """Return a call that runs a program to its end, which must be a success."""
    return lambda: subprocess.run(arguments, check=True, capture_output=True, stdin=subprocess.DEVNULL)


def bare_python() -> Callable[[], object]:
    """Return a call that starts Python and does nothing: the floor of every command."""
    return command([sys.executable, "-c", "pass"])


def report(what: str, ratio: float, limit: float, detail: str = "") -> None:
    """Print one line of the benchmark's table and assert the ratio."""
    print(f"{what:<58} {ratio:7.2f}x   limit {limit:g}x   {detail}")  # noqa: T201  the table is what a benchmark is for
    assert ratio <= limit, what
