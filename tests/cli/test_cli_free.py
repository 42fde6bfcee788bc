"""`portdash free`: what it shows, asks, refuses and answers. The shapes of servers are in a file of their own."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from cli_harness import FreePort, Portdash, Server, is_harmless

pytestmark = [pytest.mark.needs_linux, pytest.mark.usefixtures("project")]


def test_a_free_port_is_free_already(portdash: Portdash, free_port: FreePort):
    port = free_port()
    result = portdash("free", str(port))
    assert (result.code, result.out, result.err) == (0, f"{port} is free already\n", "")
    document = portdash("free", f"{port}/udp", "--json").document
    assert list(document) == ["schema_version", "port", "protocol", "free", "plan", "applied", "ends", "lines"]
    assert (document["port"], document["protocol"], document["free"], document["applied"]) == (port, "udp", True, False)


def test_without_a_terminal_somebody_has_to_say_yes(portdash: Portdash, server: Server, free_port: FreePort):
    process = server(port := free_port())
    result = portdash("free", str(port))
    assert result.code == 6
    assert "say --yes to go ahead" in result.err
    assert "python" in result.out
    assert process.poll() is None


def test_a_dry_run_shows_what_is_then_done(portdash: Portdash, server: Server, free_port: FreePort):
    process = server(port := free_port())
    dry = portdash("free", str(port), "--dry-run", "--json")
    assert dry.code == 0
    assert process.poll() is None
    assert not dry.document["applied"]
    assert not dry.document["free"]
    real = portdash("free", str(port), "--yes", "--json")
    assert real.code == 0
    assert process.wait(10) == -15
    for key in ("plan", "ends"):
        assert real.document[key] == dry.document[key]
    assert real.document["plan"]["cost"]["terminated"] == 1


def test_who_ends_along_is_named_and_how_it_is_started_again(
    portdash: Portdash, server: Server, free_port: FreePort, project: Path
):
    port = free_port()
    assert portdash("allocate", f"web={port}").code == 0
    assert portdash("allocate", "socket", "--inherit-from", "web").code == 0
    server(port, cwd=project)
    shown = portdash("free", str(port), "--dry-run").out
    assert "the server of web and socket" in shown
    assert f"  you: start web again with PORT={port}  in " in shown  # its command has lines, and is not to be typed


def test_history_keeps_it(portdash: Portdash, server: Server, free_port: FreePort):
    process = server(port := free_port())
    assert portdash("free", str(port), "--yes").code == 0
    process.wait(10)
    (line,) = portdash("history").out.splitlines()[1:]
    assert f"terminated {port}" in line
    assert f"{port} is free" in line


def test_whose_service_it_is_is_said(portdash: Portdash, server: Server, free_port: FreePort, project: Path):
    port = free_port()
    assert portdash("allocate", f"web={port}").code == 0
    server(port, cwd=project)
    result = portdash("free", str(port), "--dry-run")
    assert "web" in result.out.splitlines()[1]
    server(other := free_port(), cwd=project)
    assert "web" not in portdash("free", str(other), "--dry-run").out.splitlines()[1]
    assert portdash("get", "web").out == f"{port}\n", "the assignment stays"


def test_read_only_ends_nothing(portdash: Portdash, server: Server, free_port: FreePort):
    process = server(port := free_port())
    result = portdash("--read-only", "free", str(port), "--yes")
    assert result.code == 6
    assert "read-only" in result.err
    assert process.poll() is None


def test_bound_and_not_listening_is_told(portdash: Portdash, free_port: FreePort):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", free_port()))
        result = portdash("free", str(bound.getsockname()[1]), "--yes")
    assert result.code == 6
    assert "nobody listens" in result.err


@pytest.mark.parametrize("port", ["0", "65536", "abc", "3000/sctp", "-1", "", "3000 ", "\x1b[2J", "1e3"])
def test_nonsense_is_usage(portdash: Portdash, port: str):
    result = portdash("free", "--yes", "--", port)
    assert result.code == 2
    assert len(result.err.splitlines()) == 1
    assert is_harmless(result.err)


def test_a_refusal_is_a_document_too(portdash: Portdash, free_port: FreePort):
    with socket.create_server(("127.0.0.1", free_port())) as own:
        result = portdash("free", str(own.getsockname()[1]), "--yes", "--json")
    assert result.code == 6
    assert json.loads(result.out)["error"]["code"] == "refused"


def test_names_of_strangers_are_harmless(portdash: Portdash, server: Server, free_port: FreePort):
    server(port := free_port(), "\x1b]52;c;YQ==\x07", "[/red]\u202e", "--token=hunter2")
    result = portdash("free", str(port), "--yes")
    assert result.code == 0
    assert is_harmless(result.out)
    assert is_harmless(result.err)
    assert "hunter2" not in result.out


DATABASE = """
import socket, sys
open("/proc/self/comm", "w").write("postgres")
sock = socket.socket()
sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
sock.bind(("127.0.0.1", int(sys.argv[1])))
sock.listen()
print("ready", flush=True)
sys.stdin.read()
"""


def test_a_database_is_ended_only_when_that_is_meant(portdash: Portdash, free_port: FreePort, home: Path):
    script = home / "database.py"
    script.write_text(DATABASE)
    database = subprocess.Popen(
        [sys.executable, str(script), str(other := free_port())],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert database.stdout.readline() == "ready\n"
        refused = portdash("free", str(other), "--yes")
        assert refused.code == 6
        assert "keeps a database" in refused.err
        assert "--i-know" in refused.err
        assert database.poll() is None
        done = portdash("free", str(other), "--yes", "--i-know")
        assert done.code == 0, done.err
        assert "up to 10s" in done.out
        assert database.wait(10) == -15
    finally:
        database.kill()
        database.communicate()


RELUCTANT = """
import socket, sys
sock = socket.socket()
sock.bind(("127.0.0.1", int(sys.argv[1])))
sock.listen()
print("ready", flush=True)
kept = sock.accept()
sys.stdin.read()
"""


def test_connections_that_linger_are_no_failure(portdash: Portdash, free_port: FreePort, home: Path):
    script = home / "reluctant.py"
    script.write_text(RELUCTANT)
    process = subprocess.Popen(
        [sys.executable, str(script), str(port := free_port())],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout.readline() == "ready\n"
        with socket.create_connection(("127.0.0.1", port)):
            result = portdash("free", str(port), "--yes")
            assert result.code == 0, result.err
            assert f"{port} is free" in result.out
            assert "SO_REUSEADDR" in result.out
        assert process.wait(10) == -15
    finally:
        process.kill()
        process.communicate()
