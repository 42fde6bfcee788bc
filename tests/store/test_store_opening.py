"""From a URL to a store; and disks that are somebody else's."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest
from store_world import HOST, batch, claim, row

from portdash.config.paths import default_store_url
from portdash.errors import ConfigError, StoreReadOnly, StoreUnavailable
from portdash.store import place, trouble
from portdash.store.filesystem import refuse_network, type_of
from portdash.store.memory import MemoryStore
from portdash.store.opening import open_store
from portdash.store.sqlite import SqliteStore


def test_the_default_url_is_a_file_in_the_state_directory(home: Path):
    store = open_store(default_store_url({}, home, platform="linux"), host=HOST)
    assert isinstance(store, SqliteStore)
    store.apply(batch(claim(row("web", 4000))))
    store.close()
    assert (home / ".local/state/portdash/portdash.db").is_file()


@pytest.mark.parametrize("url", ["sqlite:///{}", "sqlite:////{}"])
def test_three_slashes_and_four_name_the_same_file(home: Path, url: str):
    store = open_store(url.format(str(home / "x.db").lstrip("/")), host=HOST)
    assert store.url == f"sqlite:///{home}/x.db"
    store.close()


def test_read_only_is_passed_on(home: Path):
    store = open_store(f"sqlite:///{home}/x.db", host=HOST, read_only=True)
    with pytest.raises(StoreReadOnly):
        store.apply(batch())
    store.close()


@pytest.mark.needs_redis
def test_a_server_is_touched_only_when_it_is_asked(home: Path):
    store = open_store("redis://ann:secret@127.0.0.1:1/2", host=HOST, state_dir=home)
    assert store.url == "redis://127.0.0.1:1/2"
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        store.snapshot()
    store.close()


def test_a_server_without_the_extra_names_it():
    code = (
        "import sys; sys.modules['redis'] = None; from portdash.cli.guard import run; "
        "sys.exit(run(['--store', 'redis://:secret@h/0', 'status']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "needs the package redis" in done.stderr
    assert "pip install 'portdash[redis]'" in done.stderr
    assert "secret" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_memory_is_named_so():
    store = open_store("memory:", host=HOST)
    assert isinstance(store, MemoryStore)
    assert store.url == "memory:"


@pytest.mark.parametrize(
    "url",
    [
        *("", "sqlite", "sqlite:", "sqlite:x.db", "sqlite://x.db", "sqlite:///", "sqlite:///a/", "sqlite:///a\0b"),
        *("memory", "json:x.json", "mysql://root:secret@db/1", "redis://:secret@", "rediss://:secret@h/0/x"),
        "\x1b[2J:",
    ],
)
def test_what_is_no_store_is_a_configuration_error_that_tells_no_secret(url: str):
    with pytest.raises(ConfigError) as caught:
        open_store(url, host=HOST)
    assert "secret" not in caught.value.message + caught.value.hint
    assert caught.value.message.isprintable()


TABLE = r"""
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 27 0:40 / /home rw,relatime shared:2 master:3 - nfs4 server:/export rw,vers=4.2
31 30 0:41 / /home/with\040space rw - fuse.sshfs me@host:/ rw
32 30 254:1 / /home/local rw - ext4 /dev/vdb rw
33 27 0:42 / /mnt/twice rw - ext4 /dev/vdc rw
34 33 0:43 / /mnt/twice rw - cifs //server/share rw
broken line
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/x.db", "ext4"),
        ("/home/me/x.db", "nfs4"),
        ("/home", "nfs4"),
        ("/homes/x.db", "ext4"),
        ("/home/local/x.db", "ext4"),
        ("/home/with space/x.db", "fuse.sshfs"),
        ("/mnt/twice/x.db", "cifs"),
    ],
)
def test_the_file_system_of_a_path_is_that_of_its_innermost_mount(path: str, kind: str):
    assert type_of(path, TABLE) == kind


def test_a_network_home_is_refused_with_advice(tmp_path: Path):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(TABLE)
    for path in ("/home/me/x.db", "/home/with space/x.db", "/mnt/twice/x.db"):
        with pytest.raises(StoreUnavailable, match="network file system") as caught:
            refuse_network(path, mounts)
        assert "PORTDASH_STORE" in caught.value.hint
    refuse_network("/home/local/x.db", mounts)
    refuse_network("/home/me/x.db", tmp_path / "missing")


def test_a_store_on_a_network_home_is_refused_for_reading_and_writing(home: Path, monkeypatch: pytest.MonkeyPatch):
    mounts = home / "mountinfo"
    mounts.write_text("30 27 0:40 / / rw - nfs server:/ rw\n")
    monkeypatch.setattr("portdash.store.sqlite.refuse_network", lambda path: refuse_network(path, mounts))
    store = SqliteStore(home / "x.db", host=HOST)
    with pytest.raises(StoreUnavailable):
        store.snapshot()
    with pytest.raises(StoreUnavailable):
        store.apply(batch(claim(row("web", 4000))))
    assert not (home / "x.db").exists()


@pytest.mark.parametrize(
    ("number", "writing", "code"),
    [
        (errno.ENOSPC, True, "store_read_only"),
        (errno.EDQUOT, True, "store_read_only"),
        (errno.EROFS, True, "store_read_only"),
        (errno.EACCES, True, "store_read_only"),
        (errno.EACCES, False, "store_unavailable"),
        (errno.ELOOP, True, "store_unavailable"),
        (errno.EMFILE, True, "store_unavailable"),
    ],
)
def test_errors_of_the_system_are_said_in_the_stores_words(number: int, writing: bool, code: str):
    error = trouble.from_os(OSError(number, "so\x1b it is"), "/x\n.db", writing=writing)
    assert error.code == code
    assert error.message.isprintable()


def test_a_first_commit_between_two_looks_is_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "portdash.db"
    path.touch()

    def commit_meanwhile(_lock_path: str) -> bytes:
        path.write_bytes(b"the first page")
        return b"its seal"

    monkeypatch.setattr(place, "read_seal", commit_meanwhile)
    found = place.look(str(path))
    assert found
    assert found.st_size == len(b"the first page")
