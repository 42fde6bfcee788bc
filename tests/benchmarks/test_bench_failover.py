"""What a client notices of the death of a server, and what it pays for that: real uvicorn children."""

import asyncio
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from own_ports import own_port
from timing import report

from portdash.discovery.balancer import LoadBalancer
from portdash.discovery.client import AsyncClient, Client
from portdash.discovery.instance import Instance
from portdash.model.health import Health, HealthState
from portdash.testing import TestInstance

pytestmark = pytest.mark.benchmark

SERVERS, ROUNDS, REQUESTS = 8, 9, 200
PATIENCE = 30.0
RATE, PHASE = 200, 2.5
"""Requests a second, and seconds between two blows."""


@contextmanager
def uvicorns(count: int) -> Iterator[dict[int, "subprocess.Popen[bytes]"]]:
    """So many servers that answer, by port."""
    with ExitStack() as stack:
        servers = {}
        for _ in range(count):
            port = own_port()
            command = [sys.executable, "-m", "uvicorn", "failover_app:app", "--port", str(port), "--log-level", "error"]
            servers[port] = stack.enter_context(subprocess.Popen(command, cwd=Path(__file__).parent))
            stack.callback(servers[port].kill)
        for port in servers:
            until = time.monotonic() + PATIENCE
            while time.monotonic() < until:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
            else:
                raise AssertionError("uvicorn does not start")
        yield servers


def instances(servers: dict[int, "subprocess.Popen[bytes]"], *, known: bool = True) -> list[Instance]:
    """Return the servers as instances; with their processes, if these are known."""
    health = Health(state=HealthState.HEALTHY)
    return [
        Instance(service="api", url=f"http://127.0.0.1:{port}", health=health, port=port, pid=at.pid if known else None)
        for port, at in servers.items()
    ]


def seconds_to_next_success(client: Client, strike: Callable[[int], object]) -> float:
    """Warm up, strike the server in use, and return how long the next answer takes from then."""
    for _ in range(5):
        assert client.get("/").status_code == 200
    assert client.active_port is not None
    start = time.perf_counter()
    strike(client.active_port)
    assert client.get("/").status_code == 200
    return time.perf_counter() - start


def floor_of_a_kill(process: "subprocess.Popen[bytes]", port: int, other: int) -> float:
    """Kill a server; return when its client could know and have an answer of another one, by hand and by httpx."""
    with socket.create_connection(("127.0.0.1", port)) as idle, httpx.Client() as plain:
        plain.get(f"http://127.0.0.1:{port}/")
        start = time.perf_counter()
        process.kill()
        idle.recv(1)
        plain.get(f"http://127.0.0.1:{other}/")
        return time.perf_counter() - start


def test_next_success_after_a_kill():
    ours, floor = [], []
    with uvicorns(2 * SERVERS) as servers, Client(LoadBalancer(instances(servers), "first")) as client:
        ports = list(servers)
        for number in range(SERVERS - 1):
            ours.append(seconds_to_next_success(client, lambda port: servers[port].kill()))
            last = ports[-1 - number]
            floor.append(floor_of_a_kill(servers[last], last, ports[SERVERS]))
    half, worst, least = statistics.median(ours), max(ours), statistics.median(floor)
    detail = f"p50 {half * 1e3:.1f} ms, max {worst * 1e3:.1f} of {len(ours)}, against {least * 1e3:.1f} by hand"
    report("next success after SIGKILL, p50", half / least, 2.0, detail)
    report("next success after SIGKILL, the worst against p50 by hand", worst / least, 6.0, detail)


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
def test_next_success_after_a_stop(known: bool):
    with uvicorns(SERVERS) as servers, Client(LoadBalancer(instances(servers, known=known), "first")) as client:
        blows = [
            seconds_to_next_success(client, lambda port: servers[port].send_signal(signal.SIGSTOP))
            for _ in range(SERVERS - 1)
        ]
        last = list(servers)[-1]
        with httpx.Client() as other:
            start = time.perf_counter()
            other.get(f"http://127.0.0.1:{last}/")
            plain = time.perf_counter() - start
    half, worst = statistics.median(blows), max(blows)
    detail = f"p50 {half * 1e3:.1f} ms, max {worst * 1e3:.1f} of {len(blows)}; plain {plain * 1e3:.1f}"
    whose = "known" if known else "not known"
    report(f"next success after SIGSTOP, process {whose}, to 110 ms + plain", half / (0.110 + plain), 1.0, detail)


def test_a_slow_request_that_lives_is_never_made_twice():
    with uvicorns(3) as servers, Client(LoadBalancer(instances(servers), "round_robin"), timeout=PATIENCE) as client:
        for _ in range(6):
            assert client.get("/slow").status_code == 200
        begun = sum(int(httpx.get(f"http://127.0.0.1:{port}/count").text) for port in servers)
    report("slow requests that were begun, of those that were made", begun / 6, 1.0, f"{begun} of 6, a second each")


