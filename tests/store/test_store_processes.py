"""Many processes on one store: every claim answered, no port given twice, nothing acknowledged lost at kill -9."""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from store_kills import Told, hold, told
from store_world import FILES, HOST, filled

from portdash.store.connection import check_integrity, open_connection
from portdash.store.sqlite import SqliteStore

WORKER = Path(__file__).with_name("store_worker.py")
SCALE = int(os.environ.get("PORTDASH_TEST_SCALE", "1"))
CROWD = (32, 20) if SCALE == 1 else (200, 100)
"""Processes, and what each of them claims."""

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and kill -9")


def check(path: Path, found: Told) -> None:
    """Assert that the store holds all that was acknowledged, each port once, is sound, and can be written."""
    store = SqliteStore(path, host=HOST)
    state = store.snapshot()
    held = {row.name: row.port for row in state.assignments.values()}
    filled(store, ["afterwards"], first=40000)  # goes over a journal that a kill left before anything was in it
    store.close()
    hold(held, found)
    assert found.changes <= state.revision <= found.changes + len(found.begun)
    connection = open_connection(str(path), read_only=True, patience=1)
    check_integrity(connection, str(path))
    connection.close()
    assert sorted(each.name for each in path.parent.iterdir()) == FILES


def race(path: Path, processes: int, each: int) -> list[float]:
    """Let processes claim at the same time; return how long each claim waited, in seconds."""
    arguments = [[sys.executable, WORKER, "claims", path, str(number), str(each)] for number in range(processes)]
    with contextlib.ExitStack() as stack:
        workers = [
            stack.enter_context(subprocess.Popen(each, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
            for each in arguments
        ]
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("go\n")
            worker.stdin.flush()
        answers = [json.loads(worker.communicate(timeout=300)[0]) for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * processes
    acknowledged = {name: port for answer in answers for name, port in answer["got"].items()}
    assert len(acknowledged) == processes * each
    check(path, Told(acknowledged, changes=len(acknowledged)))
    return sorted(wait for answer in answers for wait in answer["waits"])


def killed(path: Path, rounds: int, seed: int) -> None:
    answer = subprocess.run(
        [sys.executable, WORKER, "kills", path, str(rounds), str(seed)], check=True, capture_output=True, timeout=900
    )
    found = told(json.loads(answer.stdout))
    assert found.changes >= rounds
    assert rounds < 200 or None in found.kept.values(), "some of them were given back"
    check(path, found)


def test_eight_processes_claim_at_once(path: Path):
    race(path, 8, 10)


def test_a_killed_writer_loses_nothing_it_acknowledged(path: Path):
    killed(path, 10, seed=1)


@pytest.mark.faults
def test_many_processes_claim_at_once(path: Path):
    waits = race(path, *CROWD)
    print(f"waits: median {waits[len(waits) // 2] * 1000:.0f} ms, longest {waits[-1] * 1000:.0f} ms")  # noqa: T201


@pytest.mark.faults
def test_two_hundred_killed_writers_lose_nothing(path: Path):
    for seed in range(2, 2 + SCALE):
        killed(path.parent / str(seed) / path.name, 200, seed)
