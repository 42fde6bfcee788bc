"""Whole lines, and whose they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portdash.cli.prefixed import Prefixed
from portdash.supervisor.lines import LONGEST, Lines

PIECES = st.lists(st.binary(max_size=6) | st.sampled_from([b"\n", b"a\n", b"\n\nb"]), max_size=12)


@given(PIECES)
def test_however_it_comes_in_pieces_the_lines_are_the_same(pieces: list[bytes]):
    lines = Lines()
    found = [line for piece in pieces for line in lines.add(piece)]
    *whole, rest = b"".join(pieces).split(b"\n")
    assert (found, lines.rest()) == (whole, rest)


def test_a_line_without_end_is_cut():
    lines = Lines()
    assert lines.add(b"x" * (LONGEST - 1)) == []
    assert lines.add(b"x" * (LONGEST + 11)) == [b"x" * LONGEST] * 2
    assert lines.rest() == b"x" * 10


@given(st.lists(st.tuples(st.sampled_from(["web", "api"]), st.binary(min_size=1, max_size=8)), max_size=20))
def test_no_line_has_anything_of_another(pieces: list[tuple[str, bytes]]):
    output = Prefixed(["web", "api"])
    written: list[tuple[str, bytes]] = []
    output.write = lambda name, lines, _: written.extend((name, line) for line in lines)  # type: ignore[method-assign]
    for name, data in [*pieces, ("web", b""), ("api", b"")]:
        output.hear(name, 1, data)
    for name in ("web", "api"):
        said = b"".join(data for each, data in pieces if each == name)
        assert b"\n".join(line for each, line in written if each == name) == said.removesuffix(b"\n")


def test_a_line_stands_behind_its_name(capsys: pytest.CaptureFixture[str]):
    output = Prefixed(["web", "worker"])
    output.hear("web", 1, b"\x1b[31mred\x1b[0m\n\x1b]0;title\x07two\nthr")
    output.hear("worker", 2, b"err\n")
    output.hear("web", 1, b"")
    captured = capsys.readouterr()
    assert captured.out == "web    | red\nweb    | two\nweb    | thr\n"
    assert captured.err == "worker | err\n"
