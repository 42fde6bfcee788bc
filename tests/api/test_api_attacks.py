"""What is sent to break the application: bodies, tokens, a store that is away; and all at a server that really runs."""

import asyncio
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest
from api_world import MANAGEMENT
from api_world import TOKEN as OTHER_TOKEN
from asgi import BEARER, HOST, JSON, TOKEN, application, ask, routes
from own_ports import own_port

from portdash.api import token as tokens
from portdash.demo.scene import demo_deps
from portdash.errors import StoreBusy, StoreDamaged, StoreError, StoreUnavailable
from portdash.manager.deps import Deps

ASKING = [HOST, BEARER, JSON]
ALLOCATE = f"{MANAGEMENT}/allocate"
PATIENCE = 30.0

NO_PORTS = ("true", "3000.0", '"3000"', "1e309", "-1", "0", "65536", "NaN", "Infinity", "[]", "{}", "[[3000]]", "1e4",
            "3" * 5000, "[" * 1000 + "]" * 1000, '"\\ud800"', "[3000, true]", "[3000.5]")  # fmt: skip
BODIES = (
    b"", b"null", b"[]", b"3000", b'"web"', b"{", b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf{}", b"{}{}", b'{"name":"a"}x',
    b'{"name": "web", "command": ["sh"]}', b'{"name": "web", "cwd": "/etc"}', b'{"name": "../../etc/passwd"}',
    b'{"name": "\\u001b]52;c;AAAA\\u0007"}', b'{"name": "' + b"a" * 60_000 + b'"}', b'{"__proto__": {}}',
    b'{"a":' * 12_000, b"[" * 60_000 + b"]" * 5_000, b'{"name": "w", "name": ' + b"[" * 30_000,
    b'{"name":"web","preferred":[' + b"1," * 30_000 + b"1]}", b'{"type": "x", "service_type": "y", "name": "web"}',
    b'{"name": "web", "range": [4000]}', b'{"name": "web", "range": [5, 4]}', b'{"name": "web", "protocol": "sctp"}',
    b'{"name": "web", "strategy": "brutal"}', b'{"name": "web", "priority": 0}', b'{"name": "web", "pin": 1}',
    b'{"name": "web", "inherit_from": "nosuch"}', b"\0" * 100, b"name=web",
)  # fmt: skip


@pytest.fixture
def scene() -> Deps:
    return demo_deps()


@pytest.mark.parametrize("key", ["preferred", "base", "preferred_port", "exclude", "range", "priority"])
async def test_what_is_no_port_is_refused_and_nothing_changes(scene: Deps, key: str):
    app, before = application(scene), scene.store.snapshot().revision
    for value in NO_PORTS:
        if key == "priority" and value == "0":
            continue
        if key == "exclude" and value == "[]":
            continue
        if key == "preferred" and value == "[]":
            continue  # nothing is preferred
        answer = await ask(app, "POST", ALLOCATE, ASKING, f'{{"name": "fresh", "{key}": {value}}}'.encode())
        assert (answer.status, bool(answer.code)) == (422, True), (key, value[:40], answer.body)
    assert scene.store.snapshot().revision == before


@pytest.mark.parametrize("path", ["allocate", "resolve"])
async def test_no_body_breaks_it(scene: Deps, path: str):
    app, before = application(scene), scene.store.snapshot().revision
    for body in BODIES:
        if path == "resolve" and body == b"":
            continue  # which is a body that says nothing
        answer = await ask(app, "POST", f"{MANAGEMENT}/{path}", ASKING, body)
        assert 400 <= answer.status < 500, (body[:60], answer.status, answer.body)
        assert answer.code, body[:60]
        assert answer.body.decode().isprintable()
        assert len(answer.body) < 4096
    assert scene.store.snapshot().revision == before


