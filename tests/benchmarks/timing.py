"""Whole-process and in-process timing for the benchmarks: medians of interleaved runs, compared as ratios."""

import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence


def cpu_seconds(run: Callable[[], object]) -> float:
    """Return the CPU time that this thread spends in one call, in seconds."""
    start = time.thread_time()
    run()
    return time.thread_time() - start


def program_seconds(arguments: Sequence[str]) -> float:
    """Run a program to its end, which must be a success; return its CPU time, user and system, in seconds.

    Not the wall time: on a machine that does other things as well, that tells how long the program was left waiting.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(arguments, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def against_bare_python(
    arguments: Sequence[str] | Callable[[], Sequence[str]], *, rounds: int = 25
) -> tuple[float, float]:
    """Compare a program with a Python that does nothing, the floor of every command, in interleaved rounds.

    A program that must not do the same twice gets its arguments from a function, anew for each round. Returns the
    ratio of the medians, and the program's median in milliseconds.
    """
    bare = [sys.executable, "-c", "pass"]

    def ours_and_bare() -> tuple[float, float]:
        return program_seconds(arguments() if callable(arguments) else arguments), program_seconds(bare)

    ours_and_bare()  # writes the bytecode
    pairs = [ours_and_bare() for _ in range(rounds)]
    ours, floor = (statistics.median(column) for column in zip(*pairs, strict=True))
    return ours / floor, ours * 1000


def report(what: str, ratio: float, limit: float, detail: str = "") -> None:
    """Print one line of the benchmark's table and assert the ratio."""
    print(f"{what:<58} {ratio:7.2f}x   limit {limit:g}x   {detail}")  # noqa: T201  the table is what a benchmark is for
    assert ratio <= limit, what
