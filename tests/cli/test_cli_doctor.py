"""`portdash doctor`: what it finds, and that one broken part hides no other."""

import os
import socket
import sqlite3
from pathlib import Path

import pytest
from cli_harness import FreePort, Portdash, Result, Server, is_harmless
from redis_server import RedisServer

pytestmark = pytest.mark.usefixtures("project")

SECTIONS = ["store", "configuration", "environment", "ports", "conflicts", "network", "sight", "left behind", "system"]


def checks(result: Result, section: str) -> list[tuple[str, str]]:
    return [(each["level"], each["text"]) for each in result.document["checks"] if each["section"] == section]


def failing(result: Result) -> list[str]:
    return [each["section"] for each in result.document["checks"] if each["level"] == "fail"]


def test_every_section_is_there(portdash: Portdash):
    portdash("alloc", "web")
    result = portdash("doctor")
    assert result.code == 0
    headings = [line for line in result.out.splitlines() if not line.startswith(" ")]
    assert headings[: len(SECTIONS)] == SECTIONS
    assert all(line[2:6] in ("ok  ", "warn", "    ") for line in result.out.splitlines() if line.startswith(" "))
    assert result.err.startswith("0 fail, ")


def test_an_empty_home_is_healthy_and_stays_empty(portdash: Portdash, home: Path):
    before = sorted(home.rglob("*"))
    document = portdash("doctor", "--json").document
    assert document["healthy"] is True
    assert list(document) == ["schema_version", "healthy", "checks"]
    assert list(document["checks"][0]) == ["section", "level", "text", "hint"]
    assert sorted(home.rglob("*")) == before


def test_a_conflict_fails(portdash: Portdash, home: Path, free_port: FreePort, server: Server):
    other = home / "src" / "blog"
    (other / ".git").mkdir(parents=True)
    port = free_port()
    portdash("alloc", f"web={port}")
    server(port, cwd=other)
    result = portdash("doctor", "--json")
    assert result.code == 1
    assert failing(result) == ["conflicts"]
    assert "portdash resolve web" in portdash("doctor").out


def test_a_damaged_store_fails_and_the_machine_is_still_looked_at(portdash: Portdash, home: Path):
    portdash("alloc", "web")
    store = home / ".local" / "state" / "portdash" / "portdash.db"
    with sqlite3.connect(store) as connection:
        connection.execute("UPDATE assignment SET port = 9")
    before = store.read_bytes()
    result = portdash("doctor", "--json")
    assert result.code == 1
    assert failing(result) == ["store"]
    assert checks(result, "system")
    assert "portdash store repair" in portdash("doctor").out
    assert store.read_bytes() == before


@pytest.mark.parametrize("junk", [b"", b"junk", b"\0" * 5000])
def test_a_store_that_is_none(portdash: Portdash, home: Path, junk: bytes):
    store = home / "ports.db"
    store.write_bytes(junk)
    result = portdash("--store", f"sqlite:///{store}", "doctor", "--json")
    assert result.code == (1 if junk else 0)
    assert store.read_bytes() == junk


def test_every_mistake_of_the_configuration_is_named(portdash: Portdash, project: Path):
    (project / "portdash.toml").write_text("strateg = 'minimal'\n[services.web]\nbase = 'x'\n")
    result = portdash("doctor", "--json")
    assert result.code == 1
    assert failing(result) == ["configuration", "configuration"]
    assert checks(result, "system")
    text = portdash("doctor").out
    assert "did you mean strategy?" in text


def test_an_untrusted_project_is_said(portdash: Portdash, project: Path):
    (project / "portdash.toml").write_text('[services.web]\ncommand = "x"\n')
    result = portdash("doctor", "--json")
    assert any("is not trusted" in text for _, text in checks(result, "configuration"))
    assert result.code == 0


def test_the_environment_against_the_store(
    portdash: Portdash, monkeypatch: pytest.MonkeyPatch, project: Path, free_port: FreePort
):
    portdash("alloc", "web", "--preferred", str(free_port()))
    assert checks(portdash("doctor", "--json"), "environment")[0][0] == "ok"
    monkeypatch.setenv("WEB_PORT", "1234")
    assert ("warn", "WEB_PORT differs from the store") in checks(portdash("doctor", "--json"), "environment")
    monkeypatch.delenv("WEB_PORT")
    portdash("export")
    portdash("alloc", "api")
    found = checks(portdash("doctor", "--json"), "environment")
    assert found == [
        (
            "warn",
            "written files are not as the store: .env is older, .env.compose is older and port_exports.sh is older",
        )
    ]
    assert (project / ".env").is_file()


def test_a_server_that_is_open_to_the_network(portdash: Portdash, free_port: FreePort):
    port = free_port()
    with socket.create_server(("0.0.0.0", port)):
        found = [text for level, text in checks(portdash("doctor", "--json"), "network") if level == "warn"]
    assert [text for text in found if f" on {port}: 0.0.0.0" in text or text.startswith("and ")]