async def test_a_body_that_is_too_long_is_not_read_to_its_end(scene: Deps):
    app = application(scene)
    for size in ("65537", "999999999", "9" * 30, "-1", "1e3", "0x10"):
        answer = await ask(app, "POST", ALLOCATE, [*ASKING, ("content-length", size)], b"{}")
        assert answer.status in (400, 413), size
        assert answer.headers["connection"] == "close"
    assert (await ask(app, "POST", ALLOCATE, ASKING, b" " * 70_000)).status == 413
    twice = [*ASKING, ("content-length", "2"), ("transfer-encoding", "chunked")]
    assert (await ask(app, "POST", ALLOCATE, twice, b"{}")).status == 400


async def test_ten_thousand_headers_are_too_many(scene: Deps):
    app = application(scene)
    for more in ([(f"x-{n}", "") for n in range(10_000)], [("x", "y" * 20_000)], [("cookie", "a=b")] * 200):
        assert (await ask(app, "GET", "/api/ports", [HOST, BEARER, *more])).status == 431


async def test_queries_that_mean_nothing_are_refused(scene: Deps):
    app = application(scene)
    for query in ("since=-1", "since=x", "since=1e9", "since=" + "9" * 400, "since=9&timeout=61", "since=9&timeout=-1",
                  "since=9&timeout=x", "since=%00", "since=\u0661"):  # fmt: skip
        assert (await ask(app, "GET", f"/api/ports?{query}", [HOST, BEARER])).status == 422, query
    for query in ("detailed=maybe", "detailed=", "detailed=%1b[2J"):
        assert (await ask(app, "GET", f"/api/health?{query}", [HOST, BEARER])).status == 422, query
    for last in ("-1", "x", "9" * 400, "\u0661"):
        asked = [HOST, BEARER, ("last-event-id", last)]
        assert (await ask(app, "GET", "/api/v1/events", asked)).status == 422, last
    for key in ("", " ", "x" * 5000, "\x1b", "\xff"):
        answer = await ask(app, "POST", ALLOCATE, [*ASKING, ("idempotency-key", key)], b'{"name": "web"}')
        assert answer.status in (200, 422), key


async def test_a_token_in_the_url_counts_for_nothing_and_is_not_logged(scene: Deps, caplog: pytest.LogCaptureFixture):
    caplog.set_level("INFO")
    for name in ("token", "access_token", "authorization"):
        assert (await ask(application(scene), "GET", f"/api/ports?{name}={TOKEN}", [HOST])).status == 401
    assert (await ask(application(scene), "GET", "/api/ports", [HOST, BEARER])).status == 200
    assert TOKEN not in caplog.text
    assert "GET /api/ports 401" in caplog.text


def test_guesses_are_compared_by_digests_of_one_length(monkeypatch: pytest.MonkeyPatch):
    compared: list[tuple[bytes, bytes]] = []
    monkeypatch.setattr(tokens.hmac, "compare_digest", lambda one, other: compared.append((one, other)) or one == other)
    token = tokens.FixedToken(TOKEN)
    for guess in ("", TOKEN[:-1], TOKEN + "x", "\xff", "\udc80", "x" * 100_000):
        assert not token.matches(guess)
    assert token.matches(TOKEN)
    assert {len(each) for pair in compared for each in pair} == {32}


@pytest.mark.parametrize("error", [StoreUnavailable("gone"), StoreBusy("held"), StoreDamaged("torn \x1b[2J")])
async def test_a_store_that_is_away_is_said_and_no_mistake_of_ours(
    scene: Deps, error: StoreError, monkeypatch: pytest.MonkeyPatch
):
    app = application(scene)

    def fail(*_anything: object, **_more: object) -> None:
        raise error

    for name in ("snapshot", "apply", "events", "operations"):
        monkeypatch.setattr(scene.store, name, fail)
    asked = {"/api/v1/events", "/docs", "/openapi.json"}
    for method, path in routes(app):
        if path in asked or (path.endswith("/health") and "3000" in path):
            continue
        body = b'{"name": "web"}' if path == ALLOCATE else b"" if method == "GET" else b"{}"
        target = path.replace("/services/3000/", "/services/web/")  # a service is known by its name alone
        answer = await ask(app, method, target, ASKING if method != "GET" else ASKING[:2], body)
        assert (answer.status, answer.code) == (503, error.code), (method, path, answer.body)
        assert answer.headers["retry-after"] == "1"
        assert answer.body.decode().isprintable()


