"""Files of a project that portdash writes into: whatever stands there, nothing is lost and nothing waits."""

import errno
import os
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from portdash.errors import PortdashError, Refused
from portdash.machine import textfile
from portdash.machine.textfile import create_text, read_text, replace_text
from portdash.machine.tracked import tracked_by_git


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    root.mkdir()
    return root


def names(root: Path) -> set[str]:
    return {each.name for each in root.iterdir()}


def test_a_file_is_made_and_replaced(root: Path):
    path = root / ".env"
    replace_text(read_text(path, project=root), "A=1\r\n")
    assert path.read_bytes() == b"A=1\r\n"
    found = read_text(path, project=root)
    assert found.text == "A=1\r\n"
    replace_text(found, "A=2\n")
    assert path.read_bytes() == b"A=2\n"
    assert names(root) == {".env"}


def test_bytes_that_are_no_utf8_come_back_as_they_were(root: Path):
    path = root / ".env"
    content = b"\xef\xbb\xbfA=\xff\xfe\x80\r\n\x1b]0;x\x07" + "é☃".encode()
    path.write_bytes(content)
    found = read_text(path, project=root)
    assert found.text is not None
    replace_text(found, found.text)
    assert path.read_bytes() == content


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_the_mode_stays(root: Path, mode: int):
    path = root / ".env"
    path.write_text("A=1\n")
    path.chmod(mode)
    replace_text(read_text(path, project=root), "A=2\n")
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_link_inside_the_project_is_followed_and_stays_a_link(root: Path):
    (root / "config").mkdir()
    (root / "config" / "env").write_text("A=1\n")
    (root / ".env").symlink_to("config/env")
    replace_text(read_text(root / ".env", project=root), "A=2\n")
    assert (root / ".env").is_symlink()
    assert (root / "config" / "env").read_text() == "A=2\n"


def refused(path: Path, root: Path) -> str:
    with pytest.raises(Refused) as caught:
        read_text(path, project=root)
    assert caught.value.exit_code == 6
    assert str(path.parent) in caught.value.message
    assert caught.value.hint
    return caught.value.message


def test_a_link_that_leads_out_is_refused(root: Path, tmp_path: Path):
    outside = tmp_path / "precious"
    outside.write_text("A=1\n")
    (root / ".env").symlink_to(outside)
    assert "leads out of the project" in refused(root / ".env", root)
    (root / "sub").symlink_to(tmp_path)
    assert "leads out of the project" in refused(root / "sub" / "precious", root)
    assert outside.read_text() == "A=1\n"


def test_a_file_that_was_named_outside_is_written(root: Path, tmp_path: Path):
    assert read_text(tmp_path / "elsewhere.env", project=root).text is None
    assert read_text(root / ".." / "elsewhere.env", project=root).text is None


def test_links_in_a_circle_and_to_nothing_are_refused(root: Path):
    (root / "a").symlink_to("b")
    (root / "b").symlink_to("a")
    (root / "c").symlink_to("nothing")
    assert "leads to itself" in refused(root / "a", root)
    assert "link to nothing" in refused(root / "c", root)


def test_what_is_no_file_is_refused_and_nobody_waits_for_a_pipe(root: Path):
    (root / "directory").mkdir()
    os.mkfifo(root / "pipe")
    assert "not a file" in refused(root / "directory", root)
    assert "not a file" in refused(root / "pipe", root)


