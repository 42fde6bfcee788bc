"""Following the log of a service: what is read, and how much of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from portdash.dashboard.log_tail import FIRST_BYTES, MOST_LINES, LogFollower, LogTail
from portdash.dashboard.rows.asked import Log


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "web.log"


@pytest.fixture
def tail(log: Path) -> Iterator[LogTail]:
    tail = LogTail(log)
    yield tail
    tail.close()


def added(log: Path, text: bytes) -> None:
    with log.open("ab") as file:
        file.write(text)


def test_what_is_printed_comes_and_an_unfinished_line_is_shown(log: Path, tail: LogTail):
    added(log, b"one\ntwo\nPassword: ")
    assert tail.look() == ("one", "two", "Password: ")
    assert tail.look() is None
    added(log, b"ok\nthree\n")
    assert tail.look() == ("one", "two", "Password: ok", "three")


def test_a_log_that_was_begun_anew_or_emptied_is_followed_from_its_start(log: Path, tail: LogTail):
    added(log, b"old\nold too\n")
    tail.look()
    log.replace(log.with_suffix(".log.1"))
    added(log, b"new\n")
    assert tail.look() == ("old", "old too", "new")
    log.write_bytes(b"x\n")
    assert tail.look() == ("old", "old too", "new", "x")
    assert tail.look() is None


def test_of_a_log_begun_anew_a_moment_ago_the_end_of_the_older_file_is_read_too(log: Path, tail: LogTail):
    added(log, b"".join(b"line %d\n" % number for number in range(100_000)))
    log.replace(log.with_suffix(".log.1"))
    added(log, b"new\n")
    lines = tail.look()
    assert lines is not None
    assert lines[-2:] == ("line 99999", "new")
    assert len(lines) == MOST_LINES


def test_of_a_huge_log_only_the_end_is_read(log: Path, tail: LogTail):
    added(log, b"".join(b"line %d\n" % number for number in range(100_000)))
    lines = tail.look()
    assert lines is not None
    assert len(lines) == MOST_LINES
    assert lines[-1] == "line 99999"


def test_of_a_line_without_end_no_more_is_read_either(log: Path, tail: LogTail):
    added(log, b"y" * (2 * FIRST_BYTES))
    lines = tail.look()
    assert lines is not None
    assert len("".join(lines)) == FIRST_BYTES


def test_nothing_that_commands_a_terminal_comes_through(log: Path, tail: LogTail):
    added(log, b"\x1b]52;c;aGk=\x07\x1b[31mred\x1b[0m\x9b31m\xff\r\n\x00a\x1b[2Jb\n")
    lines = tail.look()
    assert lines is not None
    assert all(each.isprintable() for each in lines)
    assert "red" in lines[0]


def test_no_log_is_no_error_and_one_that_cannot_be_read_is(log: Path):
    told: list[Log] = []
    follower = LogFollower(log, told.append)
    assert follower._look() == Log(str(log), is_kept=False)
    log.mkdir()
    found = follower._look()
    assert found is not None
    assert found.error
