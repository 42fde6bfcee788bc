"""The command line on a Redis store: as on any other, and what still works while the server is away."""

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import IO

import pytest
from cli_harness import FreePort, Portdash, is_harmless
from redis_server import RedisServer

import portdash as library
from portdash.errors import StoreUnavailable
from portdash.model.heartbeat import Heartbeat
from portdash.store.redis.registry import Registry

pytestmark = [pytest.mark.needs_redis, pytest.mark.usefixtures("project")]


@pytest.fixture
def server(own_redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> RedisServer:
    """A server that every command of the test uses, with a password."""
    with own_redis.client() as client:
        client.config_set("requirepass", "hunter2")
    monkeypatch.setenv("PORTDASH_STORE", own_redis.url.replace("://", "://:hunter2@"))
    return own_redis


def test_the_commands_work_on_a_server(portdash: Portdash, server: RedisServer, free_port: FreePort):
    wanted = free_port()
    assert portdash("allocate", "web", "--preferred", str(wanted)).out == f"{wanted}\n"
    assert portdash("allocate", "web").out == f"{wanted}\n"
    assert portdash("get", "web").out == f"{wanted}\n"
    status = portdash("status", "--json").document
    assert status["store"] == {"url": f"redis://127.0.0.1:{server.port}/0", "revision": 1, "stale_since": None}
    for command in ("get", "allocate"):
        assert portdash(command, "web", "--json").document["stale_since"] is None
    assert portdash("release", "web").code == 0
    assert portdash("get", "web").code == 3
    assert portdash("undo").code == 0
    assert portdash("get", "web").out == f"{wanted}\n"


def test_a_server_that_is_away_still_gives_the_ports_there_were(
    portdash: Portdash, server: RedisServer, free_port: FreePort
):
    port = free_port()
    portdash("allocate", "web", "--preferred", str(port))
    server.kill()
    for command in (["get", "web"], ["allocate", "web"], ["allocate", "web", "--preferred", str(port)]):
        result = portdash(*command)
        assert (result.code, result.out) == (0, f"{port}\n"), result.err
        assert "cannot be reached: Connection refused" in result.err
        assert "last contact" in result.err
    text = portdash("status")
    assert text.code == 0
    assert "stale, as of" in text.out
    assert str(port) in text.out
    assert "cannot be reached" in text.err
    document = portdash("status", "--json").document
    assert document["store"]["stale_since"].endswith("Z")
    assert document["services"][0]["port"] == port
    since = document["store"]["stale_since"]
    assert portdash("get", "web", "--json").document["stale_since"] == since
    given = portdash("allocate", "web", "--json").document
    assert (given["stale_since"], given["assignments"][0]["port"]) == (since, port)
    listed = portdash("ls")
    assert listed.code == 0
    assert "last contact" in listed.err
    assert "stale, as of" in portdash("report").out
    assert json.loads(portdash("report", "--json").out)["store"]["stale_since"]
    assert portdash("store", "info").code == 5
    marked = (["get", "web"], ["allocate", "web"], ["ls"], ["conflicts"], ["store", "info"])
    for command in marked:
        assert portdash(*command, "--json").document["stale_since"].endswith("Z"), command
    server.start("--requirepass", "hunter2")
    assert portdash("store", "info").code == 0
    for command in marked:
        assert portdash(*command, "--json").document["stale_since"] is None, command


@pytest.mark.parametrize(
    "command",
    ["url web", "check 4400", "export --format sh", "resolve", "suggest web", "env", "snippet vite", "conflicts"],
)
def test_every_command_says_once_that_its_answer_is_of_before(portdash: Portdash, server: RedisServer, command: str):
    portdash("allocate", "web")
    server.kill()
    result = portdash(*command.split())
    assert result.code in (0, 1)
    assert result.err.count("cannot be reached") == 1
    assert result.err.count("ports are those of the last contact, ") == 1


def test_a_server_that_is_away_takes_no_change(portdash: Portdash, server: RedisServer):
    portdash("allocate", "web")
    server.kill()
    for command in (["allocate", "api"], ["allocate", "web", "api"], ["release", "web"], ["move", "web"], ["undo"]):
        result = portdash(*command)
        assert result.code == 5, command
        assert result.out == "" or command == ["move", "web"]  # which shows its plan first
        assert result.err.splitlines()[-1].startswith("portdash: error: the store redis://127.0.0.1")
        assert portdash(*command, "--json").document["error"]["code"] == "store_unavailable"
    server.start("--requirepass", "hunter2")
    assert portdash("allocate", "api").code == 0
    assert portdash("status").err == ""


def test_a_library_gets_its_port_while_the_server_is_away(portdash: Portdash, server: RedisServer):
    port = int(portdash("allocate", "web").out)
    server.kill()
    assert library.allocate("web").port == port
    with pytest.raises(StoreUnavailable):
        library.allocate("api")


def test_a_server_that_never_was_there_is_an_error(portdash: Portdash, server: RedisServer, home: Path):
    server.kill()
    for command in (["status"], ["get", "web"], ["allocate", "web"], ["ls"]):
        result = portdash(*command)
        assert (result.code, result.out) == (5, "")
        assert result.err.count("\n") == 1
        assert is_harmless(result.err)
    assert not list(home.rglob("mirror-*"))


def test_a_hanging_server_is_not_waited_for_long(portdash: Portdash, server: RedisServer):
    port = portdash("allocate", "web").out
    server.pause()
    result = portdash("get", "web")
    assert (result.code, result.out) == (0, port)
    assert "does not answer within 2 s" in result.err
    server.resume()


def test_no_password_is_shown_anywhere(portdash: Portdash, server: RedisServer):
    commands = (["status"], ["status", "--json"], ["report"], ["allocate", "api"], ["--debug", "allocate", "b"])
    said = [portdash(*command) for command in commands]
    server.kill()
    said += [portdash(*command) for command in commands]
    assert "hunter2" not in "".join(each.out + each.err for each in said)


def test_read_only_changes_nothing_on_a_server(portdash: Portdash, server: RedisServer, home: Path):
    assert portdash("--read-only", "allocate", "web").code == 6
    assert portdash("--read-only", "status").code == 0
    assert not list(home.rglob("mirror-*"))
    server.kill()
    with pytest.raises(StoreUnavailable):
        library.allocate("web")


def test_two_machines_share_one_registry(
    portdash: Portdash, server: RedisServer, home: Path, monkeypatch: pytest.MonkeyPatch, free_port: FreePort
):
    port = free_port()
    assert portdash("allocate", "web", "--preferred", str(port)).out == f"{port}\n"
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "another machine"))
    assert portdash("get", "web").code == 3
    assert portdash("allocate", "web", "--preferred", str(port)).out == f"{port}\n"  # each has its own ports
    with server.client("hunter2") as client:
        assert client.hlen("portdash:{portdash}:port") == 2