def test_a_large_file_and_one_with_a_nul_are_refused(root: Path):
    path = root / ".env"
    path.write_bytes(b"A=1\n" * (10 * 1024 * 1024 // 4))
    assert "larger than 1 MiB" in refused(path, root)
    path.write_bytes("A=1\nB=2\n".encode("utf-16"))
    assert "NUL byte" in refused(path, root)
    path.write_bytes(b"A=1\nB=\0\n")
    assert "line 2" in refused(path, root)


def test_a_file_that_changed_meanwhile_is_not_overwritten(root: Path):
    path = root / ".env"
    path.write_text("A=1\n")
    found = read_text(path, project=root)
    path.write_text("A=1\nSECRET=2\n")
    assert replace_text(found, "A=2\n") is False
    assert path.read_text() == "A=1\nSECRET=2\n"
    path.unlink()
    missing = read_text(path, project=root)
    path.write_text("SECRET=2\n")
    assert replace_text(missing, "A=2\n") is False
    assert path.read_text() == "SECRET=2\n"
    assert names(root) == {".env"}


@pytest.mark.parametrize("fails", ["fsync", "fchmod", "replace"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_fails_leaves_the_old_file_and_nothing_beside_it(
    root: Path, monkeypatch: pytest.MonkeyPatch, fails: str, code: int
):
    path = root / ".env"
    path.write_text("A=1\n")
    found = read_text(path, project=root)

    def fail(*_arguments: object, **_named: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path if fails == "replace" else textfile.os, fails, fail)
    with pytest.raises(Refused, match=r"\.env cannot be written") as caught:
        replace_text(found, "A=2\n")
    assert "the space on its disk" in caught.value.hint
    assert path.read_text() == "A=1\n"
    assert names(root) == {".env"}


@pytest.mark.needs_linux
@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_that_may_not_be_written(root: Path):
    (root / ".env").write_text("A=1\n")
    root.chmod(0o500)
    try:
        with pytest.raises(Refused, match="cannot be written"):
            replace_text(read_text(root / ".env", project=root), "A=2\n")
    finally:
        root.chmod(0o700)
    assert (root / ".env").read_text() == "A=1\n"


def test_a_directory_that_is_not_there(root: Path):
    with pytest.raises(Refused, match="cannot be written"):
        replace_text(read_text(root / "no" / ".env", project=root), "A=2\n")


def test_making_never_overwrites(root: Path, tmp_path: Path):
    path = root / "portdash.toml"
    create_text(path, "a", mode=0o600)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(PortdashError, match="is there already"):
        create_text(path, "b")
    (root / "link").symlink_to(tmp_path / "outside")
    with pytest.raises(PortdashError, match="is there already"):
        create_text(root / "link", "b")
    assert path.read_text() == "a"
    assert not (tmp_path / "outside").exists()


@pytest.fixture
def repository(root: Path) -> Path:
    for arguments in (["init", "-q"], ["config", "user.email", "me@localhost"], ["config", "user.name", "me"]):
        subprocess.run(["git", *arguments], cwd=root, check=True)
    return root


@pytest.mark.needs_program("git")
def test_git_says_what_it_tracks(repository: Path, monkeypatch: pytest.MonkeyPatch):
    for name in (".env", "*.sh", "other"):
        (repository / name).write_text("")
    subprocess.run(["git", "add", "--", ".env"], cwd=repository, check=True)
    monkeypatch.setenv("GIT_DIR", "/nowhere")  # as a hook of another repository would have it
    paths = [repository / name for name in (".env", "*.sh", "other", "missing")]
    assert tracked_by_git(paths) == (repository / ".env",)


@pytest.mark.needs_program("git")
def test_nothing_that_the_repository_names_is_run(repository: Path):
    canary = repository / "canary"
    (repository / ".env").write_text("")
    subprocess.run(["git", "add", "--", ".env"], cwd=repository, check=True)
    subprocess.run(["git", "config", "core.fsmonitor", f"touch {canary}; false"], cwd=repository, check=True)
    assert tracked_by_git([repository / ".env"]) == (repository / ".env",)
    assert not canary.exists()


def test_without_git_nothing_is_tracked(root: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(root))
    assert tracked_by_git([root / ".env"]) == ()


def test_outside_any_repository_nothing_is_tracked(root: Path):
    assert tracked_by_git([root / ".env", root / "no" / "such"]) == ()


def test_what_a_killed_export_left_is_swept_and_nothing_else(root: Path):
    old, fresh, mine = (root / name for name in (".a.portdash.tmp", ".b.portdash.tmp", ".c.tmp"))
    for path in (old, fresh, mine):
        path.write_text("")
    os.utime(old, (1.0, 1.0))
    os.utime(mine, (1.0, 1.0))
    replace_text(read_text(root / ".env", project=root), "A=1\n")
    assert names(root) == {".env", ".b.portdash.tmp", ".c.tmp"}


def test_a_directory_that_is_called_like_a_leftover_is_left_alone(root: Path):
    directory = root / ".x.portdash.tmp"
    directory.mkdir()
    os.utime(directory, (1.0, 1.0))
    assert replace_text(read_text(root / ".env", project=root), "A=1\n")
    assert directory.is_dir()


@pytest.mark.faults
def test_an_export_that_is_killed_leaves_the_old_file_or_the_new_one(root: Path):
    path = root / ".env"
    texts = ["A=1\n" * 100_000, "B=2\n" * 100_000]
    code = (
        "import sys, itertools\n"
        "from pathlib import Path\n"
        "from portdash.machine.textfile import read_text, replace_text\n"
        "root = Path(sys.argv[1]); print('ready', flush=True)\n"
        "for text in itertools.cycle(['B=2\\n' * 100_000, 'A=1\\n' * 100_000]):\n"
        "    replace_text(read_text(root / '.env', project=root), text)\n"
    )
    path.write_text(texts[0])
    for pause in range(40):
        process = subprocess.Popen([sys.executable, "-c", code, str(root)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.01 + pause / 2000)
        process.kill()
        process.wait()
        process.stdout.close()
        assert path.read_text() in texts
    for left in root.glob(".*.portdash.tmp"):
        os.utime(left, (1.0, 1.0))
    replace_text(read_text(path, project=root), "C=3\n")
    assert names(root) == {".env"}
