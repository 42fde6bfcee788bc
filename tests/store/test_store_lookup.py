"""The two questions of `portdash get`."""

import sqlite3 as sql
import subprocess
import sys
from pathlib import Path

import pytest
from store_world import HOST, applied, claim, filled, key, row

from portdash.errors import StoreDamaged, StoreTooNew
from portdash.model.ports import IpProtocol
from portdash.model.storage import RecordWorkspace
from portdash.model.workspace import Workspace
from portdash.store.lookup import port_of, workspace_of
from portdash.store.sqlite import SqliteStore


def get(path: Path, service: str, **other: str) -> int | None:
    where = {"host": HOST, "user": "dev", "workspace": "shop", "environment": "development"} | other
    return port_of(path, service=service, **where)


def test_nothing_is_made_where_nothing_is(path: Path, home: Path):
    assert get(path, "web") is None
    assert workspace_of(path, host=HOST, root="/src") is None
    assert list(home.iterdir()) == []
    path.parent.mkdir()
    path.touch()
    assert get(path, "web") is None
    assert path.stat().st_size == 0


def test_a_port_is_found_by_its_whole_key(sqlite: SqliteStore, path: Path):
    filled(sqlite, ["Web"])
    applied(sqlite, claim(row("dns", 4053, of=key("dns", protocol=IpProtocol.UDP))))
    assert get(path, "WEB") == 4000
    assert get(path, "dns", protocol="udp") == 4053
    for other in ({"workspace": "blog"}, {"user": "x"}, {"environment": "test"}, {"host": "y"}, {"protocol": "udp"}):
        assert get(path, "web", **other) is None
    assert get(path, "dns") is None


def test_a_workspace_is_found_by_its_root(sqlite: SqliteStore, path: Path):
    odd = "/src/\udcff"
    applied(sqlite, RecordWorkspace(HOST, Workspace(name="shop~1a2b", root=odd)))
    assert workspace_of(path, host=HOST, root=odd) == "shop~1a2b"
    assert workspace_of(path, host="other", root=odd) is None
    assert workspace_of(path, host=HOST, root="/src") is None


def test_it_writes_nothing(sqlite: SqliteStore, path: Path):
    filled(sqlite, ["web"])
    before = {each: (each.read_bytes(), each.stat().st_mtime_ns) for each in path.parent.iterdir()}
    assert get(path, "web") == 4000
    assert {each: (each.read_bytes(), each.stat().st_mtime_ns) for each in path.parent.iterdir()} == before


def test_a_newer_store_is_read_if_it_can_be(sqlite: SqliteStore, path: Path):
    filled(sqlite, ["web"])
    connection = sql.connect(path)
    connection.execute("PRAGMA user_version = 3")
    assert get(path, "web") == 4000
    connection.execute("ALTER TABLE assignment RENAME COLUMN port TO number")
    connection.close()
    with pytest.raises(StoreTooNew):
        get(path, "web")


def test_a_row_that_does_not_fit_its_sum_is_damage(sqlite: SqliteStore, path: Path):
    filled(sqlite, ["web"])
    connection = sql.connect(path)
    connection.execute("UPDATE assignment SET port = 4999")
    connection.commit()
    connection.close()
    with pytest.raises(StoreDamaged):
        get(path, "web")


def test_who_is_in_the_way_for_a_moment_is_not_looked_for(sqlite: SqliteStore, path: Path):
    filled(sqlite, ["web"])
    sqlite.close()
    script = """
import sqlite3, sys, threading
from portdash.store.lookup import port_of
path = sys.argv[1]
writer = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
writer.execute("BEGIN EXCLUSIVE")

def leave():  # when the first try was in vain
    while "portdash.store.locking" not in sys.modules:
        over.wait(0.01)
    writer.execute("ROLLBACK")

over = threading.Event()
thread = threading.Thread(target=leave, daemon=True)
thread.start()
key = dict(zip(("host", "user", "workspace", "environment", "service", "protocol"), sys.argv[2:]))
print(port_of(path, **key), "portdash.store.locking" in sys.modules, "portdash.store.holder" in sys.modules)
"""
    words = [sys.executable, "-c", script, str(path), HOST, "dev", "shop", "development", "web", "tcp"]
    told = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True, timeout=60).stdout.split()
    assert told == ["4000", "True", "False"]


def test_it_loads_little():
    script = "import sys; before = set(sys.modules); import portdash.store.lookup; print(*set(sys.modules) - before)"
    loaded = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.split()
    ours = {name for name in loaded if name.startswith("portdash.")}
    rooms = {name for name in ours if not name.startswith("portdash.store")}
    assert rooms == {"portdash.errors", "portdash.text"}
    assert not {"dataclasses", "json", "inspect", "threading", "asyncio", "portdash.store.codec"} & set(loaded)
