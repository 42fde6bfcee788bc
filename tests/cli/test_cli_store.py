"""`portdash store info`, `repair`, `import` and `export`."""

import io
import json
import os
import socket
import sqlite3 as sql
import subprocess
import sys
from pathlib import Path

import pytest
from cli_harness import Portdash, is_harmless

from portdash.store.backup import backup

pytestmark = pytest.mark.usefixtures("project")


@pytest.fixture
def database(home: Path) -> Path:
    """Where the store is."""
    return home / ".local" / "state" / "portdash" / "portdash.db"


@pytest.fixture
def shop(portdash: Portdash, database: Path) -> Path:
    """A store with three services; return its file."""
    assert portdash("allocate", "web", "api", "db", "--base", "20101").code == 0
    return database


def spoil(file: Path) -> bytes:
    """Change the row of api behind the store's back."""
    connection = sql.connect(file)
    connection.execute("UPDATE assignment SET port = 9 WHERE service = 'api'")
    connection.commit()
    connection.close()
    return file.read_bytes()


def ports(portdash: Portdash) -> dict[str, int]:
    return {each["name"]: each["port"] for each in portdash("status", "--json").document["services"]}


class TestInfo:
    """What is known of the store."""

    def test_of_a_store_that_is_not_there(self, portdash: Portdash, home: Path, database: Path):
        result = portdash("store", "info")
        assert result.code == 0
        assert f"{database} (not there yet)" in result.out
        document = portdash("store", "info", "--json").document
        assert (document["exists"], document["integrity"], document["assignments"]) == (False, "absent", 0)
        assert not (home / ".local" / "state" / "portdash" / "portdash.db").exists()

    def test_of_a_sound_one(self, portdash: Portdash, shop: Path):
        copy = backup(shop, "x")
        document = portdash("store", "info", "--json").document
        assert next(iter(document)) == "schema_version"
        expected = {
            "url": f"sqlite:///{shop}", "path": str(shop), "committed_file": None, "exists": True, "format": 2,
            "revision": 1, "assignments": 3, "workspaces": 1, "leases": 0, "events": 3, "operations": 1,
            "integrity": "sound", "detail": None, "copies": [str(copy)], "notices": [],
        }  # fmt: skip
        assert {key: document[key] for key in expected} == expected
        assert document["size"] == shop.stat().st_size
        assert document["free"] > 0
        text = portdash("store", "info").out
        assert "integrity         sound" in text
        assert str(copy) in text

    def test_of_a_damaged_one(self, portdash: Portdash, shop: Path):
        before = spoil(shop)
        result = portdash("store", "info", "--json")
        assert result.code == 5
        assert result.document["integrity"] == "damaged"
        assert "checksum" in result.document["detail"]
        result = portdash("store", "info")
        assert result.code == 5
        assert "portdash store repair" in result.err
        assert shop.read_bytes() == before

    def test_of_a_newer_one(self, portdash: Portdash, shop: Path):
        connection = sql.connect(shop)
        connection.execute("PRAGMA user_version = 7")
        connection.close()
        document = portdash("store", "info", "--json").document
        assert (document["integrity"], document["format"]) == ("too_new", 7)
        result = portdash("store", "repair", "--yes")
        assert result.code == 5
        assert "newer portdash" in result.err

    def test_of_one_in_memory(self, portdash: Portdash):
        document = portdash("--store", "memory:", "store", "info", "--json").document
        assert (document["url"], document["path"], document["integrity"]) == ("memory:", None, "unknown")
        assert portdash("--store", "memory:", "store", "repair").code == 2

    @pytest.mark.parametrize("kind", ["fifo", "directory", "text"])
    def test_of_what_is_none(self, portdash: Portdash, database: Path, kind: str):
        database.parent.mkdir(parents=True)
        {"fifo": os.mkfifo, "directory": os.mkdir, "text": lambda path: path.write_text("\x1b[2J")}[kind](database)
        result = portdash("store", "info")
        assert result.code == 5
        assert is_harmless(result.out + result.err)


