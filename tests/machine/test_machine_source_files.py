"""Reading the files that people wrote, and nothing that would hang, overflow or lead elsewhere."""

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from portdash.machine.source_files import LARGEST, MOST_FILES, Skipped, SourceFiles, listed_by_git


def tree(root: Path, *, skips: tuple[str, ...] = ("node_modules",)) -> SourceFiles:
    return SourceFiles(str(root), wanted=lambda path: path.endswith((".py", ".fifo")), skips=skips.__contains__)


def paths(root: Path) -> list[str]:
    return [source.path for source in tree(root)]


def test_every_wanted_file_once_and_in_order(tmp_path: Path):
    for name in ("b.py", "a.py", "sub/c.py", "sub/deep/d.py", "node_modules/e.py", "f.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    assert [(each.path, each.text) for each in tree(tmp_path)] == [
        (name, name) for name in ("a.py", "b.py", "sub/c.py", "sub/deep/d.py")
    ]


def test_one_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "a.py").write_text("x")
    assert paths(tmp_path / "a.py") == ["a.py"]
    monkeypatch.chdir(tmp_path)
    assert paths(Path("a.py")) == ["a.py"]
    (tmp_path / "link").symlink_to("a.py")
    assert paths(Path("link")) == ["a.py"]


def test_a_root_that_is_not_there(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        paths(tmp_path / "nope")


@pytest.mark.needs_linux
def test_what_is_no_plain_file_is_counted_and_never_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "a.fifo")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(tmp_path / "s.py"))
        (tmp_path / "dead.py").symlink_to("nowhere")
        (tmp_path / "loop").symlink_to(tmp_path)
        (tmp_path / "large.py").touch()
        os.truncate(tmp_path / "large.py", 1024**3)
        (tmp_path / "edge.py").write_bytes(b"x" * LARGEST)
        (tmp_path / "binary.py").write_bytes(b"\x7fELF\0\0")
        (tmp_path / "latin.py").write_bytes(b"caf\xe9")
        looked = tree(tmp_path)
        found = {source.path: source.text for source in looked}
    assert sorted(found) == ["edge.py", "latin.py"]
    assert found["latin.py"] == "caf\udce9"
    assert looked.read == 2
    assert looked.skipped == {
        Skipped.NO_FILE: 1, Skipped.UNREADABLE: 1, Skipped.TOO_LARGE: 1, Skipped.BINARY: 1,
    }  # fmt: skip


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_counted(tmp_path: Path):
    (tmp_path / "a.py").write_text("x")
    (tmp_path / "a.py").chmod(0)
    (tmp_path / "closed").mkdir(mode=0)
    looked = tree(tmp_path)
    assert list(looked) == []
    assert looked.skipped == {Skipped.UNREADABLE: 2}


def test_a_file_that_goes_away_meanwhile(tmp_path: Path):
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("x")
    looked = tree(tmp_path)
    sources = iter(looked)
    assert next(sources).path == "a.py"
    (tmp_path / "b.py").unlink()
    assert list(sources) == []
    assert looked.skipped == {Skipped.UNREADABLE: 1}


@pytest.mark.needs_program("rm")
def test_a_directory_deeper_than_any_stack(tmp_path: Path):
    top = tmp_path / "top"
    top.mkdir()
    here = os.open(top, os.O_RDONLY)
    try:
        for _ in range(1500):
            os.mkdir("d", dir_fd=here)
            below = os.open("d", os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
        (top / "d" / "a.py").write_text("x")
        assert paths(top) == ["d/a.py"]
    finally:
        os.close(here)
        subprocess.run(["rm", "-rf", str(top)], check=True)  # Python's own way is not deep enough


def test_names_that_are_no_text(tmp_path: Path):
    name = os.fsdecode(b"caf\xe9\x1b[31m.py")
    (tmp_path / name).write_text("x")
    assert paths(tmp_path) == [name]


def git(where: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=where, check=True, capture_output=True)


@pytest.mark.needs_program("git")
def test_git_says_what_is_there(tmp_path: Path):
    top = tmp_path / "repo"
    (top / "ignored").mkdir(parents=True)
    git(top, "init", "-q")
    (top / ".gitignore").write_text("ignored/\n*.gen.py\n")
    for name in ("a.py", "x.gen.py", "ignored/b.py", "new.py"):
        (top / name).write_text("x")
    git(top, "add", "a.py")
    assert paths(top) == ["a.py", "new.py"]
    assert paths(tmp_path) == ["repo/a.py", "repo/new.py"]
    assert paths(top / "ignored") == ["b.py"]  # asked for by name
    (top / "a.py").unlink()
    looked = tree(top)
    assert [each.path for each in looked] == ["new.py"]
    assert looked.skipped == {Skipped.UNREADABLE: 1}


@pytest.mark.needs_program("git")
def test_nothing_that_a_repository_names_is_run(tmp_path: Path):
    git(tmp_path, "init", "-q")
    ran = tmp_path / "ran"
    hook = tmp_path / "hook"
    hook.write_text(f"#!/bin/sh\ntouch {ran}\n")
    hook.chmod(0o755)
    git(tmp_path, "config", "core.fsmonitor", str(hook))
    (tmp_path / "a.py").write_text("x")
    assert paths(tmp_path) == ["a.py"]
    assert not ran.exists()


def test_without_git_the_directory_is_walked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / ".git").mkdir()
    (tmp_path / "a.py").write_text("x")
    assert paths(tmp_path) == ["a.py"]  # no repository, whatever it looks like
    monkeypatch.setenv("PATH", "")
    assert shutil.which("git") is None
    assert listed_by_git(str(tmp_path)) is None
    assert paths(tmp_path) == ["a.py"]


def test_the_bound_is_said():
    assert str(MOST_FILES) in Skipped.TOO_MANY.value
