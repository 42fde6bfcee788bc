"""The note of how a service came to its end."""

from pathlib import Path

import pytest

from portdash.supervisor.last_end import LastEnd, end_path, keep_end, read_end


def test_it_is_kept_beside_the_log_until_the_next_start(tmp_path: Path):
    path = end_path(tmp_path / "shop" / "web.log")
    assert path.name == "web.end"
    assert read_end(path) is None
    keep_end(path, None)
    for end in (LastEnd(1_800_000_000.25, 3), LastEnd(1_800_000_001.0, None)):
        keep_end(path, end)
        assert read_end(path) == end
    assert path.stat().st_mode & 0o777 == 0o600
    keep_end(path, None)
    assert read_end(path) is None


@pytest.mark.parametrize("data", [b"", b"1.0", b"x 3", b"1.0 three", b"1.0 3 4", b"\xff 3"])
def test_what_is_none_is_none(tmp_path: Path, data: bytes):
    path = tmp_path / "web.end"
    path.write_bytes(data)
    assert read_end(path) is None


def test_no_directory_and_no_link_is_read(tmp_path: Path):
    (tmp_path / "there").write_bytes(b"1.0 3")
    (tmp_path / "web.end").symlink_to("there")
    (tmp_path / "api.end").mkdir()
    assert read_end(tmp_path / "web.end") is None
    assert read_end(tmp_path / "api.end") is None