@pytest.mark.parametrize("names_it", [True, False])
def test_what_other_machines_announce_is_measured_as_it_is_discovered(
    portdash: Portdash, own_redis: RedisServer, monkeypatch: pytest.MonkeyPatch, *, names_it: bool
):
    away = Heartbeat(
        host="f" * 32, label="laptop", address="10.0.0.7", port=8080, service="api", workspace="shop",
        environment="development", health="healthy", version="1.2",
    )  # fmt: skip
    monkeypatch.setenv("PORTDASH_CLUSTER_URL" if names_it else "PORTDASH_STORE", own_redis.url)
    with closing(Registry(own_redis.url)) as registry:
        registry.beat([away], seconds=600.0)
    found = portdash("discover", "api", "--json").document["url"]
    (figures,) = portdash("metrics", "api", "-n", "3", "--json").document["services"]
    (instance,) = figures["instances"]
    assert instance == {
        "service": "api",
        "url": found,
        "port": 8080,
        "health": instance["health"],
        "availability": 1.0,
        "latency_ms": None,
    }


def test_services_of_other_machines_alone_are_measured_with_the_rest(
    portdash: Portdash, server: RedisServer, home: Path, monkeypatch: pytest.MonkeyPatch
):
    portdash("allocate", "web")
    with monkeypatch.context() as there:
        there.setenv("XDG_STATE_HOME", str(home / "another machine"))
        portdash("allocate", "api")
    url = server.url.replace("://", "://:hunter2@")
    with closing(Registry(url)) as registry:
        registry.beat(
            [
                Heartbeat(
                    host="f" * 32, label="laptop", address="10.0.0.7", port=8080, service="api", workspace="shop",
                    environment="development", health="unhealthy", version="",
                )
            ],
            seconds=600.0,
        )  # fmt: skip
    (figures,) = portdash("metrics", "-n", "2", "--json").document["services"]
    assert (figures["name"], figures["availability"]) == ("api", 0.0)


def test_a_service_with_a_port_runs_while_the_server_is_away(
    portdash: Portdash, program: Portdash, server: RedisServer, project: Path
):
    port = portdash("allocate", "web").out
    command = ("run", "web", "--", "sh", "-c", "echo $PORT; exit 7")
    assert program(*command, cwd=project).code == 7
    server.kill()
    result = program(*command, cwd=project)
    assert (result.code, result.out) == (7, port), result.err
    assert "the port is that of the last contact" in result.err
    assert program("run", "api", "--", "true", cwd=project).code == 125
    assert "internal error" not in result.err


def test_what_was_started_while_the_server_was_away_can_be_stopped_once_it_is_back(
    portdash: Portdash, own_redis: RedisServer, project: Path
):
    url = own_redis.url
    portdash("--store", url, "allocate", "web")
    own_redis.kill()
    command = [sys.executable, "-m", "portdash", "--store", url, "run", "web", "--", "sleep", "600"]
    with subprocess.Popen(command, cwd=project, stderr=subprocess.PIPE, text=True) as running:
        try:
            assert running.stderr is not None
            until(running.stderr, "that of the last contact")
            own_redis.start()
            until(running.stderr, "the store is back: web can be asked to stop or move")
            assert portdash("--store", url, "stop", "web").code == 0
            assert running.wait(60) == 143
        finally:
            running.kill()


def until(lines: IO[str], words: str) -> None:
    """Read until a line has these words."""
    for line in lines:
        if words in line:
            return
    raise AssertionError(f"nothing said {words!r}")
