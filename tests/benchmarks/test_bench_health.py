"""What checking services costs who checks."""

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from timing import report

from portdash.health.checks import Check, HttpGet
from portdash.health.endpoint import Endpoint
from portdash.health.http_client import request_bytes
from portdash.health.monitor import Monitor
from portdash.health.record import Watched
from portdash.model.health import Health, HealthState

pytestmark = pytest.mark.benchmark

MANY, FEW, MUTE = 300, 20, 20
ROUNDS = 8
PATIENCE = 120.0
NO_PAUSE = 0.001
PATH = "/health"


@contextmanager
def crowd(count: int, mute: int = 0) -> Iterator[list[Endpoint]]:
    """So many servers that answer, then so many that do not."""
    script = str(Path(__file__).with_name("health_crowd.py"))
    arguments = [sys.executable, script, str(count), str(mute)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield [Endpoint("127.0.0.1", int(port)) for port in process.stdout.readline().split()]
        process.kill()


class ByHand(asyncio.Protocol):
    """A connection as one would write it by hand for this one purpose: the floor."""

    def __init__(self, request: bytes) -> None:
        self.request = request
        self.well = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if data.startswith(b"HTTP/1.1 200") and data.endswith(b'"ok"}'):
            self.well += 1
            self.done.set_result(None)

    def ask(self) -> "asyncio.Future[None]":
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport.write(self.request)  # type: ignore[attr-defined]
        return self.done


async def by_hand(endpoints: Sequence[Endpoint], *, interval: float) -> float:
    """Return CPU seconds a probe of the floor, each asked once an interval, one after the other within it."""
    loop = asyncio.get_running_loop()
    connections = []
    for endpoint in endpoints:
        request = request_bytes(endpoint, PATH, {}, keep=True)
        _, connection = await loop.create_connection(lambda request=request: ByHand(request), *endpoint)
        connections.append(connection)
    await asyncio.gather(*(each.ask() for each in connections))

    async def keep_asking(connection: ByHand, delay: float) -> None:
        await asyncio.sleep(delay)
        for _ in range(ROUNDS):
            await connection.ask()
            await asyncio.sleep(interval)

    start = time.thread_time()
    delays = (number * interval / len(connections) for number in range(len(connections)))
    await asyncio.gather(*map(keep_asking, connections, delays))
    spent = time.thread_time() - start
    for each in connections:
        each.transport.close()  # type: ignore[attr-defined]
    return spent / ROUNDS / len(connections)


async def monitored(endpoints: Sequence[Endpoint], *, interval: float, rounds: int = ROUNDS) -> float:
    """Return CPU seconds a probe of the monitor, with its schedules, thresholds and callbacks."""
    count = 0
    enough = asyncio.Event()
    goal = 0

    def sink(_key: int, health: Health) -> None:
        nonlocal count
        count += health.latency_ms is not None
        if count >= goal:
            enough.set()

    async def until(more: int) -> None:
        nonlocal goal
        goal = count + more
        enough.clear()
        async with asyncio.timeout(PATIENCE):
            await enough.wait()

    monitor: Monitor[int] = Monitor(sink)
    task = asyncio.create_task(monitor.run())
    check = Check(probe=HttpGet(path=PATH), interval=interval, timeout=PATIENCE)
    monitor.watch({number: Watched(endpoint, check) for number, endpoint in enumerate(endpoints)})
    await until(3 * len(endpoints))
    start, before = time.thread_time(), count
    await until(rounds * len(endpoints))
    spent = (time.thread_time() - start) / (count - before)
    monitor.stop()
    await task
    return spent


def test_a_round_of_many_services():
    with crowd(MANY) as endpoints:
        for interval, limit in ((1.0, 3.0), (NO_PAUSE, 6.0)):
            pairs = []
            for _ in range(3):
                floor = asyncio.run(by_hand(endpoints, interval=interval))
                pairs.append((asyncio.run(monitored(endpoints, interval=interval)), floor))
            ours, floor = (statistics.median(column) for column in zip(*pairs, strict=True))
            detail = f"{ours * 1e6:.0f} us a probe against {floor * 1e6:.0f} by hand"
            how = "each once a second" if interval == 1.0 else "all without a pause"
            report(f"{MANY} services, {how}, CPU of who asks", ours / floor, limit, detail)


def test_many_cost_no_more_each_than_few():
    with crowd(MANY) as endpoints:
        pairs = []
        for _ in range(5):
            few = asyncio.run(monitored(endpoints[:FEW], interval=NO_PAUSE, rounds=ROUNDS * MANY // FEW))
            pairs.append((asyncio.run(monitored(endpoints, interval=NO_PAUSE)), few))
    many, few = (statistics.median(column) for column in zip(*pairs, strict=True))
    detail = f"{many * 1e6:.0f} us against {few * 1e6:.0f}"
    report(f"a probe among {MANY} against one among {FEW}", many / few, 1.5, detail)


async def seconds_until_all_are_known(good: Sequence[Endpoint], mute: Sequence[Endpoint]) -> float:
    known: set[int] = set()
    all_known = asyncio.Event()

    def sink(key: int, health: Health) -> None:
        if health.latency_ms is not None and health.state is HealthState.HEALTHY:
            known.add(key)
        if len(known) == len(good):
            all_known.set()

    monitor: Monitor[int] = Monitor(sink)
    task = asyncio.create_task(monitor.run())
    check = Check(probe=HttpGet(path=PATH), timeout=PATIENCE)
    start = time.perf_counter()
    monitor.watch({number: Watched(endpoint, check) for number, endpoint in enumerate((*good, *mute))})
    async with asyncio.timeout(PATIENCE):
        await all_known.wait()
    seconds = time.perf_counter() - start
    monitor.stop()
    await task
    return seconds


def test_who_never_answers_delays_nobody():
    with crowd(MANY, MUTE) as endpoints:
        good, mute = endpoints[:MANY], endpoints[MANY:]
        pairs = [
            (
                asyncio.run(seconds_until_all_are_known(good, mute)),
                asyncio.run(seconds_until_all_are_known(good, [])),
            )
            for _ in range(3)
        ]
    with_mute, without = (min(column) for column in zip(*pairs, strict=True))
    detail = f"{with_mute:.2f} s against {without:.2f}, while {MUTE} answer nothing for {PATIENCE:.0f} s"
    report(f"the first verdicts of {MANY} services beside {MUTE} mute ones", with_mute / without, 1.5, detail)


def test_a_probe_is_small():
    request = len(request_bytes(Endpoint("127.0.0.1", 65535), PATH, {}, keep=True))
    answer = 15 + len("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n")
    report("bytes of a probe, both ways", (request + answer) / 1000, 1.0, f"{request} + {answer} bytes")
