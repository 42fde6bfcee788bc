"""A root that is not there: gone, or on a volume that is not mounted, or where we may not look."""

import os
from pathlib import Path

import pytest

from portdash.machine import volumes
from portdash.machine.volumes import why_unseen


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A directory below which volumes come and go, with something else beside it."""
    (tmp_path / "mnt").mkdir()
    (tmp_path / "fstab").write_text("# <file system> <mount point>\nUUID=1 / ext4\n")
    return tmp_path


def why(disk: Path, *parts: str) -> str | None:
    return why_unseen(str(disk.joinpath(*parts)), fstab=str(disk / "fstab"), removable=(str(disk / "mnt"),))


def test_what_is_seen_or_gone_needs_no_excuse(disk: Path):
    (disk / "shop").mkdir()
    (disk / "file").touch()
    assert why(disk, "shop") is None
    assert why(disk, "gone") is None
    assert why(disk, "file") is None
    assert why(disk, "file", "below") is None
    assert why(disk, "shop", "worktree") is None  # the last of its worktrees, removed
    assert why(disk, "gone", "and", "all") is None
    assert why_unseen("/a\0b") is None


def test_a_volume_that_fstab_names_and_that_is_not_mounted(disk: Path):
    (disk / "data dir").mkdir()
    (disk / "data dir" / "left-over").touch()
    (disk / "fstab").write_text(f"UUID=2 {disk}/data\\040dir ext4 noauto 0 0\nnone none swap\n#x {disk}/a ext4\n")
    assert why(disk, "data dir", "src", "shop") == f"{disk}/data dir is not mounted, which {disk}/fstab names"
    assert why(disk, "data dir 2") is None
    assert why(disk, "a", "b") is None


def test_a_mounted_volume_from_which_it_was_removed(disk: Path, monkeypatch: pytest.MonkeyPatch):
    (disk / "mnt" / "stick").mkdir()
    mounted = str(disk / "mnt" / "stick")
    monkeypatch.setattr(volumes.os.path, "ismount", lambda path: path == mounted)
    (disk / "fstab").write_text(f"UUID=2 {mounted} ext4\n")
    assert why(disk, "mnt", "stick", "shop") is None


def test_below_where_volumes_come_and_go(disk: Path):
    said = f"no volume is mounted where it was, below {disk}/mnt"
    assert why(disk, "mnt", "stick", "shop") == said
    (disk / "mnt" / "stick").mkdir()
    assert why(disk, "mnt", "stick", "shop") == said
    (disk / "mnt" / "stick" / "other").mkdir()
    assert why(disk, "mnt", "stick", "shop") is None  # a directory like any other, and the project was removed


def test_an_empty_directory_from_which_whole_parts_are_missing(disk: Path):
    (disk / "data").mkdir()
    assert why(disk, "data", "src", "shop") == f"{disk}/data is empty, as where a volume is not mounted"
    assert why(disk, "data", "shop") is None
    (disk / "data" / "other").touch()
    assert why(disk, "data", "src", "shop") is None


def test_a_link_to_where_it_was_is_followed(disk: Path):
    (disk / "link").symlink_to(disk / "mnt" / "stick" / "shop")
    assert why(disk, "link") == f"no volume is mounted where it was, below {disk}/mnt"


def test_what_may_not_be_seen(disk: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(path: str) -> os.stat_result:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(volumes.os, "stat", refuse)
    assert why(disk, "shop") == "it cannot be seen: Permission denied"


def test_a_foreign_mount_point_is_shown_clean(disk: Path):
    (disk / "fstab").write_text(f"UUID=2 {disk}/\x1b[2J ext4\n")
    said = why(disk, "\x1b[2J", "shop")
    assert said is not None
    assert said.isprintable()
