"""What answers make a server, by answers that real ones gave; and what the system says of a listener."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest
from health_servers import answering, serving
from hypothesis import given
from hypothesis import strategies as st

from portdash.health.fingerprints import Identifier, by_process
from portdash.health.fingerprints.matching import fingerprint, match, match_banner, rows_for
from portdash.health.fingerprints.table import BANNERS, PORTS, PROGRAMS, ROWS, USERS, VITE_PING
from portdash.health.http_client import Response
from portdash.model.listener import Container, Listener, Process
from portdash.model.ports import IpProtocol
from portdash.model.server_kinds import ALSO_CALLED, TITLES, kind_named
from portdash.planning.images import IMAGES, image_kind

WDS = ("webpack-dev-server", "webpack-dev-server")
HTML = "text/html; charset=utf-8"
EXPRESS = '<!DOCTYPE html>\n<html lang="en">\n<head>\n<title>Error</title>\n</head>\n<body>\n<pre>Cannot GET /</pre>'
ELASTIC = '{"version" : {"number" : "8.15.1"}, "tagline" : "You Know, for Search"}'
MONGO = "It looks like you are trying to access MongoDB over HTTP on the native driver port."
HTTPS_PORT = "<html>\r\n<head><title>400 The plain HTTP request was sent to HTTPS port</title></head>"

HEARD: list[tuple[str, int, dict[str, str], str, str, str]] = [
    ("/", 204, {"Vary": "Origin", "Connection": "close"}, "", "vite", "Vite"),
    ("/", 200, {"Vary": "Origin"}, '<script type="module" src="/@vite/client"></script>', "vite", "Vite"),
    ("/", 200, {}, '<script type="module" src="/base/@vite/client"></script>', "vite", "Vite"),
    ("/", 403, {}, 'Blocked request. This host ("x.example") is not allowed.', "vite", "Vite"),
    ("/", 200, {"X-Powered-By": "Next.js", "Vary": "rsc"}, "<html>", "next", "Next.js"),
    ("/__nextjs_original-stack-frames", 400, {}, "Bad Request", "next", "Next.js"),
    ("/webpack-dev-server", 200, {"X-Powered-By": "Express"}, "<body><h1>Assets Report:</h1><div>", *WDS),
    ("/", 404, {"X-Powered-By": "Express"}, EXPRESS, "express", "Express"),
    ("/", 404, {"Server": "Werkzeug/3.1.9 Python/3.11.7"}, "<title>404 Not Found</title>", "flask", "Flask"),
    ("/", 200, {"Server": "WSGIServer/0.2 CPython/3.11.7", "X-Frame-Options": "DENY"}, "", "django", "Django"),
    ("/", 404, {"server": "uvicorn"}, '{"detail":"Not Found"}', "uvicorn", "Uvicorn"),
    (
        "/openapi.json",
        200,
        {"server": "uvicorn"},
        '{"openapi":"3.1.0","info":{"title":"Orders API","version":"1.2.3"},"paths":{}}',
        "fastapi",
        "FastAPI: Orders API 1.2.3",
    ),
    (
        "/openapi.json",
        200,
        {},
        '{"openapi":"3.1.0","info":{"title":"Orders","description":"","contact":{"name":"x"}},"paths":{}}',
        "fastapi",
        "FastAPI: Orders",
    ),
    ("/", 200, {"Server": "gunicorn"}, "hi", "gunicorn", "Gunicorn"),
    ("/", 200, {"Server": "gunicorn/20.1.0"}, "hi", "gunicorn", "Gunicorn 20.1"),
    ("/", 200, {"Server": "SimpleHTTP/0.6 Python/3.11.7"}, "", "http.server", "Python http.server"),
    ("/", 302, {"Server": "TornadoServer/6.6.1", "Location": "/lab?"}, "", "tornado", "Tornado 6.6"),
    ("/api", 200, {"Server": "TornadoServer/6.6.1"}, '{"version": "2.21.1"}', "jupyter", "Jupyter 2.21"),
    ("/_stcore/health", 200, {"server": "uvicorn"}, "ok", "streamlit", "Streamlit"),
    ("/index.json", 200, {}, '{"v":5,"entries":{"a":1}}', "storybook", "Storybook"),
    ("/", 404, {"Host": "localhost:22011"}, "<!doctype html>", "php", "PHP"),
    ("/", 200, {"Host": "localhost:22011", "X-Powered-By": "PHP/8.2.35"}, "", "php", "PHP 8.2"),
    ("/", 403, {"Server": "nginx/1.22.1"}, "<center>nginx/1.22.1</center>", "nginx", "nginx 1.22"),
    ("/", 200, {"Server": "nginx"}, "", "nginx", "nginx"),
    ("/", 503, {}, "No server is available to handle this request.", "haproxy", "HAProxy"),
    ("/-/healthy", 200, {}, "Prometheus Server is Healthy.\n", "prometheus", "Prometheus"),
    ("/", 200, {}, "<title>Node Exporter</title>", "node-exporter", "Node exporter"),
    ("/metrics", 200, {"Content-Type": "text/plain; version=0.0.4"}, "# HELP x\n", "exporter", "Prometheus exporter"),
    ("/version", 200, {}, '{"etcdserver":"3.4.23","etcdcluster":"3.4.0"}', "etcd", "etcd 3.4"),
    ("/", 404, {"X-Content-Type-Options": "nosniff"}, "404 page not found\n", "go", "Go"),
    ("/healthz", 200, {}, '{"status":"ok"}', "nats", "NATS"),
    ("/api/overview", 401, {"WWW-Authenticate": 'Basic realm="RabbitMQ Management"'}, "", "rabbitmq", "RabbitMQ"),
    ("/v1/status/leader", 200, {}, '"127.0.0.1:18364"', "consul", "Consul"),
    ("/", 301, {"Location": "/ui/"}, "", "consul", "Consul"),
    # As documented; these servers could not be run.
    ("/", 200, {"X-elastic-product": "Elasticsearch"}, ELASTIC, "elasticsearch", "Elasticsearch 8.15"),
    ("/", 200, {}, ELASTIC, "elasticsearch", "Elasticsearch 8.15"),
    ("/api/health", 200, {}, '{"commit":"x","database": "ok","version": "11.2.0"}', "grafana", "Grafana 11.2"),
    ("/actuator/health", 200, {}, '{"status":"UP"}', "spring-boot", "Spring Boot"),
    ("/", 200, {}, MONGO, "mongodb", "MongoDB"),
    # Nobody in particular.
    ("/", 200, {}, "<title> My \n shop </title>", "http", "HTTP server: My shop"),
    ("/", 404, {}, "<title>404 Not Found</title>", "http", "HTTP server"),
    ("/", 204, {}, "", "http", "HTTP server"),
]  # fmt: skip
"""Path, status, headers, body, and what that makes it."""

PIECES = [
    *(b'"openapi":"3', b'"info":{', b'"title":"', b'"version":"1', b"<title>", b"</title>", b"# HELP ", b"ok"),
    *(b"220 FTP", b"SSH-2.0-", b"INFO {", b"\x00\x00\x00\x00\x0a5.5.5-10.1-MariaDB", b"\x1b]0;x\x07", b"\xff"),
]


def answered(status: int, headers: dict[str, str], body: str) -> Response:
    return Response("1.1", status, "", tuple(headers.items()), body.encode(), 1.0)


@pytest.mark.parametrize("heard", HEARD, ids=lambda heard: f"{heard[0]} {heard[4]}")
def test_an_answer_makes_it(heard: tuple[str, int, dict[str, str], str, str, str]):
    path, status, headers, body, kind, title = heard
    found = match(answered(status, headers, body), rows_for((path, VITE_PING if path == "/" else "*/*")))
    assert found is not None
    told = fingerprint(found)
    assert (told.kind, told.title) == (kind, title)
    assert len(told.evidence) == 1


@pytest.mark.parametrize("path", sorted({row.path for row in ROWS} - {"/"}))
def test_the_one_page_of_a_single_page_server_is_no_answer(path: str):
    page = answered(200, {"Content-Type": HTML}, "<!doctype html><title>My shop</title><div id=app></div>")
    assert match(page, rows_for((path, "*/*"))) is None


def test_whoever_does_not_know_the_ping_is_not_taken_for_vite():
    plain = answered(204, {"Vary": "Origin"}, "")
    found = match(plain, rows_for(("/", "*/*")))
    assert found is not None
    assert found.kind == "http"


GREETINGS = [
    (b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10\r\n", "SSH server 9.2", "9.2p1"),
    (b'INFO {"server_id":"N","server_name":"N","version":"2.9.10","proto":1} \r\n', "NATS 2.9", "2.9.10"),
    (b"d\x00\x00\x00\n5.5.5-10.11.19-MariaDB-0+deb12u1\x00\x03\x00\x00\x00tpT6", "MariaDB 10.11", "10.11.19"),
    (b"J\x00\x00\x00\n8.4.2\x00\x09\x00\x00\x00abcdefgh\x00", "MySQL 8.4", "8.4.2"),
    (b"220 (vsFTPd 3.0.3)\r\n", "FTP server 3.0", "3.0.3"),
    (b"220 mx.example ESMTP Postfix (Debian)\r\n", "SMTP server", None),
]


@pytest.mark.parametrize(("said", "title", "version"), GREETINGS)
def test_a_greeting_makes_it(said: bytes, title: str, version: str | None):
    found = match_banner(said)
    assert found is not None
    assert (fingerprint(found).title, fingerprint(found).version) == (title, version)


def test_what_is_foreign_is_shown_harmlessly():
    evil = '{"openapi":"3.1.0","info":{"title":"\x1b]0;pwned\x07[red]\u202eno","version":"\x1b[2J"}}'
    found = match(answered(200, {}, evil), rows_for(("/openapi.json", "*/*")))
    assert found is not None
    told = fingerprint(found)
    assert told.title.isprintable()
    assert told.title.startswith("FastAPI: \\x1b]0;pwned")
    long = match(answered(200, {}, f"<title>{'x' * 150}</title>"), rows_for(("/", "*/*")))
    assert long is not None
    assert len(fingerprint(long).title) < 80
    loud = match(answered(200, {"Server": "uvicorn\x1b[2J"}, ""), rows_for(("/", "*/*")))
    assert loud is not None
    assert all(each.isprintable() for each in fingerprint(loud).evidence)


def test_every_kind_named_anywhere_is_a_known_one():
    named = {row.kind for row in ROWS} | {kind for row in ROWS for kind in row.after} | {each.kind for each in BANNERS}
    for table in (IMAGES, PORTS, USERS, PROGRAMS, ALSO_CALLED):
        named |= set(table.values())
    assert named <= TITLES.keys()
    assert all(name == name.casefold() and name not in TITLES for name in ALSO_CALLED)
    assert [kind_named(word) for word in ("Vite", "PostgreSQL", "mongo", "vte")] == [
        "vite",
        "postgres",
        "mongodb",
        None,
    ]


# What the system says


def listener(port: int = 5173, *, framework: str | None = None, name: str = "node", **facts: object) -> Listener:
    command = facts.pop("command", ())
    cwd = facts.pop("cwd", "/nowhere")
    owner = Process(pid=7, ticks=9, name=name, command=command, cwd=cwd)  # type: ignore[arg-type]
    made = Listener(
        protocol=IpProtocol.TCP, address="127.0.0.1", port=port, owner=owner, pids=(7,), framework=framework
    )
    return replace(made, **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        ("postgres:16-alpine", "postgres"),
        ("docker.io/library/redis", "redis"),
        ("ghcr.io/acme/shop-web:1", None),
        ("bitnami/postgresql:15", "postgres"),
        ("eclipse-mosquitto:2", "mosquitto"),
        ("rabbitmq:3-management@sha256:aa", "rabbitmq"),
        ("localhost:5000/mariadb:11", "mariadb"),
        ("prom/prometheus", "prometheus"),
        ("postgis/postgis:16-3.4", "postgres"),
        ("nginx-proxy", "nginx"),
        ("sha256:0123", None),
        ("", None),
        (None, None),
    ],
)
def test_an_image_names_its_kind(image: str | None, kind: str | None):
    assert image_kind(image) == kind


def test_the_command_line_the_image_the_user_and_the_name_tell():
    found = by_process(listener(framework="uvicorn"), "uvicorn")
    assert found is not None
    assert (found.kind, found.facts) == ("uvicorn", ("its command line",))
    held = listener(container=Container(id="c", name="db", image="mariadb:11"), framework="docker-proxy")
    assert [found.kind if (found := by_process(held, "docker-proxy")) else None] == ["mariadb"]
    hidden = listener(owner=None, user="mysql")
    assert [found.kind if (found := by_process(hidden, None)) else None] == ["mysql"]
    assert [found.kind if (found := by_process(listener(name="sshd"), None)) else None] == ["ssh"]
    assert by_process(listener(), "docker-proxy") is None
    assert by_process(listener(), "no such thing") is None
    assert by_process(listener(), None) is None


@pytest.mark.parametrize(
    ("name", "kind", "title"),
    [("next-server (v15.5.29)", "next", "Next.js 15.5"), ("puma 5.6.5 (tcp", "puma", "Puma 5.6")],
)
def test_a_title_tells_the_version(name: str, kind: str, title: str):
    found = by_process(listener(name=name), kind)
    assert found is not None
    assert fingerprint(found).title == title


@pytest.mark.parametrize("way", ["link", "script", "relative"])
def test_the_package_of_the_script_tells_the_version(tmp_path: Path, way: str):
    package = tmp_path / "node_modules" / "vite"
    (package / "bin").mkdir(parents=True)
    (package / "bin" / "vite.js").touch()
    (package / "package.json").write_text(json.dumps({"name": "vite", "version": "8.3.8"}))
    (tmp_path / "node_modules" / ".bin").mkdir()
    (tmp_path / "node_modules" / ".bin" / "vite").symlink_to("../vite/bin/vite.js")
    script = {
        "link": str(tmp_path / "node_modules/.bin/vite"),
        "script": str(package / "bin" / "vite.js"),
        "relative": "node_modules/.bin/vite",
    }[way]
    seen = listener(framework="vite", command=("node", "--inspect", script, "--port", "1"), cwd=str(tmp_path))
    told = Identifier().known(seen)
    assert told is not None
    assert (told.title, told.version) == ("Vite 8.3", "8.3.8")
    (package / "package.json").write_text("[" * 100_000)
    assert [told.title if (told := Identifier().known(seen)) else None] == ["Vite"]


# Asking


def http(status: str, *headers: str, body: str = "") -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", body)).encode()


async def test_an_instance_is_asked_once():
    async with answering(http("404 Not Found", "X-Powered-By: Express")) as server:
        identifier = Identifier()
        seen = listener(server.endpoint.port)
        assert identifier.known(seen) is None
        told = await asyncio.gather(*(identifier.identify(seen, timeout=20) for _ in range(5)))
        assert {each.title for each in told if each} == {"Express"}
        assert server.connections == 2  # GET /, and the page that webpack's server would have
        assert identifier.known(seen) == told[0]
        again = replace(seen, owner=Process(pid=7, ticks=10, name="node"))
        assert identifier.known(again) is None
        await identifier.identify(again, timeout=20)
        assert server.connections == 4


@pytest.mark.parametrize(
    "framework", ["mariadb", "mysql", "mosquitto", "rabbitmq", "flask", "django", "vite", "gatsby"]
)
async def test_a_process_that_says_enough_gets_no_packet(framework: str):
    async with answering(http("200 OK")) as server:
        seen = listener(server.endpoint.port, framework=framework)
        told = await Identifier().identify(seen, timeout=20)
        assert told is not None
        assert (told.kind, told.evidence) == (framework, ("its command line",))
        assert server.connections == 0


async def test_what_is_unknown_on_the_port_of_a_database_that_counts_is_not_connected_to(
    monkeypatch: pytest.MonkeyPatch,
):
    async with answering(http("200 OK")) as server:
        monkeypatch.setitem(PORTS, server.endpoint.port, "mysql")  # type: ignore[arg-type]
        assert await Identifier().identify(listener(server.endpoint.port, name="x"), timeout=20) is None
        assert server.connections == 0


async def test_who_wants_encryption_is_asked_again_with_it():
    hello = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.read(3)
        if first == b"GET":
            writer.write(http("400 Bad Request", "Server: nginx/1.22.1", body=HTTPS_PORT))
        hello.extend(first)

    async with serving(serve) as server:
        told = await Identifier().identify(listener(server.endpoint.port), timeout=20)
        assert told is not None
        assert (told.title, server.connections) == ("nginx 1.22", 2)
    assert hello.startswith(b"GET\x16\x03")


async def test_a_server_that_greets_is_not_spoken_to():
    heard = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mx.example ESMTP Postfix\r\n")
        heard.extend(await reader.read(100))

    async with serving(serve) as server:
        told = await Identifier().identify(listener(server.endpoint.port, name="daemon"), timeout=20)
        assert told is not None
        assert (told.kind, server.connections) == ("smtp", 1)
    assert heard == b""


async def test_the_process_of_one_that_greets_late_is_asked_in_http_and_understood():
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"SSH-2.0-dropbear_2022.83\r\n")

    async with serving(serve) as server:
        told = await Identifier().identify(listener(server.endpoint.port, name="python3.11"), timeout=20)
    assert told is not None
    assert told.title == "SSH server 2022.83"


async def test_uvicorn_turns_out_to_be_fastapi_and_says_whose():
    page = '{"openapi":"3.1.0","info":{"title":"Orders API","version":"1.2.3"}}'
    async with answering(http("200 OK", "server: uvicorn", body=page)) as server:
        told = await Identifier().identify(listener(server.endpoint.port, framework="uvicorn"), timeout=20)
    assert told is not None
    assert (told.kind, told.title) == ("fastapi", "FastAPI: Orders API 1.2.3")
    assert told.evidence == ("GET /openapi.json is answered 200", "its command line")
    assert [head.split(b"\r\n")[0] for head in server.requests] == [b"GET /openapi.json HTTP/1.1"]


@pytest.mark.parametrize("framework", [None, "redis", "uvicorn"])
async def test_a_mute_server_stays_what_its_process_says_and_costs_little(framework: str | None):
    async def serve(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with serving(serve) as server:
        told = await Identifier().identify(listener(server.endpoint.port, framework=framework), timeout=0.05)
    assert (told.kind if told else None) == framework


async def test_many_at_once():
    async with answering(http("200 OK", "Server: nginx/1.22.1")) as server:
        several = [listener(server.endpoint.port, owner=Process(pid=pid, ticks=1, name="node")) for pid in range(1, 30)]
        identifier = Identifier()
        told = await asyncio.gather(*(identifier.identify(each, timeout=20) for each in several))
        assert await identifier.identify(listener(1, protocol=IpProtocol.UDP)) is None
    assert [each.title for each in told if each] == ["nginx 1.22"] * len(several)


def test_what_a_command_line_can_say_is_a_known_kind():
    frameworks = pytest.importorskip("portdash.planning.frameworks")
    assert {each.label for each in frameworks.FRAMEWORKS} <= TITLES.keys()


@given(
    status=st.integers(100, 599),
    headers=st.lists(st.tuples(st.sampled_from(["server", "host", "x-powered-by", "location"]), st.text(max_size=60))),
    pieces=st.lists(st.sampled_from(PIECES) | st.binary(max_size=200), max_size=30),
)
def test_whatever_a_server_says_it_is_told_in_clean_words(
    status: int, headers: list[tuple[str, str]], pieces: list[bytes]
):
    said = b"".join(pieces)[:4096]
    response = Response("1.1", status, "", tuple(headers), said, 1.0)
    found = [match(response, rows_for(row.question)) for row in ROWS]
    for each in (*found, match_banner(said)):
        if each is not None:
            told = fingerprint(each)
            assert told.kind in TITLES
            assert len(told.title) < 130
            assert all(text.isprintable() for text in (told.title, told.version or "", *told.evidence))
