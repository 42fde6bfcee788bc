"""The header and the line that names the worst trouble."""

from dataclasses import replace

import pytest
import scenes
from rich.cells import cell_len
from row_texts import LIVE, facts_of, text_of

from portdash.dashboard.rows.filtering import parse_filter
from portdash.dashboard.rows.summary import header_line, trouble_line, troubles
from portdash.model.conflict import ConflictKind


def test_header_counts_and_place():
    line = text_of(header_line(facts_of(), LIVE, 160))
    assert line.startswith(
        " portdash   all workspaces (4), you are in shop     20 services   14 running   ▲ 2 conflicts"
    )
    assert "▣ 1 hung   ◐ 1 flapping   ○ 2 not running" in line
    assert line.endswith("live, 0.4s ago ")
    assert text_of(header_line(facts_of(), LIVE, 80)).startswith(
        " 1 Services · all   20: 14 running  ▲ 2  ▣ 1  ◐ 1  ○ 2 "
    )
    assert text_of(header_line(facts_of(), LIVE, 60)).startswith(" 1 Services  20: 14 running ▲2 ▣1 ◐1 ○2 ")
    for width in (40, 60, 80, 120, 160, 220):
        assert cell_len(text_of(header_line(facts_of(), LIVE, width))) == width


def test_narrowed_to_a_workspace_the_header_counts_what_that_has():
    line = text_of(header_line(facts_of(), LIVE._replace(only="blog"), 160))
    assert "only blog     4 services   2 running   ▣ 1 hung   ◐ 1 flapping" in line
    assert "conflict" not in line
    assert "0 services   0 running" in text_of(header_line(facts_of(), LIVE._replace(only="docs"), 160))


def test_the_header_says_only_what_is_unusual():
    odd = replace(scenes.working_day(), environment="staging")
    line = text_of(header_line(facts_of(odd), LIVE._replace(is_locked=True, only="shop"), 200))
    assert "LOCKED  staging" in line
    assert "only shop" in line
    assert "development" not in text_of(header_line(facts_of(), LIVE, 200))


@pytest.mark.parametrize("width", [80, 120])
def test_what_is_wrong_with_a_filter_is_said_whole(width: int):
    problem = parse_filter("port:abc").problems[0]
    line = text_of(header_line(facts_of(), LIVE._replace(problem=problem, filter_text="port:abc"), width))
    assert problem in line
    assert "live" in line


def test_the_header_says_when_the_store_is_away():
    day = scenes.working_day()
    away = facts_of(replace(day, stale_since=day.taken_at - 125))
    for width in (80, 120, 200):
        assert "STORE AWAY 2m" in text_of(header_line(away, LIVE, width))
    assert "STORE" not in text_of(header_line(facts_of(), LIVE, 200))


def test_the_header_says_that_there_are_notes_at_the_end_of_the_list():
    noted = facts_of(replace(scenes.working_day(), notices=("ports.json:3: a merge is unfinished", "something else")))
    for width in (80, 120, 200):
        assert "2 notes below" in text_of(header_line(noted, LIVE, width))


def test_trouble_is_ranked_and_named():
    facts = facts_of()
    names = [key[1].service for key in troubles(facts)]
    assert names == ["web", "web", "cms", "web"]
    line = text_of(trouble_line(facts, None, 160))
    assert (
        "▲ 1 of 4   shop/web cannot have 3000: node 4121 of shop@fix-login holds it, started by claude 3m ago" in line
    )
    assert line.rstrip().endswith("c resolve   n next   ! only these")
    assert text_of(trouble_line(facts, None, 80)).startswith(
        " ▲ 1/4 shop/web: 3000 held by node 4121, shop@fix-login (claude)"
    )
    assert "▣ 3 of 4   blog/cms is hung 40s: node 2811" in text_of(trouble_line(facts, troubles(facts)[2], 160))
    assert "◐ 4 of 4   blog/web is flapping 6x in 5 min: node 6120 " in text_of(
        trouble_line(facts, troubles(facts)[3], 160)
    )


def test_where_there_is_little_room_the_line_still_names_the_holder():
    detail = "localhost reaches postgres 911 on ::1 first, and clients of 127.0.0.1 reach the container of the service"
    found = replace(scenes.conflict(ConflictKind.SHADOWED, scenes.BLOG, "db", 5432, "postgres 911"), detail=detail)
    own = scenes.docker(5432, "blog-db-1", 60, scenes.BLOG)
    facts = facts_of(scenes.snapshot_of([scenes.service(scenes.BLOG, "db", 5432, own=own, conflicts=(found,))]))
    assert "blog/db shadowed: postgres 911 " in text_of(trouble_line(facts, None, 80))
    assert detail in text_of(trouble_line(facts, None, 200))


def test_all_well_says_no_trouble():
    well = facts_of(scenes.snapshot_of([view for view in scenes.working_day().services if view.name == "loki"]))
    assert text_of(trouble_line(well, None, 80)).strip() == "No trouble."
