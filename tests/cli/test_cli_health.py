"""`portdash health`: what is asked, what is said, and how it ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from cli_harness import FreePort, Portdash, Server, held_port, is_harmless

from portdash.config.paths import user_file

HTTP = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        ill = self.path == "/ill"
        self.send_response(503 if ill else 200, "\\x1b]0;x")
        self.end_headers()
        self.wfile.write(b"all is well")
    def log_message(self, *_):
        pass

server = HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
print("ready", flush=True)
server.serve_forever()
"""


@pytest.fixture(autouse=True)
def _patience(home: Path) -> None:
    """Servers have time to answer, however busy the machine is."""
    file = user_file(os.environ, home)
    file.parent.mkdir(parents=True)
    file.write_text("[health]\ntimeout = '20s'\n")


@pytest.fixture
def web(portdash: Portdash, project: Path, free_port: FreePort) -> Iterator[subprocess.Popen[str]]:
    """A web server of the project, on the port that `web` was given."""
    with ExitStack() as stack, ExitStack() as hold:
        port = hold.enter_context(held_port(free_port))
        text = f"[services.web]\npreferred = {port}\nhealth = '/'\n[services.idle]\n"
        (project / "portdash.toml").write_text(text)
        portdash("alloc", "web")
        arguments = [sys.executable, "-c", HTTP, str(port)]
        process = stack.enter_context(subprocess.Popen(arguments, cwd=project, stdout=subprocess.PIPE, text=True))
        stack.callback(process.kill)
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        hold.close()
        process.args = [str(port)]
        yield process


def check(project: Path, table: str) -> None:
    file = project / "portdash.toml"
    file.write_text(file.read_text().partition("health =")[0] + f"health = {table}\n[services.idle]\n")


def port_of(web: "subprocess.Popen[str]") -> int:
    assert isinstance(web.args, list)
    return int(web.args[0])


def test_a_service_is_asked(portdash: Portdash, project: Path, web: "subprocess.Popen[str]"):
    portdash("alloc", "idle")
    result = portdash("health")
    lines = {line.split()[0]: line.split() for line in result.out.splitlines()}
    assert lines["SERVICE"] == ["SERVICE", "PORT", "HEALTH", "PROOF", "LATENCY", "DETAIL"]
    assert lines["web"][1:4] == [str(port_of(web)), "healthy", "http"]
    assert lines["idle"][2:] == ["unknown", "kernel", "-", "nobody", "listens"]
    assert result.code == 0
    document = portdash("health", "web", "--json").document
    assert list(document) == ["schema_version", "services"]
    (service,) = document["services"]
    assert list(service) == ["name", "port", "health"]
    assert list(service["health"]) == ["state", "level", "latency_ms", "detail"]
    assert service["health"]["latency_ms"] > 0
    assert "GET / at 127.0.0.1" in portdash("health", "-v").out
    check(project, '{ http_get = "/", level = "kernel" }')
    assert "no packet" in portdash("health", "web", "--verbose").out


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('{ http_get = "/ill", initial_delay = "1ms" }', ("unhealthy", "status 503")),
        ('{ http_get = "/ill", initial_delay = "1h" }', ("starting", "status 503")),
        ('{ http_get = "/ill", status = [503] }', ("healthy", "")),
        ('{ http_get = "/", contains = "is well" }', ("healthy", "")),
        ('{ http_get = "/", contains = "is ill", initial_delay = "1ms" }', ("unhealthy", "does not contain is ill")),
        ("{ tcp = true }", ("healthy", "takes connections")),
        ("{ redis = true, initial_delay = '1ms', period = '1s' }", ("unhealthy", "")),
    ],
)
def test_a_check_of_each_kind(
    portdash: Portdash, project: Path, web: "subprocess.Popen[str]", table: str, said: tuple[str, str]
):
    check(project, table)
    result = portdash("health", "web", "--json")
    health = result.document["services"][0]["health"]
    assert health["state"] == said[0], (health, web.pid)
    assert said[1] in health["detail"]
    assert result.code == (1 if said[0] == "unhealthy" else 0)


def test_a_command_waits_for_trust(portdash: Portdash, project: Path, web: "subprocess.Popen[str]"):
    mark = project / "ran"
    check(project, f'{{ exec = ["touch", "{mark}"] }}')
    assert portdash("health").code == 0
    assert not mark.exists()
    portdash("trust", "--yes")
    result = portdash("health", "web", "--json")
    assert mark.exists(), (result, web.pid)


@pytest.mark.needs_linux
def test_one_that_is_stopped_hangs(portdash: Portdash, web: "subprocess.Popen[str]"):
    web.send_signal(signal.SIGSTOP)
    try:
        with suppress(ChildProcessError):
            os.waitid(os.P_PID, web.pid, os.WSTOPPED | os.WNOWAIT)
        result = portdash("health")
    finally:
        web.send_signal(signal.SIGCONT)
    assert result.code == 1
    assert "hung" in result.out
    assert "stopped by a signal" in result.out


def test_a_stranger_is_asked_only_when_told(portdash: Portdash, web: "subprocess.Popen[str]"):
    portdash("release", "web")
    result = portdash("health", "--probe", str(port_of(web)))
    assert result.code == 0
    assert "healthy" in result.out
    assert is_harmless(result.out)
    document = portdash("health", "--probe", str(port_of(web)), "--json").document
    assert [(each["name"], each["port"]) for each in document["services"]] == [(None, port_of(web))]


def test_one_that_says_nothing_is_not_called_well(
    portdash: Portdash, project: Path, free_port: FreePort, server: Server
):
    with held_port(free_port) as port:
        (project / "portdash.toml").write_text(
            f"[services.mute]\npreferred = {port}\nhealth = {{http_get='/', timeout='200ms', initial_delay='1ms'}}\n"
        )
        portdash("alloc", "mute")
        server(port, cwd=project)
    result = portdash("health")
    assert result.code == 1
    assert "no answer within 0.2 s" in result.out or "hung" in result.out


def test_what_there_is_not(portdash: Portdash, project: Path, free_port: FreePort):
    assert project.is_dir()
    result = portdash("health")
    assert (result.code, result.out) == (0, "")
    assert "portdash allocate NAME" in result.err
    assert portdash("health", "nope").code == 3
    assert portdash("health", "--probe", "99999").code == 2
    assert portdash("health", "nope", "--all").code == 2
    port = free_port()
    assert portdash("health", "--probe", str(port)).code == 1
    assert f"nobody listens on {port}" in portdash("health", "--probe", str(port)).err
    assert portdash("health", "--probe", str(port), "--json").document["services"] == []


@pytest.mark.usefixtures("project")
def test_a_service_whose_url_is_fixed_is_asked_there(portdash: Portdash, project: Path, web: "subprocess.Popen[str]"):
    file = project / "portdash.toml"
    text = f"[services.there]\nurl = 'http://me:secret@127.0.0.1:{port_of(web)}/x'\nhealth = '/ill'\n"
    file.write_text(text + "[services.away]\nurl = 'http://away.test/'\n")
    result = portdash("health", "there")
    assert result.code == 0  # its path is below that of the URL, where this server is well
    assert "secret" not in result.out
    there = result.out.splitlines()[1]
    assert there.split()[:4] == ["there", "-", "healthy", "http"]
    assert f"http://***@127.0.0.1:{port_of(web)}/x" in there
    everything = portdash("health")
    assert "there" in everything.out
    assert "away" not in everything.out  # nobody trusts this file, and it leaves the machine
    assert "services.away is left out" in everything.err
