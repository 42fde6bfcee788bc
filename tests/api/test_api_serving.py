import asyncio
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from api_world import BEARER, MANAGEMENT, PATIENCE, TOKEN, until
from asgi import BEARER as BEARER_PAIR
from asgi import HOST, JSON, application, ask
from own_ports import own_port

from portdash.api import protocol, sockets
from portdash.api.acting import NOTHING
from portdash.api.acts import Acts
from portdash.api.app import create_app
from portdash.api.retries import Reply
from portdash.api.serving import Server, configuration, ended_by_signals
from portdash.api.settings import Settings
from portdash.api.sockets import AlreadyServing, loopback_sockets, unix_socket
from portdash.errors import Refused, UsageError
from portdash.manager.deps import Deps


@asynccontextmanager
async def served(deps: Deps, settings: Settings, path: Path) -> AsyncIterator[Server]:
    """A real server on a Unix socket and, where the settings have a port, on loopback."""
    app = create_app(deps, settings)
    with unix_socket(path) as sock:
        listening = [sock, *(loopback_sockets(settings.port) if settings.port else [])]
        server = Server(configuration(app), app.state["core"])
        task = asyncio.ensure_future(server.serve(sockets=listening))
        try:
            await until(lambda: server.started)
            yield server
        finally:
            server.should_exit = True
            async with asyncio.timeout(PATIENCE):
                await task


async def raw(port: int, sent: bytes) -> bytes:
    """Send bytes, and return all that comes until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    async with asyncio.timeout(PATIENCE):
        found = await reader.read()
    writer.close()
    return found


async def test_both_doors_lead_to_the_same_and_each_has_its_own_name(
    deps: Deps, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    port, path = own_port(), tmp_path / "s"
    async with served(deps, replace(settings, port=port), path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(path)), headers=BEARER) as client:
            assert (await client.get("http://localhost/api/ports")).status_code == 200
            assert (await client.get(f"http://localhost:{port}/api/ports")).status_code == 421
        async with httpx.AsyncClient(headers=BEARER) as client:
            for host in ("127.0.0.1", "localhost", "[::1]"):
                assert (await client.get(f"http://{host}:{port}/api/ports")).status_code == 200
            assert (await client.get(f"http://127.0.0.1:{port}/", headers={"Host": "localhost"})).status_code == 421
        # What is no HTTP, what is dripped in, what names the server twice, and a head that is too long.
        with monkeypatch.context() as hasty:
            hasty.setattr(protocol, "HEAD_PATIENCE", 0.2)
            late = await raw(port, b"GET /api/ports HTT")
        assert late.startswith(b"HTTP/1.1 408 ")
        assert b"nosniff" in late
        assert (await raw(port, b"NONSENSE\r\n\r\n")).startswith(b"HTTP/1.1 400 ")
        whole = b"GET http://localhost/docs HTTP/1.1\r\nHost: evil\r\nConnection: close\r\n\r\n"
        assert (await raw(port, whole)).startswith(b"HTTP/1.1 421 ")
        twice = f"GET / HTTP/1.1\r\nHost: localhost:{port}\r\nHost: evil\r\n\r\n".encode()
        assert (await raw(port, twice)).startswith(b"HTTP/1.1 400 ")
        long = f"GET / HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\nX: {'x' * 20_000}\r\n\r\n".encode()
        assert (await raw(port, long))[9:12] in (b"400", b"431")


async def test_streams_end_with_the_server(deps: Deps, settings: Settings, tmp_path: Path):
    path = tmp_path / "s"
    async with (
        httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(path)), headers=BEARER) as client,
        served(deps, settings_without_port(settings), path) as server,
        client.stream("GET", "http://localhost/api/v1/events") as answer,
    ):
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        lines = answer.aiter_lines()
        assert await anext(lines) == "retry: 2000"
        server.should_exit = True
        async with asyncio.timeout(PATIENCE):
            assert [line async for line in lines if line] == [": portdash events"]
    assert not path.exists()


async def test_head_is_get_without_the_body_everywhere_and_ends_where_get_goes_on(
    deps: Deps, settings: Settings, tmp_path: Path
):
    path = tmp_path / "s"
    async with (
        served(deps, settings_without_port(settings), path) as server,
        httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(path)), headers=BEARER) as client,
    ):
        for known in ("/api/ports", "/api/health?detailed=true", "/docs", "/metrics", "/api/v1/nowhere"):
            got, head = await client.get(f"http://localhost{known}"), await client.head(f"http://localhost{known}")
            assert (head.status_code, head.content) == (got.status_code, b""), known
            for name in ("content-type", "etag", "content-security-policy"):
                assert head.headers.get(name) == got.headers.get(name), known
        async with asyncio.timeout(PATIENCE):
            events = await client.head("http://localhost/api/v1/events")
        assert (events.status_code, events.content) == (200, b"")
        assert events.headers["content-type"] == "text/event-stream; charset=utf-8"
        await until(lambda: server.core.streams.count == 0)
        write = await client.head(f"http://localhost{MANAGEMENT}/allocate")
        assert (write.status_code, write.headers["allow"]) == (405, "POST")
        no_write = await client.delete("http://localhost/api/ports")
        assert (no_write.status_code, no_write.headers["allow"]) == (405, "GET, HEAD")


async def test_who_waits_for_more_than_the_server_has_time_for_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    app, begun, done = application(), threading.Event(), threading.Event()

    def act(*_asked: object) -> Reply:
        begun.set()
        done.wait(PATIENCE)
        return NOTHING

    monkeypatch.setattr(app.state["core"].actor, "allocate", act)
    asked = [HOST, BEARER_PAIR, JSON]
    task = asyncio.ensure_future(ask(app, "POST", f"{MANAGEMENT}/allocate", asked, b'{"name": "web"}'))
    await until(begun.is_set)
    with caplog.at_level("INFO", "portdash.api"):
        task.cancel()
        answer = await task
    done.set()
    assert (answer.status, answer.code, answer.headers["connection"]) == (503, "server_ending", "close")
    assert "allocate 503" in caplog.text


async def test_what_was_begun_is_waited_for_until_a_limit_or_until_somebody_is_in_a_hurry():
    acts, begun, may_end, hurry = Acts(), threading.Event(), threading.Event(), threading.Event()

    def act(answer: str) -> str:
        begun.set()
        may_end.wait(PATIENCE)
        return answer

    task = asyncio.ensure_future(acts.run(act, "done"))
    await until(begun.is_set)
    assert acts.wait(0.01, hurry=hurry) == 1
    hurry.set()
    assert await asyncio.to_thread(acts.wait, PATIENCE, hurry=hurry) == 1
    may_end.set()
    assert await task == "done"
    assert acts.wait(PATIENCE, hurry=threading.Event()) == 0
    with pytest.raises(ZeroDivisionError):
        await acts.run(lambda: 1 / 0)


STUCK = """
import sys, threading
from portdash.api import acting, serving
from portdash.cli import main

