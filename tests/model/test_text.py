import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portdash.text import and_list, clean, columns, fit, plural, signed


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        ("node", "node"),
        ("日本 ▲ é", "日本 ▲ é"),
        ("[/red]", "[/red]"),
        ("\x1b]52;c;aGk=\x07", r"\x1b]52;c;aGk=\x07"),
        ("\x9b2J", r"\x9b2J"),
        ("a\nb\tc\r", r"a\x0ab\x09c\x0d"),
        ("\x00\x7f", r"\x00\x7f"),
        ("abc\u202edcba", r"abc\u202edcba"),
        ("zero\u200bwidth", r"zero\u200bwidth"),
        (b"caf\xe9", r"caf\xe9"),
        ("\ud800", r"\ud800"),
        ("\U000e0001", r"\U000e0001"),
    ],
)
def test_what_cannot_be_printed_becomes_visible(foreign: str | bytes, shown: str):
    assert clean(foreign) == shown


@given(st.text(alphabet=st.characters(), max_size=400) | st.binary(max_size=400))
def test_cleaned_text_is_printable_and_stays_as_it_is(foreign: str | bytes):
    once = clean(foreign, limit=None)
    assert once.isprintable()
    assert clean(once, limit=None) == once


def test_long_text_is_cut_where_the_caller_says():
    assert clean("x" * 1000) == "x" * 255 + "…"
    assert clean("abcdef", limit=4) == "abc…"
    assert clean("abcd", limit=4) == "abcd"
    assert len(clean("x" * 1000, limit=None)) == 1000


def test_words():
    assert plural(1, "service") == "1 service"
    assert plural(0, "process", "processes") == "0 processes"
    assert and_list([]) == ""
    assert and_list(["a"]) == "a"
    assert and_list(["a", "b", "c"]) == "a, b and c"


def test_a_stream_that_cannot_carry_a_sign_gets_a_question_mark():
    ascii_stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    assert fit(ascii_stream, "▲ web") == "? web"


def test_columns_are_aligned_and_end_without_spaces():
    assert list(columns([("a", "bb", "c"), ("aaa", "b", "")])) == ["a    bb  c", "aaa  b"]


@pytest.mark.parametrize(
    ("encoding", "sign", "line"),
    [
        ("utf-8", "✅", "✅ done"),
        ("UTF8", "⚠️", "⚠️  done"),
        ("utf_8_sig", "✅", "✅ done"),
        ("ascii", "✅", "done"),
        ("cp1252", "✅", "done"),
    ],
)
def test_a_sign_is_for_streams_that_carry_it(encoding: str, sign: str, line: str):
    assert signed(io.TextIOWrapper(io.BytesIO(), encoding=encoding), sign, "done") == line


def test_a_stream_without_an_encoding_carries_every_sign():
    assert signed(io.StringIO(), "✅", "done") == "✅ done"
