"""Many processes on one server, killed and started again: no port given twice, nothing acknowledged lost."""

import contextlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis_server import RedisServer
from store_kills import Told, hold, told
from store_world import HOST, filled

from portdash.store.opening import open_store

WORKER = Path(__file__).with_name("store_worker.py")
SCALE = int(os.environ.get("PORTDASH_TEST_SCALE", "1"))
CROWD = (32, 20) if SCALE == 1 else (200, 100)
"""Processes, and what each of them claims."""

pytestmark = [pytest.mark.needs_redis, pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and kill -9")]


@contextlib.contextmanager
def working(program: str, where: str, processes: int, count: int) -> Iterator[list["subprocess.Popen[str]"]]:
    """Start workers and wait until all are ready."""
    with contextlib.ExitStack() as stack:
        workers = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, WORKER, program, where, str(number), str(count)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for number in range(processes)
        ]
        for worker in workers:
            stack.callback(worker.kill)
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        yield workers


def answers(workers: list["subprocess.Popen[str]"], *, go: bool) -> list[dict[str, dict[str, int]]]:
    if go:
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("go\n")
            worker.stdin.flush()
    found = [json.loads(worker.communicate(timeout=300)[0]) for worker in workers]
    assert {worker.returncode for worker in workers} == {0}
    return found


def check(server: RedisServer, found: Told) -> None:
    """Assert that the store holds all that was acknowledged, each port once, is sound, and can be written."""
    store = open_store(server.url, host=HOST)
    state = store.snapshot()
    held = {row.name: row.port for row in state.assignments.values()}
    hold(held, found)
    assert found.changes <= state.revision <= found.changes + len(found.begun)
    filled(store, ["afterwards"], first=40000)
    store.close()


def race(server: RedisServer, directory: Path, processes: int, count: int) -> None:
    with working("claims", f"{server.url} {directory}", processes, count) as workers:
        found = answers(workers, go=True)
    acknowledged = {name: port for each in found for name, port in each["got"].items()}
    assert len(acknowledged) == processes * count
    check(server, Told(acknowledged, changes=len(acknowledged)))


def test_eight_processes_claim_at_once(redis_server: RedisServer, home: Path):
    race(redis_server, home / "state", 8, 10)


@pytest.mark.faults
def test_many_processes_claim_at_once(redis_server: RedisServer, home: Path):
    race(redis_server, home / "state", *CROWD)


def killed(server: RedisServer, directory: Path, rounds: int, seed: int) -> None:
    where = f"{server.url} {directory}"
    done = subprocess.run(
        [sys.executable, WORKER, "kills", where, str(rounds), str(seed)], check=True, capture_output=True, timeout=900
    )
    found = told(json.loads(done.stdout))
    assert found.changes >= rounds
    assert rounds < 200 or None in found.kept.values(), "some of them were given back"
    check(server, found)
    mirrored = open_store(server.url, host=HOST, state_dir=directory)  # whatever the kills left of the mirror
    assert mirrored.snapshot().notices == ()
    mirrored.close()


def test_a_killed_client_loses_nothing_it_acknowledged(redis_server: RedisServer, home: Path):
    killed(redis_server, home / "state", 10, seed=1)


@pytest.mark.faults
def test_two_hundred_killed_clients_lose_nothing(redis_server: RedisServer, home: Path):
    for seed in range(2, 2 + SCALE):
        killed(redis_server.clear(), home / str(seed), 200, seed)


@pytest.mark.faults
@pytest.mark.parametrize("sync", ["always", "everysec"])
def test_a_server_killed_and_started_again_loses_nothing(tmp_path: Path, home: Path, sync: str):
    chance = random.Random(3)
    server = RedisServer(tmp_path / "redis", "--appendonly", "yes", "--appendfsync", sync).start()
    try:
        with working("endures", f"{server.url} {home / 'state'}", 3, 150 * SCALE) as workers:
            kills = 0
            while any(worker.poll() is None for worker in workers) and kills < 10 * SCALE:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    workers[0].wait(chance.uniform(0.05, 0.3))
                server.kill()
                server.start()
                kills += 1
            found = answers(workers, go=False)
        acknowledged = {name: port for each in found for name, port in each["got"].items()}
        assert len(acknowledged) == 3 * 150 * SCALE
        assert kills >= 5
        check(server, Told(acknowledged, changes=len(acknowledged)))
    finally:
        server.kill()
