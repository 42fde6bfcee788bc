"""Checks against servers that do all kinds of things: a verdict each, in time, whatever they send."""

import asyncio
import gzip
import resource
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from types import MappingProxyType

import pytest
from health_servers import answering, response, serving
from health_waiting import becomes
from redis_server import RedisServer

from portdash.config.sections import HealthConfig
from portdash.config.services import HealthCheck
from portdash.health.checks import Check, Execute, HttpGet, Probe, Speak, TcpConnect, check_for
from portdash.health.endpoint import Endpoint
from portdash.health.kernel import Liveness
from portdash.health.liveness import liveness
from portdash.health.probing import HttpProber, prober_for
from portdash.model.health import Health, HealthLevel, HealthState

HTML = "Content-Type: text/html; charset=utf-8"
LONG = 20.0
SHORT = 0.3
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def ask(probe: Probe, endpoint: Endpoint, seconds: float = LONG) -> Health:
    prober = prober_for(probe, endpoint)
    try:
        async with asyncio.timeout(LONG + 10):
            return await prober.ask(seconds)
    finally:
        prober.close()


@pytest.mark.parametrize(
    ("status", "declared", "undeclared"),
    [
        ("200 OK", HealthState.HEALTHY, HealthState.HEALTHY),
        ("204 No Content", HealthState.HEALTHY, HealthState.HEALTHY),
        ("302 Found", HealthState.HEALTHY, HealthState.HEALTHY),
        ("401 Unauthorized", HealthState.DEGRADED, HealthState.HEALTHY),
        ("403 Forbidden", HealthState.DEGRADED, HealthState.HEALTHY),
        ("404 Not Found", HealthState.UNHEALTHY, HealthState.HEALTHY),
        ("405 Method Not Allowed", HealthState.UNHEALTHY, HealthState.HEALTHY),
        ("429 Too Many Requests", HealthState.DEGRADED, HealthState.DEGRADED),
        ("500 Oops", HealthState.UNHEALTHY, HealthState.UNHEALTHY),
        ("503 Later", HealthState.UNHEALTHY, HealthState.UNHEALTHY),
    ],
)
async def test_a_status_means(status: str, declared: HealthState, undeclared: HealthState):
    async with answering(response(status)) as server:
        one = await ask(HttpGet(path="/"), server.endpoint)
        two = await ask(HttpGet(path="/", is_declared=False), server.endpoint)
    assert (one.state, two.state) == (declared, undeclared)
    assert one.level is HealthLevel.HTTP
    assert one.latency_ms is not None
    if status.startswith("4"):
        assert status[:3] in one.detail
        assert status[:3] in two.detail


async def test_what_the_configuration_asks_for():
    async with answering(response("418 Teapot", b"all is well")) as server:
        assert (await ask(HttpGet(status=(418,)), server.endpoint)).state is HealthState.HEALTHY
        assert (await ask(HttpGet(status=(200, 204)), server.endpoint)).detail == "status 418"
        assert (await ask(HttpGet(status=(418,), contains="is well"), server.endpoint)).state is HealthState.HEALTHY
        ill = await ask(HttpGet(status=(418,), contains="\x1b]0;x"), server.endpoint)
        assert (ill.state, ill.detail) == (HealthState.UNHEALTHY, "its answer does not contain \\x1b]0;x")
        headers = MappingProxyType({"X-Key": "k"})
        await ask(HttpGet(headers=headers), server.endpoint)
        assert b"X-Key: k\r\n" in server.requests[-1]


async def test_a_page_for_every_path_is_no_health():
    page = response("200 OK", b"<!doctype html><title>app</title>", HTML)
    async with answering(page, closing=False) as server:
        prober = HttpProber(HttpGet(path="/api/health"), server.endpoint)
        for _ in range(3):
            verdict = await prober.ask(LONG)
            assert verdict.state is HealthState.DEGRADED
            assert "/api/health tells nothing" in verdict.detail
        assert len(server.requests) == 4  # it is asked once whether it has one page for all
        prober.close()
        assert (await ask(HttpGet(path="/"), server.endpoint)).state is HealthState.HEALTHY
        assert (await ask(HttpGet(path="/health", contains="app"), server.endpoint)).state is HealthState.HEALTHY


async def test_a_page_of_its_own_is_health():
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        known = asked.startswith(b"GET /health ")
        writer.write(response("200 OK", b"<p>well", HTML) if known else response("404 Not Found", b"<p>what", HTML))

    async with serving(serve) as server:
        assert (await ask(HttpGet(path="/health"), server.endpoint)).state is HealthState.HEALTHY


async def test_json_at_a_health_path_is_believed():
    async with answering(response("200 OK", b"{}", "Content-Type: application/json")) as server:
        assert (await ask(HttpGet(path="/health"), server.endpoint)).state is HealthState.HEALTHY
        assert server.connections == 1