class TestRepair:
    """A damaged store is made anew."""

    def test_a_sound_one_needs_none(self, portdash: Portdash, shop: Path):
        before = shop.read_bytes()
        result = portdash("store", "repair")
        assert (result.code, result.out) == (0, f"nothing to repair: {shop} is sound\n")
        assert portdash("store", "repair", "--json").document == {"schema_version": 1, "repaired": False}
        assert shop.read_bytes() == before

    def test_nobody_is_asked_without_a_terminal(self, portdash: Portdash, shop: Path):
        before = spoil(shop)
        result = portdash("store", "repair")
        assert result.code == 6
        assert "--yes" in result.err
        assert portdash("--read-only", "store", "repair", "--yes").code == 6
        assert shop.read_bytes() == before

    def test_it_says_what_it_found_and_keeps_the_damaged_file(self, portdash: Portdash, shop: Path):
        truth = ports(portdash)
        before = spoil(shop)
        assert portdash("status").code == 5
        result = portdash("store", "repair", "--yes")
        assert result.code == 0
        assert "recovered: 3 assignments, 1 workspace" in result.out
        assert "from the log of operations: api" in result.out
        assert "could not be read: 1 row of assignment" in result.out
        (kept,) = shop.parent.glob("portdash.db.corrupt-*")
        assert kept.read_bytes() == before
        assert str(kept) in result.out
        assert ports(portdash) == truth
        assert portdash("store", "info").code == 0

    def test_where_nothing_is_left_the_committed_file_brings_it_back(
        self, portdash: Portdash, project: Path, database: Path
    ):
        (project / "portdash.toml").write_text('store = "json:port_assignments.json"\n')
        portdash("allocate", "web", "api", "--base", "20101")
        truth, committed = ports(portdash), (project / "port_assignments.json").read_bytes()
        database.write_bytes(b"gone" * 5000)
        result = portdash("get", "web")
        assert result.code == 5
        document = portdash("store", "repair", "--yes", "--json").document
        assert document["from_committed_file"] == ["api", "web"]
        assert document["recovered"]["assignments"] == 0
        assert ports(portdash) == truth
        assert (project / "port_assignments.json").read_bytes() == committed

    def test_a_copy_is_used_and_named(self, portdash: Portdash, shop: Path):
        truth = ports(portdash)
        copy = backup(shop, "before")
        shop.write_bytes(b"")
        result = portdash("store", "repair", "--yes")
        assert f"from the copy {copy}, as of then: api, db and web" in result.out
        assert ports(portdash) == truth


class TestExport:
    """The workspace's ports as a plain map."""

    def test_to_a_file_and_to_standard_output(self, portdash: Portdash, shop: Path, project: Path):  # noqa: ARG002
        assert portdash("store", "export", "ports.json").code == 0
        found = json.loads((project / "ports.json").read_text())
        assert found == ports(portdash)
        assert list(found) == ["api", "db", "web"]
        assert portdash("store", "export", "-").out == (project / "ports.json").read_text()

    def test_an_older_map_is_replaced_and_anything_else_is_not(self, portdash: Portdash, shop: Path, project: Path):  # noqa: ARG002
        file = project / "ports.json"
        file.write_text('{"old": 1}')
        assert portdash("store", "export", "ports.json").code == 0
        file.write_text('{"name": "my-package"}')
        result = portdash("store", "export", "ports.json")
        assert result.code == 6
        assert "--force" in result.err
        assert file.read_text() == '{"name": "my-package"}'
        assert portdash("store", "export", "--force", "ports.json").code == 0
        assert json.loads(file.read_text()) == ports(portdash)

    def test_what_is_no_file_is_refused_by_force_too(self, portdash: Portdash, shop: Path, project: Path):  # noqa: ARG002
        os.mkfifo(project / "pipe")
        (project / "loop").symlink_to("loop")
        for name in ("pipe", "loop", "."):
            assert portdash("store", "export", "--force", name).code == 6

    def test_where_nothing_can_be_written_that_is_said(self, portdash: Portdash, shop: Path, project: Path):  # noqa: ARG002
        (project / "file").write_text("x")
        result = portdash("store", "export", "file/ports.json")
        assert result.code in (2, 6)
        assert result.err.count("portdash: error") == 1
        assert portdash("--read-only", "store", "export", "ports.json").code == 6
        assert not (project / "ports.json").exists()


