import os
import socket
import stat
from pathlib import Path

import pytest

from portdash.config.files import LARGEST, read_file, suspicion
from portdash.config.project_files import project_files
from portdash.errors import ConfigError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "portdash.toml"


def test_a_file_is_read_with_its_bytes(file: Path):
    file.write_bytes(b"a = 1\n")
    found = read_file(file)
    assert found is not None
    assert (found.path, found.content, found.suspect) == (file, b"a = 1\n", None)


def test_a_missing_file_is_none(file: Path):
    assert read_file(file) is None
    assert read_file(file / "below") is None
    file.write_text("")
    assert read_file(file / "below") is None


def test_a_directory_in_its_place_is_an_error(file: Path):
    file.mkdir()
    with pytest.raises(ConfigError, match="is a directory"):
        read_file(file)


def test_a_pipe_is_refused_without_waiting(file: Path):
    os.mkfifo(file)
    with pytest.raises(ConfigError, match="is not a file"):
        read_file(file)


def test_a_link_to_a_pipe_is_refused_without_waiting(file: Path, tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    file.symlink_to(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="is not a file"):
        read_file(file)


def test_a_socket_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(file.parent)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(file.name)
        with pytest.raises(ConfigError, match="is not a file"):
            read_file(file)


def test_a_link_that_leads_to_itself_is_an_error(file: Path):
    file.symlink_to(file)
    with pytest.raises(ConfigError, match="leads to itself"):
        read_file(file)


def test_a_link_to_nothing_is_an_error(file: Path, tmp_path: Path):
    file.symlink_to(tmp_path / "nothing")
    with pytest.raises(ConfigError, match="link to nothing"):
        read_file(file)


def test_a_huge_file_is_an_error(file: Path):
    file.write_bytes(b"#" * LARGEST)
    assert read_file(file) is not None
    file.write_bytes(b"#" * (LARGEST + 1))
    with pytest.raises(ConfigError, match="larger than 1 MiB"):
        read_file(file)


def test_an_unreadable_file_is_an_error(file: Path, monkeypatch: pytest.MonkeyPatch):
    file.write_text("")
    file.chmod(0)
    if os.geteuid() == 0:  # whom no mode keeps out

        def refuse(*_args: object, **_kwargs: object) -> int:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(ConfigError, match="cannot be read: Permission denied"):
        read_file(file)


def test_a_name_with_control_characters_is_shown_clean(tmp_path: Path):
    (tmp_path / "a\x1b[2J").mkdir()
    with pytest.raises(ConfigError) as caught:
        read_file(tmp_path / "a\x1b[2J")
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    ("owner", "mode", "why"),
    [
        (1000, 0o644, None),
        (0, 0o644, None),
        (1000, 0o664, None),
        (1001, 0o644, "belongs to another user"),
        (1000, 0o646, "can be changed by every user"),
        (0, 0o666, "can be changed by every user"),
        (1001, 0o666, "belongs to another user"),
    ],
)
def test_who_may_have_written_a_file(owner: int, mode: int, why: str | None):
    assert suspicion(owner, stat.S_IFREG | mode, uid=1000) == why


def test_where_users_have_no_numbers_nothing_is_suspect():
    assert suspicion(0, 0o666, uid=None) is None


def test_another_users_file_is_suspect(file: Path):
    file.write_text("")
    us = os.geteuid()
    if us == 0:
        os.chown(file, 12345, 12345)
    found = read_file(file, uid=us if us == 0 else us + 1)
    assert found is not None
    assert found.suspect == "belongs to another user"


def test_project_files_are_found_upward_nearest_first_as_far_as_home(tmp_path: Path):
    home = tmp_path / "home"
    deep = home / "a" / "b"
    deep.mkdir(parents=True)
    for directory in (tmp_path, home, home / "a", deep):
        (directory / "portdash.toml").write_text("")
    names = [path.parent for path in project_files(deep, home)]
    assert names == [deep, home / "a", home]


def test_outside_home_the_search_goes_to_the_root(tmp_path: Path):
    outside = tmp_path / "elsewhere" / "x"
    outside.mkdir(parents=True)
    (tmp_path / "portdash.toml").write_text("")
    assert tmp_path / "portdash.toml" in project_files(outside, tmp_path / "home")


def test_a_home_that_is_a_link_ends_the_search_too(tmp_path: Path):
    real = tmp_path / "real"
    (real / "a").mkdir(parents=True)
    (tmp_path / "link").symlink_to(real)
    (tmp_path / "portdash.toml").write_text("")
    assert project_files(real / "a", tmp_path / "link") == []