async def test_a_server_that_may_serve_one_at_a_time_is_not_held():
    async with answering(response("200 OK", b"", "Server: BaseHTTP/0.6 Python/3.11"), closing=False) as server:
        prober = HttpProber(HttpGet(), server.endpoint)
        for _ in range(2):
            await prober.ask(LONG)
            assert not prober.holds
        assert server.connections == 2
    async with answering(response("200 OK"), closing=False) as server:
        prober = HttpProber(HttpGet(), server.endpoint)
        await prober.ask(LONG)
        assert prober.holds
        prober.let_go()  # somebody waits
        for _ in range(2):
            await prober.ask(LONG)
            assert not prober.holds


async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read(-1)


async def slow_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    left = asyncio.ensure_future(reader.read())
    while not left.done():
        writer.write(b".")
        await writer.drain()
        await asyncio.wait([left], timeout=0.01)


async def slow_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    left = asyncio.ensure_future(reader.read())
    for byte in b"HTTP/1.1 200 OK\r\n" + b"X: " * 100000:
        if left.done():
            return
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.wait([left], timeout=0.01)


async def endless_headers(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-Again: and again\r\n" * 1000)
        await writer.drain()


async def endless_body(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n")
    while True:
        writer.write(b"x" * 100_000)
        await writer.drain()


async def bomb(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    packed = gzip.compress(bytes(20_000_000))
    writer.write(response("200 OK", packed, "Content-Encoding: gzip", HTML))


async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def circle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(response("302 Found", b"", "Location: /"))


async def ancient(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"<html>\x1b]0;title\x07 what is a header?</html>")


async def endless_chunks(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"1\r\nx\r\n" * 10_000)
        await writer.drain()


HOSTILE: list[tuple[Serve, HealthState, str]] = [
    (silent, HealthState.UNHEALTHY, "no answer within 0.3 s"),
    (slow_body, HealthState.UNHEALTHY, "no answer within 0.3 s"),
    (slow_head, HealthState.UNHEALTHY, "no answer within 0.3 s"),
    (endless_headers, HealthState.UNHEALTHY, "its headers are longer than 16384 bytes"),
    (endless_body, HealthState.HEALTHY, ""),
    (endless_chunks, HealthState.HEALTHY, ""),
    (bomb, HealthState.HEALTHY, ""),
    (reset, HealthState.UNHEALTHY, "it broke the connection off"),
    (circle, HealthState.HEALTHY, ""),
    (ancient, HealthState.UNHEALTHY, "it does not speak HTTP"),
]


@pytest.mark.parametrize(("serve", "state", "detail"), HOSTILE, ids=[each[0].__name__ for each in HOSTILE])
async def test_whatever_a_server_does(serve: Serve, state: HealthState, detail: str):
    waits = detail.startswith("no answer")
    async with serving(serve) as server, asyncio.timeout(LONG):
        verdict = await ask(HttpGet(), server.endpoint, SHORT if waits else LONG)
        asked = server.connections
    assert (verdict.state, verdict.detail) == (state, detail)
    assert asked <= 2  # one more at most, to see whether it wants TLS


@pytest.fixture
def hostile_ports() -> Iterator[list[int]]:
    """Where all of them listen, in a process of their own."""
    script = Path(__file__).with_name("health_hostile.py")
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, stdin=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield [int(word) for word in process.stdout.readline().split()]
        process.kill()


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


async def test_whatever_a_server_does_costs_little_memory(hostile_ports: list[int]):
    async def round_of(probe: HttpGet) -> None:
        await asyncio.gather(*(ask(probe, Endpoint("127.0.0.1", port), SHORT) for port in hostile_ports))

    await round_of(HttpGet())  # what is loaded once is paid here
    before = peak()
    for _ in range(5):
        await round_of(HttpGet(contains="never"))
    assert peak() - before < 5_000_000


async def test_words_that_would_take_a_terminal_over_are_shown_as_what_they_are():
    title = "\x1b]0;gotcha\x07\x1b[31m"
    command = f"import sys; sys.stdout.write({title!r}); sys.exit(3)"
    verdict = await ask(Execute((sys.executable, "-c", command)), Endpoint("127.0.0.1", 1))
    assert verdict.detail == "exit status 3: \\x1b]0;gotcha\\x07\\x1b[31m"
    assert verdict.detail.isprintable()


async def test_a_plain_server_that_hung_up_once_is_asked_plainly_again():
    async with answering(b"", response("200 OK", b"back")) as server:
        prober = HttpProber(HttpGet(), server.endpoint)
        hung_up = await prober.ask(SHORT * 5)
        assert hung_up.state is HealthState.UNHEALTHY
        assert (await prober.ask(LONG)).state is HealthState.HEALTHY


async def test_connecting_proves_little():
    async with serving(silent) as server:
        verdict = await ask(TcpConnect(), server.endpoint)
    assert (verdict.state, verdict.level) == (HealthState.HEALTHY, HealthLevel.CONNECT)
    for probe in (TcpConnect(), HttpGet(), Speak("redis")):
        refused = await ask(probe, server.endpoint)
        assert refused.state is HealthState.UNHEALTHY, probe


@pytest.mark.needs_redis
async def test_asking_in_its_own_protocol(redis_server: RedisServer):
    verdict = await ask(Speak("redis"), Endpoint("127.0.0.1", redis_server.port))
    assert (verdict.state, verdict.level) == (HealthState.HEALTHY, HealthLevel.PROTOCOL)


async def test_a_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PORTDASH_TOKEN", "hunter2")
    endpoint = Endpoint("127.0.0.1", 4321)
    program = (
        "import os, sys; print('first'); print(os.environ['PORT'], sys.argv[1], os.getcwd(), "
        "os.environ.get('PORTDASH_TOKEN')); sys.exit(int(sys.argv[2]))"
    )
    good = await ask(Execute((sys.executable, "-c", program, "{port}", "0")), endpoint)
    assert (good.state, good.detail) == (HealthState.HEALTHY, "")
    ill = await ask(Execute((sys.executable, "-c", program, "p{port}", "2"), str(tmp_path)), endpoint)
    assert (ill.state, ill.detail) == (HealthState.UNHEALTHY, f"exit status 2: 4321 p4321 {tmp_path} None")
    nothing = await ask(Execute(("no-such-program-here",)), endpoint)
    assert (nothing.state, nothing.detail) == (
        HealthState.UNKNOWN,
        "no-such-program-here cannot be run: No such file or directory",
    )


async def test_a_command_that_takes_too_long_is_ended_with_its_children(tmp_path: Path):
    pids = tmp_path / "pids"
    program = f"echo $$ >> {pids}; sleep 600 & echo $! >> {pids}; wait"
    verdict = await ask(Execute(("sh", "-c", program)), Endpoint("127.0.0.1", 1), 2.0)
    assert (verdict.state, verdict.detail) == (HealthState.UNHEALTHY, "no answer within 2 s")
    started = [int(pid) for pid in pids.read_text().split()]
    assert started
    await becomes(lambda: liveness(started) is Liveness.GONE)


async def test_a_command_that_never_stops_talking():
    yes = shutil.which("yes") or "yes"
    verdict = await ask(Execute((yes,)), Endpoint("127.0.0.1", 1), SHORT)
    assert verdict.state in (HealthState.UNHEALTHY, HealthState.UNKNOWN)


PLAIN = HealthConfig()


@pytest.mark.parametrize(
    ("declared", "kind", "probe"),
    [
        (None, None, None),
        (None, "express", None),
        (None, "redis", Speak("redis")),
        (None, "mosquitto", None),  # it would write a line for each visit
        (None, "mariadb", None),
        (HealthCheck(), "redis", Speak("redis")),
        (
            HealthCheck(http_get="/h", contains="x", status=(200,)),
            None,
            HttpGet(path="/h", contains="x", status=(200,)),
        ),
        (HealthCheck(exec=("a", "b")), None, Execute(("a", "b"), "/shop")),
        (HealthCheck(tcp=True), None, TcpConnect()),
        (HealthCheck(tcp=True), "mysql", None),
        (HealthCheck(handshakes=("mqtt",)), "redis", Speak("mqtt")),
        (HealthCheck(level=HealthLevel.HTTP), None, HttpGet(is_declared=False)),
        (HealthCheck(level=HealthLevel.CONNECT), None, TcpConnect()),
        (HealthCheck(level=HealthLevel.CONNECT), "mariadb", None),
        (HealthCheck(level=HealthLevel.HTTP), "mariadb", None),
        (HealthCheck(level=HealthLevel.KERNEL), "redis", None),
        (HealthCheck(level=HealthLevel.PROTOCOL), "redis", Speak("redis")),
        (HealthCheck(http_get="/h", level=HealthLevel.CONNECT), None, TcpConnect()),
        (HealthCheck(http_get="/h", level=HealthLevel.CONTAINER), None, None),
        (HealthCheck(exec=("a",), level=HealthLevel.KERNEL), None, None),
    ],
)
def test_what_a_service_is_asked(declared: HealthCheck | None, kind: str | None, probe: Probe | None):
    check = check_for(declared, PLAIN, kind=kind, directory="/shop")
    assert check.probe == probe
    assert bool(check.reason) == (probe is None and kind in ("mysql", "mariadb") and declared is not None)


def test_how_often_a_service_is_asked():
    assert check_for(None, PLAIN) == Check()
    own = HealthCheck(interval=1.0, timeout=0.5, initial_delay=2.0, failure_threshold=4, success_threshold=5)
    check = check_for(own, PLAIN)
    assert (check.interval, check.timeout, tuple(check.rules)) == (1.0, 0.5, (4, 5, 2.0))