class TestImport:
    """A plain map is taken in: all of it or nothing."""

    @pytest.fixture
    def before(self, portdash: Portdash, shop: Path) -> dict[str, int]:  # noqa: ARG002
        return ports(portdash)

    def test_what_was_exported_changes_nothing(self, portdash: Portdash, before: dict[str, int]):
        portdash("store", "export", "ports.json")
        result = portdash("store", "import", "ports.json")
        assert (result.code, result.out) == (0, "import ports.json\n  nothing to change\n")
        assert ports(portdash) == before

    def test_the_plan_is_shown_and_applied_as_one(self, portdash: Portdash, before: dict[str, int], project: Path):
        (project / "ports.json").write_text(json.dumps({"web": before["api"], "api": before["web"], "new": 20900}))
        result = portdash("store", "import", "--dry-run", "ports.json")
        assert result.code == 0
        assert f"1. move web from {before['web']} to {before['api']}" in result.out
        assert "3. assign 20900 to new" in result.out
        assert ports(portdash) == before
        assert portdash("store", "import", "ports.json").code == 6, "nobody is there to be asked"
        assert portdash("--read-only", "store", "import", "--yes", "ports.json").code == 6
        assert ports(portdash) == before
        document = portdash("store", "import", "--yes", "--json", "ports.json").document
        assert document["applied"]
        assert document["changes"][2] == {"service": "new", "from": None, "to": 20900}
        assert ports(portdash) == {"web": before["api"], "api": before["web"], "db": before["db"], "new": 20900}

    def test_it_can_be_undone(self, portdash: Portdash, before: dict[str, int], project: Path):
        (project / "ports.json").write_text('{"web": 20901, "new": 20900}')
        assert portdash("store", "import", "--yes", "ports.json").code == 0
        assert portdash("undo", "--yes").code == 0
        assert ports(portdash) == before

    def test_a_port_where_a_stranger_listens_is_refused_with_the_holder(
        self, portdash: Portdash, before: dict[str, int], project: Path
    ):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            (project / "ports.json").write_text(json.dumps({"new": 20900, "web": port}))
            result = portdash("store", "import", "--yes", "ports.json")
        assert result.code == 6
        assert f"web cannot have {port}: listening: " in result.err
        assert ports(portdash) == before

    def test_a_port_that_its_service_has_already_stays_and_the_stranger_on_it_is_said(
        self, portdash: Portdash, before: dict[str, int], project: Path
    ):
        (project / "ports.json").write_text(json.dumps({"web": before["web"]}))
        serve = f"import socket; s = socket.create_server(('127.0.0.1', {before['web']})); print(flush=True); input()"
        with subprocess.Popen(
            [sys.executable, "-c", serve], cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as server:
            assert server.stdout is not None
            assert server.stdout.readline() == b"\n"
            result = portdash("store", "import", "--yes", "ports.json")
            server.kill()
        assert result.code == 0
        assert f"{before['web']} is web's already, and listening: " in result.err
        assert ports(portdash) == before

    @pytest.mark.usefixtures("before")
    def test_a_port_against_the_rules_of_its_service_is_said(self, portdash: Portdash, project: Path):
        assert portdash("add", "narrow", "--range", "20700-20710", "--exclude", "20705").code == 0
        for port, why in ((20950, "is outside its range 20700-20710"), (20705, "is excluded"), (80, "is ")):
            (project / "ports.json").write_text(json.dumps({"narrow": port}))
            result = portdash("store", "import", "--dry-run", "ports.json")
            assert result.code == 0
            assert f"{port}, for narrow, {why}" in result.err
            noted = portdash("store", "import", "--dry-run", "--json", "ports.json").document["notes"]
            assert [note for note in noted if why in note]

    def test_a_port_of_somebody_else_is_refused_with_the_name(
        self, portdash: Portdash, before: dict[str, int], project: Path, home: Path, monkeypatch: pytest.MonkeyPatch
    ):
        (project / "ports.json").write_text(json.dumps({"new": 20900, "cache": before["db"]}))
        result = portdash("store", "import", "--yes", "ports.json")
        assert result.code == 6
        assert f"cache cannot have {before['db']}, which is db's; nothing was imported" in result.err
        blog = home / "src" / "blog"
        (blog / ".git").mkdir(parents=True)
        monkeypatch.chdir(blog)
        (blog / "ports.json").write_text(json.dumps({"front": before["web"]}))
        result = portdash("store", "import", "--yes", "ports.json")
        assert result.code == 6
        assert f"front cannot have {before['web']}, which is shop/web's" in result.err
        assert ports(portdash) == {}
        monkeypatch.chdir(project)
        assert ports(portdash) == before

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", ":1: it is empty"),
            ('{"web": 20001,\n "web": 20002}', ":2: web stands there twice"),
            ('{"web": 20001,\n "api": 20001}', ":2: api has 20001, and so has web in line 1"),
            ('{"web": true}', ":1: the port of web is true"),
            ('{"web": "20001"}', ":1: the port of web is a text"),
            ('{"web": 65536}', ":1: the port of web is 65536"),
            ('{"services": {"web": 1}}', ":1: the port of services is nested"),
            ("\x00", ":1: a NUL byte"),
        ],
    )
    def test_a_map_that_is_none_is_named_as_it_was_given_and_with_its_line(
        self, portdash: Portdash, before: dict[str, int], project: Path, text: str, said: str
    ):
        (project / "old").mkdir()
        (project / "old" / "ports.json").write_text(text)
        result = portdash("store", "import", "--yes", "old/ports.json")
        assert result.code == 2
        assert f"error: old/ports.json{said}" in result.err
        assert is_harmless(result.err)
        assert ports(portdash) == before

    def test_what_is_no_file_is_an_error(self, portdash: Portdash, before: dict[str, int], project: Path):
        os.mkfifo(project / "pipe")
        for name, said in (("pipe", "not an ordinary file"), (".", "not an ordinary file"), ("none", "no such file")):
            result = portdash("store", "import", "--yes", name)
            assert result.code == 2
            assert said in result.err
        assert ports(portdash) == before

    def test_standard_input_is_a_file_too(self, portdash: Portdash, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"web": 20001}')))
        assert portdash("store", "import", "--yes", "-").code == 0
        assert ports(portdash) == {"web": 20001}

    def test_a_committed_file_follows(self, portdash: Portdash, project: Path):
        (project / "portdash.toml").write_text('store = "json:port_assignments.json"\n')
        (project / "ports.json").write_text('{"web": 20001}')
        assert portdash("store", "import", "--yes", "ports.json").code == 0
        assert json.loads((project / "port_assignments.json").read_text()) == {"web": 20001}