def test_overhead_sync():
    with (
        uvicorns(3) as servers,
        Client(LoadBalancer(instances(servers), "healthiest")) as ours,
        httpx.Client() as plain,
    ):
        plain.base_url = f"http://127.0.0.1:{next(iter(servers))}"  # type: ignore[assignment]  httpx takes a string

        def seconds(get: Callable[[], object]) -> float:
            start = time.thread_time()
            for _ in range(REQUESTS):
                get()
            return (time.thread_time() - start) / REQUESTS

        pairs = [(seconds(lambda: ours.get("/")), seconds(lambda: plain.get("/"))) for _ in range(ROUNDS)]
    compared("a request against plain httpx, sync, CPU of the client", pairs, 1.3)


def test_overhead_async():
    async def measured(servers: dict[int, "subprocess.Popen[bytes]"]) -> list[tuple[float, float]]:
        url = f"http://127.0.0.1:{next(iter(servers))}"

        async def seconds(get: Callable[[], Awaitable[object]]) -> float:
            start = time.thread_time()
            for _ in range(REQUESTS):
                await get()
            return (time.thread_time() - start) / REQUESTS

        async with AsyncClient(LoadBalancer(instances(servers))) as ours, httpx.AsyncClient(base_url=url) as plain:
            return [
                (await seconds(lambda: ours.get("/")), await seconds(lambda: plain.get("/"))) for _ in range(ROUNDS)
            ]

    with uvicorns(3) as servers:
        compared("a request against plain httpx, async, CPU of the client", asyncio.run(measured(servers)), 1.15)


def compared(what: str, pairs: Sequence[tuple[float, float]], limit: float) -> None:
    """Report the ratio of the quickest rounds: what else the machine does only ever adds."""
    ours, floor = (min(column) for column in zip(*pairs, strict=True))
    report(what, ours / floor, limit, f"{ours * 1e6:.0f} us against {floor * 1e6:.0f}")


def test_a_load_while_one_of_three_is_killed_stopped_slowed_and_brought_back():
    latencies: dict[str, list[float]] = {}
    failed: list[str] = []

    async def one(client: AsyncClient, phase: str) -> None:
        start = time.perf_counter()
        try:
            response = await client.get("/")
        except httpx.HTTPError as error:
            failed.append(f"{phase}: {error!r}")
            return
        latencies.setdefault(phase, []).append(time.perf_counter() - start)
        if response.status_code != 200:
            failed.append(f"{phase}: {response.status_code}")

    async def load(servers: list[TestInstance]) -> None:
        found = _Found(servers)
        async with AsyncClient(LoadBalancer(found, "p2c", seed=1, name="api"), timeout=PATIENCE) as client:
            struck = servers[0]
            blows: list[tuple[str, Callable[[], object]]] = [
                ("all well", lambda: None),
                ("one killed", struck.stop),
                ("brought back", struck.start),
                ("one stopped", struck.hang),
                ("let go on", struck.resume),
                ("one slow, 300 ms", lambda: struck.slow(0.3)),
                ("well again", struck.well),
            ]
            async with asyncio.TaskGroup() as tasks:
                for phase, strike in blows:
                    await asyncio.to_thread(strike)
                    start = asyncio.get_running_loop().time()
                    for number in range(int(RATE * PHASE)):
                        await asyncio.sleep(max(0.0, start + number / RATE - asyncio.get_running_loop().time()))
                        tasks.create_task(one(client, phase))

    with TestInstance() as first, TestInstance() as second, TestInstance() as third:
        asyncio.run(load([first, second, third]))
    total = sum(map(len, latencies.values()))
    for phase, each in latencies.items():
        points = statistics.quantiles(each, n=100)
        figures = "  ".join(
            f"{name} {points[at - 1] * 1e3:6.1f}" for name, at in (("p50", 50), ("p95", 95), ("p99", 99))
        )
        print(f"  {phase:<18} {len(each):4} requests   {figures}   max {max(each) * 1e3:6.1f} ms")  # noqa: T201
    report(f"failed of {total} requests at {RATE} a second", len(failed), 0.0, "; ".join(failed[:3]))


class _Found:
    """A source that knows which servers there are, as discovery would after a look."""

    def __init__(self, servers: list[TestInstance]) -> None:
        self._servers = servers

    def current(self) -> tuple[Instance, ...]:
        return tuple(each.instance for each in self._servers)

    def refresh(self) -> tuple[Instance, ...]:
        return self.current()

    def close(self) -> None:
        """Nothing to let go of."""
