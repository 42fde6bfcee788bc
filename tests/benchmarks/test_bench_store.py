"""Eight processes that allocate from one SQLite store as fast as they can, against a locked and synced log."""

import json
import resource
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from bench_worker import HOST, PORTS, rows
from timing import report

from portdash.model.storage import Applied, Batch, Claim
from portdash.store.sqlite import SqliteStore

pytestmark = [pytest.mark.benchmark, pytest.mark.needs_linux]

WORKER = Path(__file__).with_name("bench_worker.py")
PROCESSES, EACH, ROUNDS = 8, 200, 10
FLOOR = 12
"""How much slower than the log at most. SQLite syncs five times a commit where the log does once (the journal twice,
its directory, the file, the journal's head), and a claim also writes history and the operation that undo needs.
"""
BARE = 4
"""How much slower than SQLite alone at most: it writes one row, and reads nothing that others wrote."""
WORST_WAIT = 0.15
"""Seconds. Not asserted: on a busy machine it says how long the scheduler let a process wait."""


def race(program: str, path: Path) -> tuple[float, list[float]]:
    """Let all processes work at once; return changes per second, and how long each waited, in seconds."""
    with ExitStack() as stack:
        workers = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, WORKER, program, path, str(number), str(EACH)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for number in range(PROCESSES)
        ]
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        start = time.perf_counter()
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("go\n")
            worker.stdin.flush()
        answers = [json.loads(worker.communicate(timeout=300)[0]) for worker in workers]
        elapsed = time.perf_counter() - start
    if program == "claims":
        got = [port for answer in answers for port in answer["got"].values()]
        assert len(got) == len(set(got)) == PROCESSES * EACH, "two services were given one port"
    return PROCESSES * EACH / elapsed, sorted(wait for answer in answers for wait in answer["waits"])


def cpu_of_children() -> float:
    """Return the CPU time of all children that have ended, in seconds: it counts where the machine is not idle."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def filled(path: Path, count: int) -> Path:
    """Make a store that holds `count` assignments, at the top of the ports."""
    store = SqliteStore(path, host=HOST)
    claims = [
        Claim(options=rows(f"old-{number}", PORTS.stop - 1 - number)[:1], expected=None, reason="before")
        for number in range(count)
    ]
    batch = Batch(id="fill", title="fill", workspace="shop", actor="test", at=1.0, ops=tuple(claims))
    assert isinstance(store.apply(batch), Applied)
    store.close()
    return path


def test_eight_processes_at_once(tmp_path: Path):
    ratios, bares, worst, rates, costs = [], [], [], [], []
    for turn in range(ROUNDS):
        floor, _ = race("log", tmp_path / f"{turn}.log")
        bare, _ = race("bare", tmp_path / f"{turn}.sqlite")
        before = cpu_of_children()
        rate, waits = race("claims", tmp_path / f"{turn}.db")
        costs.append((cpu_of_children() - before) / (PROCESSES * EACH))
        ratios.append(floor / rate)
        bares.append(bare / rate)
        rates.append(rate)
        worst.append(waits[-1])
    median = statistics.median(bares)
    report("the rate of one row a commit in bare SQLite, as durable, against ours", median, BARE)
    late = sum(each > WORST_WAIT for each in worst)
    cost = f"{min(costs) * 1000:.1f} ms of CPU each, starting included"
    waited = f"worst waits {min(worst) * 1000:.0f} to {max(worst) * 1000:.0f} ms"
    report(
        f"{PROCESSES} x {EACH} allocations, 0 duplicates in {ROUNDS} runs; the log's rate",
        statistics.median(ratios),
        FLOOR,
        f"{statistics.median(rates):.0f}/s, {cost}; {waited}, {late} of {ROUNDS} above {WORST_WAIT * 1000:.0f} ms",
    )


def test_ten_thousand_assignments_present(tmp_path: Path):
    pairs = []
    for turn in range(5):
        empty, _ = race("claims", tmp_path / f"empty-{turn}.db")
        full, _ = race("claims", filled(tmp_path / f"full-{turn}.db", 10_000))
        pairs.append((empty, full))
    empty, full = (statistics.median(column) for column in zip(*pairs, strict=True))
    report("the same with 10,000 assignments present, against none", empty / full, 1.5, f"{full:.0f}/s")
