"""The server for tests does what it is told, and the plugin hands it out."""

import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from own_ports import own_port

from portdash.errors import UsageError
from portdash.testing import TestInstance

TESTS = """
import httpx

def test_failover(portdash_instances):
    import portdash
    one, other = portdash_instances(), portdash_instances()
    with portdash.Client(portdash.LoadBalancer([one.instance, other.instance])) as client:
        first = client.get("/").json()["port"]
        (one if first == one.port else other).stop()
        assert client.get("/").json()["port"] != first

def test_one(portdash_instance):
    assert httpx.get(portdash_instance.url).json()["pid"] == portdash_instance.pid
"""


def test_it_does_what_it_is_told():
    with TestInstance("web") as server, httpx.Client(base_url=server.url, timeout=60.0) as client:
        told = client.get("/a?b=1").json()
        assert told == told | {"port": server.port, "pid": server.pid, "method": "GET", "path": "/a?b=1", "count": 1}
        assert client.head("/").content == b""
        assert client.post("/", content=b"x" * 100_000).json()["method"] == "POST"
        assert client.post("/", content=iter([b"x"] * 3)).json()["count"] == server.requests == 4
        server.fail(503)
        assert client.get("/").status_code == 503
        server.well()
        assert (client.get("/").status_code, server.requests) == (200, 1)
        server.slow(60.0)
        with pytest.raises(httpx.ReadTimeout):
            client.get("/", timeout=0.05)
        server.well()
        assert (server.instance.service, server.instance.port, server.instance.pid) == ("web", server.port, server.pid)


def test_it_hangs_and_goes_on():
    with TestInstance() as server:
        server.hang()
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(server.url, timeout=0.1)
        server.resume()
        assert httpx.get(server.url, timeout=30.0).status_code == 200


def test_it_ends_comes_back_and_leaves_its_port():
    port = own_port()
    server = TestInstance(port=port)
    server.stop()
    assert not server.is_running
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url)
    server.start()
    assert (httpx.get(server.url, timeout=60.0).status_code, server.port) == (200, port)
    server.close()
    server.close()
    socket.create_server(("127.0.0.1", port)).close()


def test_what_cannot_be_done_is_said_and_harms_nothing():
    with TestInstance() as server:
        for status in (99, 1000, "x"):
            with pytest.raises(UsageError, match="no status"):
                server.fail(status)  # type: ignore[arg-type]
        for seconds in (-1.0, float("nan"), float("inf")):
            with pytest.raises(UsageError, match="no server can"):
                server.slow(seconds)
        pid = server.pid
        server.start()
        assert server.pid == pid
        server.hang()
        with pytest.raises(UsageError, match="hangs"):
            server.slow(1.0)
        with pytest.raises(UsageError, match="hangs"):
            assert server.requests
        server.resume()
        assert httpx.get(server.url, timeout=30.0).json()["count"] == server.requests == 1
        server.stop()
        with pytest.raises(UsageError, match="is stopped"):
            server.fail()


def test_a_port_that_is_taken_is_an_error(capfd: pytest.CaptureFixture[str]):
    with socket.create_server(("127.0.0.1", own_port())) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"could not listen on port {port}"):
            TestInstance(port=port)
    assert "Address already in use" in capfd.readouterr().err


def test_the_plugin_hands_it_out(home: Path):
    (home / "test_it.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "portdash", "-p", "no:cacheprovider", "test_it.py"]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