async def test_many_at_once_get_one_port_each(scene: Deps):
    app = application(scene)
    bodies = [json.dumps({"name": f"crowd{n % 20}"}).encode() for n in range(60)]
    answers = await asyncio.gather(*(ask(app, "POST", ALLOCATE, ASKING, body) for body in bodies))
    assert {answer.status for answer in answers} <= {200, 201}
    found = {(answer.json["assignments"][0]["name"], answer.json["assignments"][0]["port"]) for answer in answers}
    assert len(found) == len({port for _, port in found}) == 20


class Served:
    """A `portdash serve` that really runs."""

    def __init__(self, runtime: str) -> None:
        self.port = own_port()
        environ = {**os.environ, "XDG_RUNTIME_DIR": runtime, "PORTDASH_TOKEN": OTHER_TOKEN}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "portdash", "serve", "--tcp", str(self.port)],
            env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout
        self.said = self.process.stdout.readline()

    def get(self) -> httpx.Response:
        headers = {"Authorization": f"Bearer {OTHER_TOKEN}"}
        return httpx.get(f"http://localhost:{self.port}/api/ports", headers=headers, timeout=PATIENCE, trust_env=False)

    async def raw(self, sent: bytes) -> bytes:
        """Send bytes, and return all that comes until the server closes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        found = b""
        with suppress(ConnectionError):
            writer.write(sent)
            async with asyncio.timeout(PATIENCE):
                while data := await reader.read(65536):
                    found += data
        writer.close()
        return found


@pytest.fixture
def runtime() -> Iterator[str]:
    """A runtime directory whose name is short: a socket's path may not be long."""
    with TemporaryDirectory(prefix="r") as directory:
        yield directory


@pytest.fixture
def served(runtime: str) -> Iterator[Served]:
    server = Served(runtime)
    try:
        assert server.said.startswith("http://"), server.process.communicate(timeout=PATIENCE)
        yield server
    finally:
        server.process.send_signal(signal.SIGTERM)
        _, err = server.process.communicate(timeout=PATIENCE)
    assert server.process.returncode == 0
    assert "Traceback" not in err
    assert OTHER_TOKEN not in err


@pytest.mark.faults
async def test_those_who_drip_are_let_go_and_the_others_served(served: Served):
    drippers = [await asyncio.open_connection("127.0.0.1", served.port) for _ in range(100)]
    begun = time.monotonic()

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> float:
        with suppress(ConnectionError):
            for byte in itertools.chain(b"GET /api/ports HTTP/1.1\r\n", itertools.cycle(b"X: y\r\n")):
                writer.write(bytes((byte,)))
                await writer.drain()
                with suppress(TimeoutError):
                    await asyncio.wait_for(reader.read(65536), 0.2)
                    break
        writer.close()
        return time.monotonic() - begun

    tasks = [asyncio.ensure_future(drip(*each)) for each in drippers]
    while not all(task.done() for task in tasks):
        assert (await asyncio.to_thread(served.get)).status_code == 200
        await asyncio.wait(tasks, timeout=0.3)
    assert max(task.result() for task in tasks) < PATIENCE


