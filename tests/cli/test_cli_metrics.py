"""`portdash metrics`: what is measured, and how it ends."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cli_harness import FreePort, Portdash, Server, is_harmless


class Answering(http.server.BaseHTTPRequestHandler):
    """Answers every GET, every third with 503 where its server is `ill`."""

    count = 0

    def do_GET(self) -> None:
        type(self).count += 1
        self.send_response(503 if self.server.server_port == self.server.ill and self.count % 3 == 0 else 200)  # type: ignore[attr-defined]
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:  # type: ignore[override]
        """Say nothing."""


@contextmanager
def answering(port: int, *, ill: bool = False) -> Iterator[None]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), Answering) as server:
        server.ill = port if ill else 0  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield
        server.shutdown()
        thread.join()


def declare(project: Path) -> None:
    (project / "portdash.toml").write_text(
        "[services.api.health]\nhttp_get = '/'\ntimeout = '20s'\ninitial_delay = '1ms'\nfailure_threshold = 1\n"
    )


def test_a_service_that_answers_most_of_the_time(portdash: Portdash, project: Path, free_port: FreePort):
    declare(project)
    port = int(portdash("alloc", "api", "--preferred", str(free_port())).out)
    with answering(port, ill=True):
        document = portdash("metrics", "api", "--count", "9", "--json").document
        table = portdash("metrics", "api", "-n", "3").out.splitlines()
    (found,) = document["services"]
    assert (found["name"], found["looks"], found["instances_found"]) == ("api", 9, 1)
    assert found["availability"] == pytest.approx(6 / 9, abs=0.001)
    assert found["discovery_ms"]["p99"] >= found["discovery_ms"]["p50"] > 0
    (instance,) = found["instances"]
    assert (instance["port"], instance["url"]) == (port, f"http://localhost:{port}")
    assert instance["latency_ms"]["p95"] > 0
    assert table[0].startswith("Found 1 api instance in ")
    assert table[1].split() == ["SERVICE", "PORT", "HEALTH", "AVAILABLE", "AVG", "P50", "P95", "P99", "URL"]
    assert table[2].split()[3] == "66.7%"


def test_every_service_and_one_that_is_not_asked(
    portdash: Portdash, project: Path, free_port: FreePort, server: Server
):
    assert portdash("metrics").err.startswith("no service of this workspace has an instance")
    port = int(portdash("alloc", "db", "--preferred", str(free_port())).out)
    portdash("alloc", "web")
    server(port, cwd=project)
    result = portdash("metrics", "-n", "2")
    assert "Found 1 db instance" in result.out
    assert "web" not in result.out
    assert result.out.splitlines()[2].split()[2:8] == ["healthy", "100.0%", "-", "-", "-", "-"]


def test_where_its_urls_are_fixed_they_are_asked(
    portdash: Portdash, project: Path, free_port: FreePort, monkeypatch: pytest.MonkeyPatch
):
    declare(project)
    port, dead = free_port(), free_port()
    with answering(port):
        monkeypatch.setenv("PORTDASH_CLUSTER_URL", f"HTTP://127.0.0.1:{dead},http://127.0.0.1:{port}")
        assert portdash("discover", "api").out == f"http://127.0.0.1:{port}\n"
        (cluster,) = portdash("metrics", "api", "-n", "2", "--json").document["services"]
        monkeypatch.setenv("PORTDASH_URL_API", f"http://user:secret@127.0.0.1:{port}")
        result = portdash("metrics", "api", "-n", "2", "--json")
    assert [each["availability"] for each in cluster["instances"]] == [1.0, 0.0]
    assert cluster["availability"] == 0.5
    assert result.document["services"][0]["availability"] == 1.0
    assert "secret" not in result.out


def test_an_environment_nobody_knows(portdash: Portdash, monkeypatch: pytest.MonkeyPatch):
    for command in ("discover", "metrics"):
        result = portdash("--environment", "mars", command, "api")
        assert (result.code, result.out) == (2, "")
        assert "Unknown environment: mars" in result.err
    monkeypatch.setenv("PORTDASH_ENV", "mars")
    assert "Unknown environment: mars" in portdash("discover", "api").err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("nosuch",), 3, "no instance of nosuch was found"),
        (("a\x1b]0;b\x07",), 2, "is not a service name"),
        (("api", "-n", "0"), 2, "0"),
        (("api", "--range", "9-1"), 2, "runs backwards"),
    ],
)
@pytest.mark.usefixtures("project")
def test_slips(portdash: Portdash, arguments: tuple[str, ...], code: int, said: str):
    result = portdash("metrics", *arguments)
    assert (result.code, result.out) == (code, "")
    assert said in result.err
    assert is_harmless(result.err)
