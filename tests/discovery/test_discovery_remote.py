"""Ports from a portdash that serves them: believed as far as they make sense, and done without where there is none."""

import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from own_ports import own_port

import portdash
from portdash.discovery.remote import Origin, RemoteConfig, remote_config
from portdash.discovery.remote_asking import Target
from portdash.errors import InvalidName, InvalidPort, NoInstances, NoSuchService, UsageError

DATA = {
    "server": 3000,
    "http-api": 8000,
    "websocket": 3000,
    "environment": "staging",
    "urls": {"server": "http://localhost:3000", "websocket": "ws://localhost:3000"},
}


class Answering:
    """A server that says one thing to everybody, and remembers what it was asked."""

    def __init__(self, listening: socket.socket, answer: bytes, *, drips: bool = False) -> None:
        self.asked: list[bytes] = []
        self._listening = listening
        self._answer = answer
        self._drips = drips
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection:
                self.asked.append(connection.recv(65536))
                try:
                    self._say(connection)
                except OSError:
                    continue

    def _say(self, connection: socket.socket) -> None:
        if not self._drips:
            connection.sendall(self._answer)
            return
        for byte in self._answer:
            connection.sendall(bytes((byte,)))
            if self._over.wait(0.5):
                return

    def close(self) -> None:
        self._over.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(5)


Serve = Callable[..., tuple[str, Answering]]


def http(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def ports(data: object, *, success: object = True) -> bytes:
    return http(json.dumps({"success": success, "data": data}).encode())


@pytest.fixture
def serve() -> Iterator[Serve]:
    started: list[Answering] = []

    def start(answer: bytes, *, drips: bool = False) -> tuple[str, Answering]:
        port = own_port()
        listening = socket.create_server(("127.0.0.1", port))
        started.append(Answering(listening, answer, drips=drips))
        return f"http://127.0.0.1:{port}", started[-1]

    yield start
    for each in started:
        each.close()


def test_what_a_server_says(serve: Serve):
    url, server = serve(ports(DATA))
    config = portdash.remote_config(url, environ={})
    assert dict(config.ports) == {"server": 3000, "http-api": 8000, "websocket": 3000}
    assert (config.origin, config.environment, config.problem) == (Origin.SERVER, "staging", "")
    assert (config.port("HTTP_API"), config.url("websocket")) == (8000, "ws://localhost:3000")
    assert config.url("http-api") == "http://localhost:8000"
    assert server.asked[0].startswith(b"GET /api/ports HTTP/1.1\r\n")
    assert b"uthorization" not in server.asked[0]


def test_the_address_of_the_route_itself_will_do(serve: Serve):
    url, server = serve(ports(DATA))
    assert remote_config(f"{url}/api/ports", environ={}).origin is Origin.SERVER
    assert server.asked[0].startswith(b"GET /api/ports HTTP")


def test_over_a_unix_socket(tmp_path: Path):
    path = tmp_path / "s"
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen()
    server = Answering(listening, ports(DATA))
    try:
        config = remote_config(f"http+unix://{path}", environ={"PORTDASH_TOKEN": "abc"})
    finally:
        server.close()
    assert config.port("server") == 3000
    assert b"\r\nauthorization: Bearer abc\r\n" in server.asked[0].replace(b"Authorization", b"authorization")
    assert b"\r\nhost: localhost\r\n" in server.asked[0].replace(b"Host", b"host")


def test_without_a_server_the_environment_counts_and_then_the_defaults(caplog: pytest.LogCaptureFixture):
    url = f"http://localhost:{own_port()}"
    environ = {
        "SERVER_PORT": "3100",
        "REDIS_PORT": "tcp://10.0.0.1:6379",
        "HTTP_API_PORT": "8100",
        "SSH_PORT": "22",
        "PORTDASH_EXPORTED": "SERVER_PORT=3100,HTTP_API_PORT=8100,API_TARGET=http://localhost:8100",
    }
    with caplog.at_level(logging.INFO):
        config = remote_config(url, environ=environ, defaults={"server": 3000, "redis": 6379})
    assert dict(config.ports) == {"server": 3100, "redis": 6379, "http-api": 8100}
    assert dict(config.origins) == {
        "server": Origin.ENVIRONMENT,
        "redis": Origin.DEFAULT,
        "http-api": Origin.ENVIRONMENT,
    }
    assert config.origin is Origin.ENVIRONMENT
    assert config.problem == f"no portdash answers at {url}: [Errno 111] Connection refused"
    assert "ports come from the environment and from defaults" in caplog.text
    assert remote_config(url, environ={}, defaults={"a": 1}).origin is Origin.DEFAULT


def test_what_the_server_does_not_know_is_filled_in(serve: Serve):
    url, _ = serve(ports({"server": 3000}))
    environ = {"SERVER_PORT": "9", "DB_PORT": "5433"}
    config = remote_config(url, environ=environ, defaults={"server": 1, "db": 2, "cache": 3})
    assert dict(config.ports) == {"server": 3000, "db": 5433, "cache": 3}
    assert config.origin is Origin.SERVER
    assert config.origins["db"] is Origin.ENVIRONMENT


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (http(b"{}", "401 Unauthorized"), "it wants a token"),
        (http(b"", "503 Service Unavailable"), "it answered 503"),
        (http(b"", "302 Found", "Location: http://evil.example/"), "it answered 302"),
        (http(b"<html>"), "no portdash"),
        (http(b"[" * 100_000), "no portdash"),
        (http(b"x" * ((1 << 20) + 1)), "too long"),
        (http(b'{"success":true,"data":[]}'), "no portdash"),
        (ports(DATA, success="yes"), "no portdash"),
        (b"SSH-2.0-OpenSSH\r\n" * 3, "no portdash answers"),
        (b"", "disconnected"),
        (http(b"\x1f\x8b", "200 OK", "Content-Encoding: gzip"), "no portdash"),
    ],
)
def test_what_is_no_portdash_is_done_without(serve: Serve, answer: bytes, why: str):
    url, _ = serve(answer)
    config = remote_config(url, environ={}, defaults={"web": 3000})
    assert (config.origin, config.port("web")) == (Origin.DEFAULT, 3000)
    assert why in config.problem
    with pytest.raises(NoInstances) as raised:
        remote_config(url, environ={}, strict=True)
    assert why in raised.value.message


