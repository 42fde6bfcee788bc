"""What an allocation costs a Redis server, counted by the server itself."""

import json
import statistics
import subprocess
import sys
from pathlib import Path

import pytest
from redis_server import RedisServer
from store_world import HOST, applied, batch, claim, row
from timing import cpu_seconds, report

from portdash.manager.facade import PortManager
from portdash.model.storage import Applied, Store
from portdash.store.opening import open_store

pytestmark = [pytest.mark.benchmark, pytest.mark.needs_redis]

WORKER = Path(__file__).parent.with_name("store") / "store_worker.py"


def scripts(server: RedisServer) -> tuple[int, int]:
    """Return how many scripts were called so far, by their digest and by their text."""
    with server.client() as client:
        found = client.info("commandstats")
        return tuple(found.get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("evalsha", "eval"))


def test_an_allocation_is_one_script_call(redis_server: RedisServer, home: Path):
    store = open_store(redis_server.url, host=HOST, state_dir=home)
    applied(store, claim(row("warm", 3999)))
    before = scripts(redis_server)
    for number in range(100):
        applied(store, claim(*(row(f"s{number}", 4000 + number + step) for step in range(16))))
    after = scripts(redis_server)
    calls = after[0] + after[1] - before[0] - before[1]
    report("script calls an uncontended claim", calls / 100, 1)


@pytest.mark.parametrize("lease", [False, True])
def test_the_library_changes_the_store_by_one_script_call(redis_server: RedisServer, *, lease: bool):
    manager = PortManager(store=redis_server.url)
    manager.allocate("warm", lease=lease)
    reads, writes = calls_of(redis_server)
    for number in range(20):
        manager.allocate(f"s{number}", lease=lease)
    after = calls_of(redis_server)
    manager.close()
    report("script calls that change something, an allocation", (after[1] - writes) / 20, 1)
    report("script calls that look, an allocation", (after[0] - reads) / 20, 1)


def calls_of(server: RedisServer) -> tuple[int, int]:
    """Return how many script calls looked only, and how many changed something: each change writes the revision."""
    with server.client() as client:
        changes = int(client.hget("portdash:{portdash}:meta", "revision") or 0)
    return sum(scripts(server)) - changes, changes


def test_eight_processes_share_the_ports(redis_server: RedisServer, home: Path):
    arguments = [
        [sys.executable, WORKER, "claims", f"{redis_server.url} {home}", str(number), "50"] for number in range(8)
    ]
    workers = [subprocess.Popen(each, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for each in arguments]
    for worker in workers:
        assert worker.stdout
        assert worker.stdout.readline() == "ready\n"
    before = sum(scripts(redis_server))
    for worker in workers:
        assert worker.stdin
        worker.stdin.write("go\n")
        worker.stdin.flush()
    answers = [json.loads(worker.communicate(timeout=300)[0]) for worker in workers]
    ports = [port for answer in answers for port in answer["got"].values()]
    waits = sorted(wait for answer in answers for wait in answer["waits"])
    assert len(ports) == 8 * 50
    report("ports given twice, of 400 to 8 processes at once", len(ports) - len(set(ports)), 0)
    detail = f"median wait {statistics.median(waits) * 1000:.0f} ms, longest {waits[-1] * 1000:.0f} ms"
    report("script calls a claim, 8 processes at once", (sum(scripts(redis_server)) - before) / 400, 1.5, detail)


def test_ten_thousand_assignments_cost_little_more_than_none(redis_server: RedisServer, home: Path):
    store = open_store(redis_server.url, host=HOST, state_dir=home)
    empty = claim_seconds(store, "a", 30000)
    for start in range(0, 10_000, 500):
        rows = (claim(row(f"f{number}", 10_000 + number)) for number in range(start, start + 500))
        assert isinstance(store.apply(batch(*rows)), Applied)
    full = claim_seconds(store, "b", 31000)
    report("CPU of a claim among 10,000 assignments, against none", full / empty, 2, f"{full * 1000:.1f} ms of CPU")


def claim_seconds(store: Store, name: str, first: int) -> float:
    """Return the median CPU time of a claim."""
    times = [
        cpu_seconds(lambda turn=turn: applied(store, claim(row(f"{name}{turn}", first + turn)))) for turn in range(40)
    ]
    return statistics.median(times)
