import os
import stat
from pathlib import Path

import pytest

from portdash.api.token import FixedToken, TokenFile, ensure_token, given_token, read_token, rotate_token, token_path
from portdash.errors import Refused


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return token_path(tmp_path / "state")


def test_a_token_is_made_once_of_256_bits_for_its_owner_alone(path: Path):
    assert ensure_token(path)
    token = read_token(path)
    assert len(token) == 43  # 32 bytes in base 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not ensure_token(path)
    assert read_token(path) == token


def test_a_rotated_token_counts_at_once(path: Path):
    ensure_token(path)
    source, old = TokenFile(path), read_token(path)
    assert source.matches(old)
    rotate_token(path)
    assert not source.matches(old)
    assert source.matches(read_token(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_without_a_file_no_token_is_right(path: Path):
    source = TokenFile(path)
    assert not source.matches("")
    ensure_token(path)
    assert source.matches(read_token(path))
    path.unlink()
    assert not source.matches("")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o777])
def test_a_file_that_others_can_open_is_refused(path: Path, mode: int):
    ensure_token(path)
    source, token = TokenFile(path), read_token(path)
    path.chmod(mode)
    with pytest.raises(Refused, match="others may use it"):
        read_token(path)
    with pytest.raises(Refused):
        ensure_token(path)
    assert not source.matches(token)


def test_a_link_is_refused_and_rotating_replaces_it(path: Path, tmp_path: Path):
    target = tmp_path / "elsewhere"
    target.write_text("a" * 43)
    target.chmod(0o600)
    path.parent.mkdir()
    path.symlink_to(target)
    with pytest.raises(Refused, match="a link"):
        read_token(path)
    assert not TokenFile(path).matches("a" * 43)
    rotate_token(path)
    assert target.read_text() == "a" * 43
    assert not path.is_symlink()


def test_a_pipe_a_directory_and_an_empty_file_are_refused_without_waiting(path: Path):
    path.parent.mkdir()
    os.mkfifo(path, 0o600)
    with pytest.raises(Refused, match="no ordinary file"):
        read_token(path)
    path.unlink()
    path.mkdir(0o700)
    with pytest.raises(Refused):
        read_token(path)
    path.rmdir()
    path.touch(0o600)
    with pytest.raises(Refused, match="too short"):
        read_token(path)
    assert not TokenFile(path).matches("")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(path: Path):
    ensure_token(path)
    os.chown(path, 65534, 65534)
    with pytest.raises(Refused, match="another user"):
        read_token(path)


def test_a_token_is_compared_as_a_whole():
    source = FixedToken("abc")
    assert source.matches("abc")
    for wrong in ("", "ab", "abcd", "ABC", "abc\n", "\udcff"):
        assert not source.matches(wrong)


def test_a_token_that_is_handed_over_is_as_long_as_one_of_ours():
    with pytest.raises(Refused, match="PORTDASH_TOKEN is too short") as caught:
        given_token("hunter2" * 4)
    assert "hunter2" not in f"{caught.value.message}{caught.value.hint}"
    assert given_token("t" * 32).matches("t" * 32)