@pytest.mark.faults
async def test_bytes_that_no_client_sends(served: Served):
    host = f"Host: localhost:{served.port}\r\n"
    auth = f"Authorization: Bearer {OTHER_TOKEN}\r\nConnection: close\r\n"
    smuggled = f"0\r\n\r\nGET /api/ports HTTP/1.1\r\n{host}{auth}\r\n"
    many, chunk = "X: y\r\n" * 10_000, "1000\r\n" + "x" * 4096 + "\r\n"
    attacks = {
        "ten thousand headers": f"GET /api/ports HTTP/1.1\r\n{host}{auth}{many}\r\n",
        "a long line": f"GET /{'a' * 100_000} HTTP/1.1\r\n{host}{auth}\r\n",
        "both lengths": f"POST {ALLOCATE} HTTP/1.1\r\n{host}{auth}Content-Type: application/json\r\n"
        f"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n{smuggled}",
        "a strange coding": f"POST {ALLOCATE} HTTP/1.1\r\n{host}{auth}Transfer-Encoding: x, chunked\r\n\r\n{smuggled}",
        "two lengths": f"POST {ALLOCATE} HTTP/1.1\r\n{host}{auth}Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        "no Host": f"GET /api/ports HTTP/1.1\r\n{auth}\r\n",
        "HTTP/1.0 without Host": f"GET /api/ports HTTP/1.0\r\n{auth}\r\n",
        "absolute form": f"GET http://evil.example/api/ports HTTP/1.1\r\nHost: evil.example\r\n{auth}\r\n",
        "absolute form, own Host": f"GET http://evil.example/api/ports HTTP/1.1\r\n{host}{auth}\r\n",
        "authority": f"CONNECT evil.example:80 HTTP/1.1\r\n{host}{auth}\r\n",
        "a folded header": f"GET /api/ports HTTP/1.1\r\nHost: evil\r\n localhost:{served.port}\r\n{auth}\r\n",
        "a bare newline": f"GET /api/ports HTTP/1.1\n{host}X: y\nHost: evil\n{auth}\r\n",
        "a NUL": f"GET /api/ports\0 HTTP/1.1\r\n{host}{auth}\r\n",
        "HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "TLS": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "\0" * 500,
        "an upgrade": f"GET /api/v1/events HTTP/1.1\r\n{host}Connection: Upgrade\r\nUpgrade: websocket\r\n"
        f"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\nOrigin: http://evil\r\n\r\n",
        "%2e%2e": f"GET /api/%2e%2e/metrics HTTP/1.1\r\n{host}{auth}\r\n",
        "%2f": f"GET /api%2fports HTTP/1.1\r\n{host}Connection: close\r\n\r\n",
        "%00": f"GET /api/ports%00 HTTP/1.1\r\n{host}{auth}\r\n",
        "an escape that is none": f"GET /api/%zz%ff HTTP/1.1\r\n{host}{auth}\r\n",
        "a compressed body": f"POST {ALLOCATE} HTTP/1.1\r\n{host}{auth}Content-Type: application/json\r\n"
        "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b",
        "an endless body": f"POST {ALLOCATE} HTTP/1.1\r\n{host}{auth}Content-Type: application/json\r\n"
        f"Transfer-Encoding: chunked\r\n\r\n{chunk * 30}",
    }
    for name, attack in attacks.items():
        if name == "an upgrade":
            attack = attack.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")  # noqa: PLW2901
        answer = await served.raw(attack.encode("latin-1"))
        assert answer == b"" or answer.startswith(b"HTTP/1.1 4"), (name, answer[:200])
        assert b"HTTP/1.1 2" not in answer, (name, answer)
    assert served.get().status_code == 200
    assert served.process.poll() is None


@pytest.mark.faults
def test_a_second_server_is_turned_away_and_the_first_goes_on(served: Served, runtime: str):
    second = Served(runtime)
    _, err = second.process.communicate(timeout=PATIENCE)
    assert second.process.returncode not in (0, None)
    assert "another portdash serves on" in err
    assert served.get().status_code == 200


@pytest.mark.faults
def test_a_token_that_others_could_have_put_there_is_refused(home: Path, runtime: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
    state = home / ".local/state/portdash"
    state.mkdir(parents=True)
    (home / "theirs").write_text("a" * 43 + "\n")
    (home / "theirs").chmod(0o600)
    (state / "api-token").symlink_to(home / "theirs")
    done = subprocess.run(
        [sys.executable, "-m", "portdash", "serve"], capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert (done.returncode, done.stdout) == (6, "")
    assert done.stderr.startswith("portdash: error: the token in ")
    assert "aaaa" not in done.stderr