def test_a_port_in_the_range_of_the_system(portdash: Portdash, project: Path):
    (project / "portdash.toml").write_text("[[ranges]]\nname = 'high'\nrange = '32000-33000'\ntype = 'high'\n")
    found = checks(portdash("doctor", "--json"), "ports")
    if not any("hands to outgoing" in text and text.startswith("no range") for _, text in found):
        assert any(level == "warn" and text.startswith("the range high 32000-33000 meets") for level, text in found)


def test_an_encoding_that_carries_no_signs(program: Portdash, project: Path):
    result = program("doctor", cwd=project, PYTHONIOENCODING="ascii")
    assert result.code == 0
    assert result.out.isascii()
    assert "warn  output is ascii" in result.out


@pytest.mark.needs_linux
def test_hostile_names_are_harmless(portdash: Portdash, home: Path, monkeypatch: pytest.MonkeyPatch):
    place = home / os.fsdecode(b"x\x1b[31m\xff")
    (place / ".git").mkdir(parents=True)
    monkeypatch.chdir(place)
    monkeypatch.setenv("TERM", "\x1b]52;c;eA==\x07")
    portdash("alloc", "web")
    for command in (["doctor"], ["doctor", "--json"], ["doctor", "--migration"], ["verify"]):
        result = portdash(*command)
        assert is_harmless(result.out + result.err), command


def test_a_path_means_nothing_without_migration(portdash: Portdash):
    result = portdash("doctor", "somewhere")
    assert (result.code, result.out) == (2, "")
    assert "doctor --migration PATH" in result.err


@pytest.mark.needs_redis
class TestRedis:
    """A store on a server."""

    def test_one_that_is_safe(self, portdash: Portdash, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("PORTDASH_STORE", redis_server.url)
        portdash("alloc", "web")
        result = portdash("doctor", "--json")
        assert result.code == 0
        assert [level for level, _ in checks(result, "store")] == ["ok", "ok"]

    def test_one_that_may_lose_what_it_holds(
        self, portdash: Portdash, own_redis: RedisServer, monkeypatch: pytest.MonkeyPatch
    ):
        with own_redis.client() as client:
            client.config_set("appendonly", "no")
            client.config_set("maxmemory-policy", "allkeys-lru")
        monkeypatch.setenv("PORTDASH_STORE", own_redis.url)
        portdash("alloc", "web")
        found = [text for level, text in checks(portdash("doctor", "--json"), "store") if level == "warn"]
        assert len(found) == 2
        assert "append-only" in found[0]
        assert "allkeys-lru" in found[1]
        text = portdash("doctor").out
        assert text.count("append-only") == 1  # once, however many look

    def test_one_that_is_away(self, portdash: Portdash, own_redis: RedisServer, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("PORTDASH_STORE", own_redis.url)
        portdash("alloc", "web")
        own_redis.kill()
        result = portdash("doctor", "--json")
        assert result.code == 1
        assert set(failing(result)) == {"store"}
        assert checks(result, "ports")


class TestMigration:
    """The checklist, with what is found of each step."""

    def steps(self, result: Result) -> dict[int, str]:
        return {each["step"]: each["state"] for each in result.document["steps"]}

    def test_a_project_before(self, portdash: Portdash, project: Path):
        (project / "main.go").write_text('http.ListenAndServe(":8088", nil)\nvar e = "http://localhost:8084"\n')
        (project / "README.md").write_text("Open http://localhost:8088\n")
        result = portdash("doctor", "--migration", "--json")
        assert result.code == 1
        assert list(result.document) == ["schema_version", "finished", "steps"]
        assert self.steps(result) == {
            1: "open", 2: "open", 3: "by_hand", 4: "open", 5: "open", 6: "by_hand", 7: "by_hand", 8: "open",
        }  # fmt: skip
        text = portdash("doctor", "--migration").out
        assert "1. [ ] services take their port from outside" in text
        assert "main.go" in text
        assert "8. [ ] documentation" in text

    def test_a_project_after(self, portdash: Portdash, project: Path):
        (project / "portdash.toml").write_text("[services.api]\nbase = 8000\n")
        portdash("alloc", "api")
        (project / "app.py").write_text(
            'import portdash\nlog = logging.getLogger("portdash.allocation")\n'
            'port = int(os.environ.get("API_PORT", "8000"))\nurl = portdash.endpoint("api")\n'
        )
        (project / "test_app.py").write_text("manager = portdash.NullPortManager()\n")
        result = portdash("doctor", "--migration", str(project), "--json")
        assert self.steps(result) == dict.fromkeys(range(1, 9), "done")
        assert result.code == 0
        assert result.document["finished"] is True
        assert "[x]" in portdash("doctor", "--migration", ".").out

    def test_a_path_that_is_not_there(self, portdash: Portdash):
        result = portdash("doctor", "--migration", "nope")
        assert (result.code, result.out) == (2, "")
        assert result.err.count("\n") == 1
