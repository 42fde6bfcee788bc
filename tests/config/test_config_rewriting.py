"""Replacing a file: whole or not at all, with mode and links as they were, and never what is not ours to change."""

import errno
import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from portdash.config import rewriting
from portdash.config.files import ReadFile
from portdash.config.rewriting import rewrite
from portdash.errors import ConfigError, Refused


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """An empty directory."""
    directory = tmp_path / "project"
    directory.mkdir()
    return directory


def to(content: bytes):
    return lambda _found: content


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_a_new_file_is_made_and_an_old_one_replaced(place: Path):
    file = place / "portdash.toml"
    rewrite(file, to(b"a"))
    rewrite(file, lambda found: found.content + b"b")
    assert file.read_bytes() == b"ab"
    assert names(place) == ["portdash.toml"]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o444])
def test_the_mode_stays(place: Path, mode: int):
    file = place / "portdash.toml"
    file.touch()
    file.chmod(mode)
    rewrite(file, to(b"a"))
    assert stat.S_IMODE(file.stat().st_mode) == mode


def test_a_change_that_fails_leaves_the_file(place: Path):
    file = place / "portdash.toml"
    file.write_bytes(b"a")

    def fail(_found: ReadFile | None) -> bytes:
        raise ConfigError("no")

    with pytest.raises(ConfigError):
        rewrite(file, fail)
    assert file.read_bytes() == b"a"
    assert names(place) == ["portdash.toml"]


def test_a_file_that_changed_meanwhile_is_left_alone(place: Path):
    file = place / "portdash.toml"
    file.write_bytes(b"a")

    def change(found: ReadFile | None) -> bytes:
        file.write_bytes(b"an editor's")
        assert found
        return found.content + b"b"

    with pytest.raises(ConfigError, match="changed meanwhile"):
        rewrite(file, change)
    assert file.read_bytes() == b"an editor's"


def test_a_write_that_fails_leaves_the_file_and_nothing_else(place: Path, monkeypatch: pytest.MonkeyPatch):
    file = place / "portdash.toml"
    file.write_bytes(b"a")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(rewriting.os, "fsync", full)
    with pytest.raises(ConfigError, match="No space left"):
        rewrite(file, to(b"b"))
    assert file.read_bytes() == b"a"
    assert names(place) == ["portdash.toml"]


def test_a_link_within_the_project_is_followed(place: Path):
    (place / "config").mkdir()
    (place / "config" / "real.toml").write_bytes(b"a")
    (place / "portdash.toml").symlink_to("config/real.toml")
    rewrite(place / "portdash.toml", to(b"b"))
    assert (place / "portdash.toml").is_symlink()
    assert (place / "config" / "real.toml").read_bytes() == b"b"


def test_a_link_out_of_the_project_is_refused(place: Path):
    outside = place / "outside.toml"
    outside.write_bytes(b"a")
    (place / "project").mkdir()
    (place / "project" / "portdash.toml").symlink_to("../outside.toml")
    with pytest.raises(Refused, match="leads out of its project"):
        rewrite(place / "project" / "portdash.toml", to(b"b"))
    assert outside.read_bytes() == b"a"


def test_what_is_no_file_is_refused(place: Path):
    loop, pipe, directory = place / "loop", place / "pipe", place / "directory"
    loop.symlink_to(loop)
    os.mkfifo(pipe)
    directory.mkdir()
    for path in (loop, pipe, directory, place / "missing" / "portdash.toml"):
        with pytest.raises(ConfigError):
            rewrite(path, to(b"b"))
    assert names(place) == ["directory", "loop", "pipe"]


def test_a_file_that_every_user_can_change_is_refused(place: Path):
    file = place / "portdash.toml"
    file.write_bytes(b"a")
    file.chmod(0o666)
    with pytest.raises(ConfigError, match="can be changed by every user"):
        rewrite(file, to(b"b"))
    assert file.read_bytes() == b"a"


def test_changes_at_once_are_made_one_after_the_other(place: Path):
    file = place / "portdash.toml"
    together = threading.Barrier(8)

    def add(number: int) -> None:
        together.wait()
        rewrite(file, lambda found: (found.content if found else b"") + b"%d\n" % number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(8)))
    assert sorted(file.read_bytes().split()) == [b"%d" % number for number in range(8)]


def test_a_lock_that_is_never_given_up_is_said(place: Path, monkeypatch: pytest.MonkeyPatch):
    fcntl = pytest.importorskip("fcntl")
    monkeypatch.setattr(rewriting, "PATIENCE", 0.05)
    descriptor = os.open(place, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with pytest.raises(ConfigError, match="another process"):
            rewrite(place / "portdash.toml", to(b"b"))
    finally:
        os.close(descriptor)
    assert names(place) == []


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOTSUP])
def test_a_directory_that_cannot_be_synchronised_is_no_failure(place: Path, monkeypatch: pytest.MonkeyPatch, code: int):
    sync = os.fsync

    def files_alone(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(code, os.strerror(code))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", files_alone)
    rewrite(place / "portdash.toml", to(b"a"))
    assert (place / "portdash.toml").read_bytes() == b"a"


def test_what_a_killed_process_left_is_swept_and_nothing_else(place: Path):
    for name in (".portdash.toml.a1.portdash.tmp", ".mine.tmp"):
        (place / name).write_text("")
        os.utime(place / name, (1.0, 1.0))
    (place / ".portdash.toml.b2.portdash.tmp").write_text("")
    rewrite(place / "portdash.toml", to(b"a"))
    assert names(place) == [".mine.tmp", ".portdash.toml.b2.portdash.tmp", "portdash.toml"]
