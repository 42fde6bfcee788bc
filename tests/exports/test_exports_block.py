"""The block of portdash in a file whose other lines are somebody else's."""

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portdash.errors import Refused
from portdash.exports.block import find_block, plain_settings, set_outside, with_block

START, END = "# >>> portdash >>>", "# <<< portdash <<<"
OURS = ("WEB_PORT=4000", "API_TARGET=http://localhost:4001")


def put(text: str, lines: Sequence[str] = OURS, *, force: bool = False) -> str:
    return with_block(text, lines, comment="#", name=".env", force=force)


def outside(text: str) -> str:
    return re.sub(r"# >>> portdash >>>.*?# <<< portdash <<<\r?\n?", "", text, flags=re.DOTALL)


foreign = st.text(st.characters(exclude_characters="\0", codec="utf-8")).filter(
    lambda text: ">>>" not in text and "<<<" not in text
)


@given(foreign)
def test_what_stands_there_stays_byte_for_byte(text: str):
    first = put(text)
    assert first.startswith(text)
    assert first[len(text) :].lstrip("\r\n").startswith(START)
    assert put(first) == first
    changed = put(first, ["WEB_PORT=4001"])
    assert outside(changed) == outside(first)


@given(foreign, foreign)
def test_a_block_in_the_middle_leaves_both_sides_alone(before: str, after: str):
    text = f"{before}\n{START}\nOLD_PORT=1\n{END}\n{after}"
    found = put(text)
    assert found.startswith(f"{before}\n{START}")
    assert found.endswith((f"{END}\n{after}", f"{END}\r\n{after}"))
    assert "OLD_PORT" not in found
    assert all(line in found for line in OURS)


def test_carriage_returns_are_kept_and_used():
    found = put("SECRET=1\r\nNAME=x\r\n")
    assert found.startswith("SECRET=1\r\nNAME=x\r\n\r\n# >>>")
    assert "\n" not in found.replace("\r\n", "")
    assert put(found) == found


def test_a_last_line_without_an_end_gets_one():
    assert put("SECRET=1").startswith("SECRET=1\n\n# >>>")
    assert put("").startswith("# >>>")


def test_a_block_at_the_very_end_without_a_line_end():
    assert put(f"A=1\n{START}\n{END}").endswith(f"{END}\n")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (f"A=1\n{START}\nB_PORT=1\n", 2, "does not end"),
        (f"A=1\n{END}\n", 2, "ends before it begins"),
        (f"{END}\n{START}\n", 1, "ends before it begins"),
        (f"{START}\n{END}\n\n{START}\n{END}\n", 4, "a second block"),
        (f"{START}\n{START}\n{END}\n", 2, "a second block"),
        (f"{START}\n{END}\n{END}\n", 3, "a second block"),
    ],
)
def test_a_broken_block_is_refused_with_its_line_even_by_force(text: str, line: int, said: str):
    for force in (False, True):
        with pytest.raises(Refused, match=rf"\.env, line {line}: .*{said}"):
            put(text, force=force)


@pytest.mark.parametrize("line", ["SECRET=abc", "<<<<<<< HEAD", "=======", ">>>>>>> theirs", "export TOKEN=1", "hello"])
def test_a_foreign_line_in_the_block_is_not_lost(line: str):
    text = f"A=1\n{START}\nWEB_PORT=1\n{line}\n{END}\n"
    with pytest.raises(Refused, match=r"\.env, line 4: .*would be lost"):
        put(text)
    assert line not in put(text, force=True)


def test_merge_markers_around_the_block_are_two_blocks():
    half = f"{START}\nWEB_PORT=1\n{END}\n"
    with pytest.raises(Refused, match="line 6: a second block"):
        put(f"<<<<<<< HEAD\n{half}=======\n{half}>>>>>>> theirs\n")


def test_our_own_earlier_lines_comments_and_empty_ones_go():
    kept = put(
        f"{START} by an earlier version\nOLD_PORT=1\nAPI_TARGET=http://x\n\n# note\nPORTDASH_EXPORTED=A=1\n{END}\n"
    )
    assert "OLD_PORT" not in kept
    assert "note" not in kept


@pytest.mark.parametrize(
    "line", ["export WEB_PORT=1", "WEB_PORT = 1", "set -gx WEB_PORT 1", "$env:WEB_PORT = '1'", '@set "WEB_PORT=1"']
)
def test_a_variable_that_is_set_outside_as_well_is_told_with_its_line(line: str):
    text = f"A=1\n{line}\n{START}\nWEB_PORT=4000\n{END}\n"
    assert set_outside(text, {"WEB_PORT"}, comment="#", name=".env") == ((2, "WEB_PORT"),)


def test_a_comment_about_a_variable_sets_nothing():
    assert set_outside("# WEB_PORT=1\nMY_WEB_PORT=2\nx WEB_PORT=3\n", {"WEB_PORT"}, comment="#", name=".env") == ()


def test_another_comment_sign():
    text = with_block("", ['@set "A_PORT=1"'], comment="::", name="ports.cmd")
    assert text.splitlines()[0].startswith(":: >>> portdash >>>")
    assert find_block(text, comment="::", name="ports.cmd").lines == ('@set "A_PORT=1"',)


def test_what_a_dotenv_file_sets_besides():
    text = f"A=1\nexport B=\"two # 2\" # note\nC = 'x'\nD=\n# E=1\n{START}\nF_PORT=1\n{END}\nG=7 # seven\r\n"
    assert plain_settings(text) == {"A": "1", "B": "two # 2", "C": "x", "D": "", "G": "7"}
