"""`portdash discover`: which instance is printed, and how it ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import pytest
from cli_harness import FreePort, Portdash, Server, held_port, is_harmless
from redis_server import RedisServer

from portdash.config.paths import user_file
from portdash.model.heartbeat import Heartbeat
from portdash.report.serialise import iso

HTTP = """
import sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if sys.argv[2] == "slow":
            time.sleep(2.0)
        self.send_response(503 if sys.argv[2] == "ill" else 200)
        self.end_headers()
        self.wfile.write(b"well")
    def log_message(self, *_):
        pass

server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
print("ready", flush=True)
server.serve_forever()
"""
Web = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(autouse=True)
def _patience(home: Path) -> None:
    """Servers have time to answer, however busy the machine is."""
    file = user_file(os.environ, home)
    file.parent.mkdir(parents=True)
    file.write_text("[health]\ntimeout = '20s'\ninitial_delay = '1ms'\n[discovery]\ntimeout = '60s'\n")


@pytest.fixture
def web(project: Path) -> Iterator[Web]:
    """Start HTTP servers: `web(port, "well", "slow" or "ill")`, in the project unless told otherwise."""
    with ExitStack() as stack:

        def start(port: int, how: str = "well", cwd: Path = project) -> "subprocess.Popen[str]":
            arguments = [sys.executable, "-c", HTTP, str(port), how]
            process = stack.enter_context(subprocess.Popen(arguments, cwd=cwd, stdout=subprocess.PIPE, text=True))
            stack.callback(process.kill)
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
            return process

        yield start


@pytest.fixture
def kept_port(free_port: FreePort) -> Iterator[int]:
    """A port that other tests leave alone."""
    with held_port(free_port) as port:
        yield port


@pytest.fixture
def ports(portdash: Portdash, project: Path, free_port: FreePort) -> Iterator[tuple[int, int]]:
    """The ports of `web` and `web@2`, whose check is a GET; other tests leave them alone."""
    (project / "portdash.toml").write_text("[services.web]\nhealth = '/'\n")
    with held_port(free_port) as first, held_port(free_port) as second:
        assert portdash("alloc", "web", "--preferred", str(first)).out == f"{first}\n"
        assert portdash("alloc", "web@2", "--preferred", str(second)).out == f"{second}\n"
        yield first, second


def url(port: int) -> str:
    return f"http://localhost:{port}\n"


def stop(server: "subprocess.Popen[str]") -> None:
    """Let it hang, and return once it does: a signal comes when a process is next on a processor."""
    server.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, server.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)


def test_the_one_that_does_not_hang_is_printed(portdash: Portdash, web: Web, ports: tuple[int, int]):
    servers = {port: web(port) for port in ports}
    for stopped, other in (ports, ports[::-1]):
        stop(servers[stopped])
        result = portdash("discover", "web")
        assert (result.code, result.out, result.err) == (0, url(other), "")
        servers[stopped].send_signal(signal.SIGCONT)


def test_all_are_listed_the_best_first(portdash: Portdash, web: Web, ports: tuple[int, int]):
    web(ports[0], "slow")
    second = web(ports[1])
    result = portdash("discover", "web", "--all")
    found, heading, *lines = [line.split() for line in result.out.splitlines()]
    assert found == ["Found", "2", "web", "instances"]
    assert heading == ["SERVICE", "PORT", "HEALTH", "LATENCY", "PID", "WORKSPACE", "URL", "DETAIL"]
    assert [line[:3] for line in lines] == [["web@2", str(ports[1]), "healthy"], ["web", str(ports[0]), "healthy"]]
    document = portdash("discover", "web", "--all", "--json").document
    assert list(document) == ["schema_version", "name", "url", "instances"]
    first, last = document["instances"]
    known = ["service", "url", "port", "health", "pid", "workspace", "nearness", "host", "version", "stale_since"]
    assert list(first) == known
    assert (first["pid"], first["workspace"], first["nearness"]) == (second.pid, "shop", "own")
    assert last["health"]["latency_ms"] >= 2000
    assert len(portdash("discover", "web", "--json").document["instances"]) == 1


def test_one_instance_by_its_name(portdash: Portdash, web: Web, ports: tuple[int, int]):
    for port in ports:
        web(port)
    assert portdash("discover", "web@2").out == url(ports[1])
    assert portdash("discover", "shop/web@2").out == url(ports[1])
    assert portdash("discover", str(ports[0])).out == url(ports[0])


def test_the_better_of_two_that_are_ill(portdash: Portdash, web: Web, ports: tuple[int, int]):
    stop(web(ports[0]))
    web(ports[1], "ill")
    result = portdash("discover", "web")
    assert (result.code, result.out) == (0, url(ports[1]))
    assert "no instance of web does well; the best is unhealthy (status 503)" in result.err


def test_none_is_an_error_that_says_where_it_looked(
    portdash: Portdash, ports: tuple[int, int], server: Server, home: Path, monkeypatch: pytest.MonkeyPatch
):
    other = home / "src" / "other"
    (other / ".git").mkdir(parents=True)
    server(ports[1], cwd=other)  # which never answers
    file = user_file(os.environ, home)
    file.write_text(file.read_text().replace("20s", "200ms"))
    result = portdash("discover", "web", "--range", f"{ports[1]}-{ports[1]}")
    assert (result.code, result.out) == (3, "")
    assert f"nobody listens on port {ports[0]} of web" in result.err
    assert "portdash run web" in result.err
    assert f"of 1 other listener in {ports[1]}-{ports[1]} none answered as one" in result.err
    monkeypatch.setenv("PORTDASH_DISCOVERY_TIMEOUT", "1ms")
    late = portdash("discover", "web", "--range", f"{ports[1]}-{ports[1]}")
    assert "1 of them had not answered within 0.001 s, which [discovery] timeout can raise" in late.err
    unknown = portdash("discover", "wep", "--json")
    assert unknown.code == 3
    assert unknown.document["error"]["code"] == "no_instances"
    assert "did you mean web?" in unknown.document["error"]["message"]


def test_a_server_of_a_range_that_is_no_service(
    portdash: Portdash, web: Web, project: Path, home: Path, kept_port: int
):
    (project / "portdash.toml").write_text("[services.api]\nhealth = '/'\n")
    port = kept_port
    other = home / "src" / "other"
    (other / ".git").mkdir(parents=True)
    web(port, cwd=other)
    assert portdash("discover", "api").code == 3
    assert portdash("discover", "api", "--range", f"{port}-{port}").out == url(port)
    (found,) = portdash("discover", "api", "--range", str(port), "--json").document["instances"]
    assert (found["nearness"], found["workspace"], found["service"]) == ("other_project", "other", "api")
    file = user_file(os.environ, home)
    file.write_text(file.read_text() + f"range = '{port}-{port}'\n")
    assert portdash("discover", "api").out == url(port)


def test_another_services_server_is_no_instance(portdash: Portdash, web: Web, ports: tuple[int, int]):
    web(ports[0])
    result = portdash("discover", "api", "--range", f"{ports[0]}-{ports[0]}")
    assert result.code == 3


@pytest.mark.usefixtures("ports")
def test_a_fixed_url_wins_without_a_look(portdash: Portdash, project: Path, monkeypatch: pytest.MonkeyPatch):
    (project / "portdash.toml").write_text("[services.api]\nurl = 'http://127.0.0.1:1/api'\n")
    assert portdash("discover", "api").out == "http://127.0.0.1:1/api\n"
    monkeypatch.setenv("PORTDASH_URL_API", "http://elsewhere.test")
    monkeypatch.setattr("portdash.observer.Observer.snapshot", pytest.fail)
    assert portdash("discover", "api", "--wait", "9s").out == "http://elsewhere.test\n"
    assert "nobody looked" in portdash("discover", "api", "--all").out


def test_one_is_waited_for(program: Portdash, project: Path, web: Web, ports: tuple[int, int]):
    arguments = [sys.executable, "-m", "portdash", "discover", "web", "--wait", "50s"]
    with subprocess.Popen(arguments, cwd=project, stdout=subprocess.PIPE, text=True) as waiting:
        web(ports[1])
        out, _ = waiting.communicate(timeout=60)
    assert out == url(ports[1])
    result = program("discover", "web@3", "--wait", "50ms", cwd=project)
    assert result.code == 3
    assert "within 0.05 s" in result.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("we b",), "is not a service name"),
        (("web", "--wait", "soon"), "no time for --wait"),
        (("web", "--wait", "0"), "no time for --wait"),
        (("web", "--range", "5-4"), "runs backwards"),
        (("web", "--range", "x"), "is not a port"),
        (("\x1b]0;x\x07",), "is not a service name"),
    ],
)
@pytest.mark.usefixtures("project")
def test_slips(portdash: Portdash, arguments: tuple[str, ...], said: str):
    result = portdash("discover", *arguments)
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert is_harmless(result.err)


@pytest.mark.needs_redis
def test_what_another_machine_announces(
    portdash: Portdash, project: Path, own_redis: RedisServer, monkeypatch: pytest.MonkeyPatch
):
    from portdash.store.redis.registry import Registry  # noqa: PLC0415  an extra

    assert project.is_dir()
    monkeypatch.setenv("PORTDASH_STORE", own_redis.url)
    beat = Heartbeat(
        host="f" * 32, label="laptop", address="10.0.0.7", port=8080, service="api", workspace="shop",
        environment="development", health="healthy", version="1.2",
    )  # fmt: skip
    assert portdash("discover", "api").code == 3
    Registry(own_redis.url).beat([beat], seconds=60.0)
    result = portdash("discover", "api")
    assert (result.code, result.out, result.err) == (0, "http://10.0.0.7:8080\n", "")
    (found,) = portdash("discover", "api", "--json").document["instances"]
    assert (found["host"], found["version"], found["nearness"]) == ("laptop", "1.2", "other_host")
    portdash("alloc", "web")  # so that the store has something to remember
    own_redis.kill()
    away = portdash("discover", "api", "--all")
    assert away.code == 0
    assert "announced by laptop, stale" in away.out
    assert "the registry is away: laptop announced this instance" in away.err
    (found,) = portdash("discover", "api", "--json").document["instances"]
    since = datetime.fromisoformat(found["stale_since"])
    assert iso(since.timestamp()) == found["stale_since"]  # as `get`, `ls` and `store info` give it