def act(*_asked):
    print("begun", flush=True)
    threading.Event().wait()

acting.Actor.allocate = act
serving.GRACE, serving.LONGEST = 0, float(sys.argv.pop(1))
main()
"""


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(("longest", "again"), [("0.1", False), ("3600", True)])
def test_an_act_that_never_ends_does_not_keep_the_process(tmp_path: Path, longest: str, *, again: bool):
    path = tmp_path / "s"
    with serving("--uds", str(path), PORTDASH_TOKEN=TOKEN, program=("-c", STUCK, longest)) as process:
        assert process.stdout
        assert process.stdout.readline() == f"unix:{path}\n"
        with (
            ThreadPoolExecutor(1) as pool,
            httpx.Client(transport=httpx.HTTPTransport(uds=str(path)), headers=BEARER, timeout=PATIENCE) as client,
        ):
            asked = pool.submit(client.post, f"http://localhost{MANAGEMENT}/allocate", json={"name": "web"})
            assert process.stdout.readline() == "begun\n"
            process.send_signal(signal.SIGTERM)
            assert asked.result(PATIENCE).status_code == 503
            assert process.stderr
            assert any("a second signal ends that" in line for line in process.stderr)
            if again:
                process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    warned, last = err.splitlines()
    assert warned == "portdash: portdash.api: 1 act is not done: whoever opens the store next settles it"
    assert last == "the server has ended"
    assert not path.exists()


def settings_without_port(settings: Settings) -> Settings:
    return replace(settings, port=None)


def test_a_second_server_is_told_and_a_crashed_one_is_replaced(tmp_path: Path):
    path = tmp_path / "s"
    with unix_socket(path), pytest.raises(AlreadyServing, match="another portdash"), unix_socket(path):
        pass
    assert not path.exists()
    with socket.socket(socket.AF_UNIX) as crashed:
        crashed.bind(str(path))  # and is not listened on
    with unix_socket(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_nothing_that_is_not_ours_is_replaced(tmp_path: Path):
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.bind(str(path))
        stranger.listen()
        with pytest.raises(AlreadyServing, match="somebody answers"), unix_socket(path):
            pass
    path.unlink()
    path.write_text("precious")
    with pytest.raises(Refused, match="no socket"), unix_socket(path):
        pass
    assert path.read_text() == "precious"
    with pytest.raises(UsageError, match="too long"), unix_socket(tmp_path / ("x" * 120)):
        pass
    tmp_path.chmod(0o777)
    with pytest.raises(Refused, match="others may write"), unix_socket(tmp_path / "t"):
        pass


def test_a_server_that_fails_leaves_no_socket(tmp_path: Path):
    with pytest.raises(OSError, match="no room"), unix_socket(tmp_path / "s"):
        raise OSError("no room")
    assert not (tmp_path / "s").exists()


def test_a_socket_that_cannot_be_made_names_the_way_out(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(Refused, match="no socket can be made") as caught, unix_socket(tmp_path / "file" / "s"):
        pass
    assert "--uds" in caught.value.hint


def test_who_connects_is_asked_of_the_kernel(monkeypatch: pytest.MonkeyPatch):
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with ours, theirs:
        assert sockets.is_own_peer(ours)
        monkeypatch.setattr(os, "geteuid", lambda: 4242)
        uid = struct.unpack("3i", ours.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
        assert sockets.is_own_peer(ours) is (uid == 0)


async def test_another_user_is_not_answered(
    deps: Deps, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "s"
    monkeypatch.setattr(protocol, "is_own_peer", lambda _sock: False)
    async with (
        served(deps, settings_without_port(settings), path),
        httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(path)), headers=BEARER) as client,
    ):
        with pytest.raises(httpx.TransportError):
            await client.get("http://localhost/api/ports")


async def test_one_connection_too_many_is_told(
    deps: Deps, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    port = own_port()
    monkeypatch.setattr(protocol, "MOST_CONNECTIONS", 1)
    async with served(deps, replace(settings, port=port), tmp_path / "s") as server:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        await until(lambda: server.server_state.connections)
        assert (await raw(port, b"")).startswith(b"HTTP/1.1 503 ")
        writer.close()


async def test_who_does_not_read_what_was_asked_for_is_let_go(
    deps: Deps, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    port = own_port()
    monkeypatch.setattr(protocol, "UNREAD_PATIENCE", 0.2)
    asked = f"GET /openapi.json HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode()
    async with served(deps, replace(settings, port=port), tmp_path / "s") as server:
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            deaf.connect(("127.0.0.1", port))
            deaf.setblocking(False)
            deaf.send(asked * 500)
            await until(lambda: server.server_state.connections)
            await until(lambda: not server.server_state.connections)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_comes_before_the_server_runs_is_not_lost(deps: Deps, settings: Settings, number: signal.Signals):
    app = create_app(deps, settings)
    server = Server(configuration(app), app.state["core"])
    before = signal.getsignal(number)
    with ended_by_signals(server):
        signal.raise_signal(number)
        assert server.should_exit
    assert signal.getsignal(number) is before


@contextmanager
def serving(
    *arguments: str, program: tuple[str, ...] = ("-m", "portdash"), **environ: str
) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, *program, "serve", *arguments],
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_serve_publishes_itself_and_ends_when_asked(home: Path, tmp_path: Path):
    runtime, port = tmp_path / "r", own_port()
    with serving("--tcp", str(port), XDG_RUNTIME_DIR=str(runtime), PORTDASH_TOKEN=TOKEN) as process:
        assert process.stdout
        assert process.stdout.readline() == f"http://localhost:{port}\n"
        assert process.stdout.readline() == f"unix:{runtime}/portdash/portdash.sock\n"
        services = f"http://localhost:{port}/api/v1/discovery/services"
        (service,) = httpx.get(services, headers=BEARER, timeout=PATIENCE).json()["services"]
        assert (service["name"], service["port"], service["ownership"]) == ("portdash-api", port, "confirmed")
        assert service["listeners"][0]["pid"] == process.pid
        upgrade = f"GET /docs HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
        for sent in (b"NONSENSE\r\n\r\n", f"{upgrade}Sec-WebSocket-Version: 13\r\n\r\n".encode()):
            with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
                client.sendall(sent)
                assert client.recv(65536).startswith(b"HTTP/1.1 ")
        (home / ".local/state/portdash/portdash.db").write_bytes(b"x" * 8192)
        assert process.stderr
        for line in process.stderr:
            assert line.startswith("portdash: portdash."), line
            if "events cannot be followed" in line:
                break
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0
        *told, last = err.splitlines()
        assert last == "the server has ended"
        assert [line for line in told if not line.startswith("portdash: portdash.")] == []
        assert TOKEN not in err
    assert not (runtime / "portdash" / "portdash.sock").exists()
    assert not (home / ".local/state/portdash/api-token").exists()  # PORTDASH_TOKEN counted
