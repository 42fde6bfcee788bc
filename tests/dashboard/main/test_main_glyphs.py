"""Which signs are drawn: what the user has said of characters, and what Python has put in its place."""

import os
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pytest

from portdash.config.sections import Glyphs as Choice
from portdash.dashboard import glyphs as g
from portdash.dashboard.glyphs import Glyphs, glyphs_for, locale_of
from portdash.dashboard.rows.ranges import SIGNS

ASCII, UNICODE = True, False
GIVEN = {
    "nothing at all, as in a container": ({}, UNICODE),
    "empty": ({"LANG": "", "LC_ALL": ""}, UNICODE),
    "LANG=C": ({"LANG": "C"}, ASCII),
    "LANG=POSIX": ({"LANG": "POSIX"}, ASCII),
    "LC_ALL=C": ({"LC_ALL": "C", "LANG": "de_DE.UTF-8"}, ASCII),
    "LC_ALL=POSIX": ({"LC_ALL": "POSIX"}, ASCII),
    "LC_CTYPE=C": ({"LC_CTYPE": "C", "LANG": "de_DE.UTF-8"}, ASCII),
    "LC_CTYPE over LANG": ({"LC_CTYPE": "C.UTF-8", "LANG": "C"}, UNICODE),
    "LC_ALL over all": ({"LC_ALL": "C.UTF-8", "LC_CTYPE": "C", "LANG": "C"}, UNICODE),
    "C.UTF-8": ({"LANG": "C.UTF-8"}, UNICODE),
    "C.utf8": ({"LC_ALL": "C.utf8"}, UNICODE),
    "with a modifier": ({"LANG": "de_DE.UTF-8@euro"}, UNICODE),
    "LC_CTYPE=UTF-8, as macOS sends it": ({"LC_CTYPE": "UTF-8"}, UNICODE),
    "no charset named": ({"LANG": "en_US"}, UNICODE),
    "ISO-8859-1, not installed": ({"LANG": "en_US.ISO-8859-1"}, ASCII),
    "Japanese, not installed": ({"LANG": "ja_JP.UTF-8"}, ASCII),
    "Korean": ({"LC_ALL": "ko_KR.UTF-8", "LANG": "C.UTF-8"}, ASCII),
    "the console": ({"LANG": "C.UTF-8", "TERM": "linux"}, ASCII),
}


@pytest.mark.parametrize("name", GIVEN)
def test_the_set_follows_what_the_user_has_said(name: str):
    environ, is_ascii = GIVEN[name]
    assert glyphs_for(environ, "utf-8").is_ascii is is_ascii


def test_a_stream_of_another_encoding_takes_ascii():
    assert glyphs_for({"LANG": "C.UTF-8"}, "iso8859-1").is_ascii


def test_what_is_wanted_counts_most():
    assert glyphs_for({"LC_ALL": "C"}, "ascii", Choice.UNICODE) == Glyphs()
    assert glyphs_for({"LANG": "C.UTF-8"}, "utf-8", Choice.ASCII) == Glyphs(is_ascii=True)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc/self/environ")
@pytest.mark.parametrize("name", [name for name in GIVEN if name != "the console"])
def test_python_itself_hides_nothing_of_it(name: str):
    """A Python that starts in a locale that is C, or is none, replaces LC_CTYPE in its own environment."""
    environ, is_ascii = GIVEN[name]
    code = (
        "import os, sys; from portdash.dashboard.glyphs import glyphs_for, locale_of;"
        "print(glyphs_for(locale_of(os.environ), 'utf-8').is_ascii)"
    )
    path = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, "-c", code], env={**environ, "PYTHONPATH": path}, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [str(is_ascii)]


def test_without_proc_the_utf8_mode_tells_who_has_set_it(tmp_path: Path):
    coerced = {"LC_CTYPE": "C.UTF-8", "LANG": "C"}
    nowhere = tmp_path / "environ"
    assert locale_of(coerced, started=nowhere, is_utf8_mode=True) == {"LC_CTYPE": "", "LANG": "C"}
    assert locale_of(coerced, started=nowhere, is_utf8_mode=False) == coerced


def test_what_the_process_was_given_is_asked_first(tmp_path: Path):
    started = tmp_path / "environ"
    started.write_bytes(b"LC_CTYPE=POSIX\0HOME=/\xff\0=\0")
    assert locale_of({"LC_CTYPE": "C.UTF-8"}, started=started)["LC_CTYPE"] == "POSIX"
    assert locale_of({"LC_CTYPE": "de_DE.UTF-8"}, started=started)["LC_CTYPE"] == "de_DE.UTF-8"


def test_signs_of_one_strip_differ_in_ascii_too():
    drawn = [Glyphs(is_ascii=True).draw(glyph) for glyph, _tone, _word in SIGNS.values()]
    assert len(set(drawn)) == len(SIGNS)
    assert all(len(each) == 1 and each.isascii() for each in drawn)


def test_signs_of_states_differ_in_ascii_too():
    signs = (g.RUNNING, g.STARTING, g.DEGRADED, g.UNHEALTHY, g.HUNG, g.TROUBLE, g.IDLE, g.UNKNOWN)
    draw = Glyphs(is_ascii=True).draw
    assert [(one, other) for one, other in combinations(signs, 2) if draw(one) == draw(other)] == []


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("6 services · 4 running · ▲ 1 · ○ 1", "6 services | 4 running | ! 1 | - 1"),
        ("postgres…", "postgres~"),
        ("reading sockets …", "reading sockets.."),
        ("▂▂·▂", "22.2"),
        ("plain - text.", "plain - text."),
    ],
)
def test_text_reads_in_ascii_and_keeps_its_cells(text: str, drawn: str):
    assert Glyphs(is_ascii=True).draw(text) == drawn
    assert len(drawn) == len(text)
    assert Glyphs().draw(text) == text