def test_what_drips_or_never_comes_takes_its_time_and_no_more(serve: Serve):
    for answer, drips in ((ports(DATA), True), (b"HTTP/1.1 200 OK\r\n", False)):
        assert len(answer) * 0.5 > 60 or not drips
        url, _ = serve(answer, drips=drips)
        begun = time.monotonic()
        config = remote_config(url, environ={}, timeout=0.3)
        assert config.problem
        assert time.monotonic() - begun < 60


def test_only_what_makes_sense_is_believed(serve: Serve):
    hostile = {
        "a": True, "b": 3000.0, "c": "3000", "d": 0, "e": 65536, "f": -1, "g": None, "h": [1],
        "\x1b]52;c;x\x07": 3000, "": 3000, "x/y": 3000, "ok": 1, "two": 2,
        "environment": "\x1b[2J",
        "urls": {"ok": "javascript:alert(1)", "two": "file:///etc/passwd", "gone": "http://localhost:1", "a": 3},
    }  # fmt: skip
    url, _ = serve(ports(hostile))
    config = remote_config(url, environ={})
    assert dict(config.ports) == {"ok": 1, "two": 2}
    assert (dict(config.urls), config.environment) == ({}, "\\x1b[2J")


def test_our_token_stays_on_this_machine(serve: Serve):
    url, server = serve(ports(DATA))
    remote_config(url, environ={"PORTDASH_TOKEN": "secret"})
    assert b"Bearer secret" in server.asked[0]
    assert "authorization" not in Target.of("http://portdash.example:8081", "secret", is_ours=True).headers
    assert "authorization" in Target.of("http://portdash.example:8081", "given", is_ours=False).headers
    assert "pass" not in Target.of("http://me:pass@h", None, is_ours=True).label


@pytest.mark.parametrize("url", ["", "localhost:8081", "ftp://h", "http://", "http://h:x", "http://[", "//h", None, 3])
def test_a_mistake_of_the_caller_is_said(url: str):
    with pytest.raises(UsageError):
        remote_config(url, environ={}, defaults={"a": 1})


def test_defaults_are_ports_of_services():
    with pytest.raises(InvalidPort):
        remote_config("http://h", defaults={"a": 70000}, environ={})
    with pytest.raises(InvalidName):
        remote_config("http://h", defaults={"a b": 1}, environ={})


def test_a_service_that_nobody_knows_is_said():
    config = remote_config(f"http://localhost:{own_port()}", environ={}, defaults={"b": 2, "a": 1})
    assert isinstance(config, RemoteConfig)
    with pytest.raises(NoSuchService, match="no port is known for nosuch: no portdash answers") as raised:
        config.port("nosuch")
    assert raised.value.hint == "known are a and b"
