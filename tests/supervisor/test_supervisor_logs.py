"""What services printed, kept and shown."""

import os
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portdash.model.assignment import ServiceKey
from portdash.supervisor.log_lines import LogReader, shown
from portdash.supervisor.logs import ServiceLog, log_path


def test_a_service_has_a_file_of_its_own_for_this_user_alone(tmp_path: Path):
    path = log_path(tmp_path, ServiceKey("h", "dev", "shop~1a2b", "development", "web@2"))
    assert path == tmp_path / "logs/shop~1a2b/development/web@2.log"
    log = ServiceLog(path)
    log.write(b"one\n")
    log.close()
    log.close()
    log.write(b"nobody")
    again = ServiceLog(path)
    again.write(b"two\n")
    again.close()
    assert path.read_bytes() == b"one\ntwo\n"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_log_never_grows_beyond_twice_its_limit(tmp_path: Path):
    log = ServiceLog(tmp_path / "web.log", largest=100)
    for number in range(1000):
        log.write(b"%4d\n" % number)
        assert sum(each.stat().st_size for each in tmp_path.glob("web.log*")) <= 200
    log.close()
    with closing(LogReader(tmp_path / "web.log", 25)) as reader:
        assert reader.read() == [b"%4d" % number for number in range(975, 1000)]


def test_a_log_that_cannot_be_written_costs_nothing_else(tmp_path: Path):
    (tmp_path / "file").write_text("")
    log = ServiceLog(tmp_path / "file" / "web.log")
    assert log.error
    log.write(b"x")
    (tmp_path / "web.log").symlink_to(tmp_path / "elsewhere")
    assert ServiceLog(tmp_path / "web.log").error
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.needs_linux
def test_what_stands_in_the_place_of_a_log_and_is_none_is_neither_read_nor_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.log")
    (tmp_path / "secret").write_text("password")
    (tmp_path / "link.log").symlink_to(tmp_path / "secret")
    for name in ("link.log", "pipe.log"):
        for within in (None, 10):
            with pytest.raises(OSError, match=r"regular file|symbolic links"):
                LogReader(tmp_path / name, 1, within=within)
        log = ServiceLog(tmp_path / name)
        log.write(b"x\n")
        assert log.error
    assert (tmp_path / "secret").read_text() == "password"
    (tmp_path / "web.log").write_bytes(b"one\n")
    os.mkfifo(tmp_path / "web.log.1")
    with pytest.raises(OSError, match="regular file"):
        LogReader(tmp_path / "web.log", 1)


def test_new_lines_are_followed_over_a_change_of_files(tmp_path: Path):
    path = tmp_path / "web.log"
    log = ServiceLog(path, largest=20)
    log.write(b"old\nnew\n")
    with closing(LogReader(path, 1)) as reader:
        assert reader.read() == [b"new"]
        log.write(b"first\nhal")
        assert reader.read() == [b"first"]
        log.write(b"f a line, in the next file\n")
        assert reader.read() == [b"half a line, in the next file"]
        log.write(b"one\n")
        log.write(b"two, which is far too long\n")  # the files change places twice between two looks
        assert reader.read() == [b"one", b"two, which is far too long"]
        assert reader.read() == []
    log.close()


def test_a_line_that_nothing_ends_comes_after_a_while_or_at_the_end(tmp_path: Path):
    path = tmp_path / "web.log"
    path.write_bytes(b"one\nName: ")
    with closing(LogReader(path, 5)) as reader:
        assert [reader.read() for _ in range(7)] == [[b"one"], [], [], [], [], [b"Name: "], []]
    with closing(LogReader(path, 5)) as reader:
        assert [reader.read(), reader.rest(), reader.rest()] == [[b"one"], [b"Name: "], []]


PIECE = st.binary(min_size=1, max_size=12) | st.just(b"x\n")


@settings(deadline=None)  # a disk may be slow
@given(st.lists(st.tuples(PIECE, st.booleans()), max_size=30), st.integers(0, 4))
def test_however_a_log_grows_each_line_is_read_once(pieces: list[tuple[bytes, bool]], count: int):
    with TemporaryDirectory() as directory:
        path = Path(directory) / "web.log"
        log = ServiceLog(path, largest=24)
        log.write(b"a\nb\nc\n")
        with closing(LogReader(path, count)) as reader:
            found = reader.read()
            assert found == [b"a", b"b", b"c"][3 - min(count, 3) :]
            found.clear()
            unread = 0
            for data, looks in pieces:
                log.write(data)
                unread += len(data)
                if looks or unread > 20:  # before two whole files are written
                    found += reader.read()
                    unread = 0
            found += reader.read()
            *whole, rest = b"".join(data for data, _ in pieces).split(b"\n")
            held = reader.rest()
        assert [*found, *held] == [*whole, *([rest] if rest else [])]
        log.close()


@pytest.mark.parametrize(
    ("line", "plain", "coloured"),
    [
        (b"plain\n", "plain", "plain"),
        (b"\x1b[1;32mok\x1b[0m done\r\n", "ok done", "\x1b[1;32mok\x1b[0m done\x1b[m"),
        (b"\x1b]52;c;aGVsbG8=\x07copied", "copied", "copied"),
        (b"\x1b]0;title\x1b\\x", "x", "x"),
        (b"\x1b[2J\x1b[Hgone", "gone", "gone"),
        (b"a\tb", "a       b", "a       b"),
        (b"\xff\x00\x9b31m", "\\xff\\x00\\x9b31m", "\\xff\\x00\\x9b31m"),
        ("naïve ✓".encode(), "naïve ✓", "naïve ✓"),
        (b"\x1b", "", ""),
    ],
)
def test_nothing_but_colours_reaches_a_terminal(line: bytes, plain: str, coloured: str):
    assert shown(line, colours=False) == plain
    assert shown(line, colours=True) == coloured


@given(st.binary(max_size=60), st.booleans())
def test_no_line_commands_a_terminal(line: bytes, colours: bool):
    left = shown(line, colours=colours).split("\x1b[")
    assert left[0].isprintable()
    for each in left[1:]:
        code, m, rest = each.partition("m")
        assert m
        assert set(code) <= set("0123456789;:")
        assert rest.isprintable()
