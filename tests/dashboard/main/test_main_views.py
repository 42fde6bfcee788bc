"""The five views: what rows each has, that every line fits, and going from one to another."""

from dataclasses import replace
from itertools import pairwise

import pytest
import scenes
from fakes import SIZES, WEB, desk_for, footer_of, look, row_key, running, screen_lines, until
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from row_texts import facts_of, find, text_of

from portdash.dashboard.rows.column_sets import columns_of
from portdash.dashboard.rows.drawing import Beside, line_of
from portdash.dashboard.rows.facts import Facts
from portdash.dashboard.rows.filtering import parse_filter
from portdash.dashboard.rows.listing import ListState
from portdash.dashboard.rows.needs import Needs, needs_of
from portdash.dashboard.rows.paint import head_line
from portdash.dashboard.rows.ranges import bucket, bucket_text, cells_of
from portdash.dashboard.rows.row import RangeLine
from portdash.dashboard.rows.seeing import see
from portdash.dashboard.rows.view import View
from portdash.model.history import Event, EventKind
from portdash.model.policy import Policy, TypeRange
from portdash.model.ports import PortRange


def event(kind: EventKind, ago: float, workspace: str, actor: str, reason: str, **ports: int) -> Event:
    at = scenes.NOW - ago
    return Event(
        kind=kind, at=at, workspace=workspace, service="web", actor=actor, reason=reason, sequence=int(at), **ports
    )


EVENTS = (
    event(EventKind.ASSIGNED, 90000, "shop", "cli", "preferred", to_port=3000),
    event(EventKind.MOVED, 60, "shop~1a2b", "dashboard", "[/red] fallback", from_port=3000, to_port=3002),
    event(EventKind.CONFLICT, 30, "shop", "watch", "squatted", to_port=3000),
)


def ranged() -> Facts:
    policy = Policy(
        ranges=(TypeRange("web", PortRange(3000, 3999), "web"), TypeRange("tiny", PortRange(8080, 8083), "x"))
    )
    return replace(facts_of(replace(scenes.working_day(), policy=policy)), events=EVENTS)


def lines(view: View, width: int, text: str = "", facts: Facts | None = None) -> list[str]:
    facts = facts or ranged()
    listing = see(facts, ListState(view=view, filter=parse_filter(text)))
    columns = columns_of(view, width, needs_of(listing))
    return [text_of(line_of(row, facts, columns, width, Beside())) for row in listing.rows]


@pytest.mark.parametrize("view", View)
def test_every_line_of_every_view_is_as_wide_as_the_screen(view: View):
    for width in range(20, 301, 7):
        assert {cell_len(line) for line in lines(view, width)} == {width}, width
        if width >= 40:
            assert cell_len(text_of(head_line(columns_of(view, width, Needs()), others=False))) <= width


def test_sockets_are_a_row_each_with_their_service():
    found = lines(View.LISTENING, 103)
    assert len(found) == len(scenes.working_day().listeners)
    assert "≠ web" not in find(found, "5175")
    assert find(found, " 8000 ", "uvicorn").split()[:5] == ["8000", "tcp", "127.0.0.1", "3990", "uvicorn"]
    assert "= api" in find(found, " 8000 ")
    assert find(found, " 6006 ").split()[5:8] == ["shop@fix-login", "=", "storybook"]
    assert [int(line.split()[0]) for line in found] == sorted(int(line.split()[0]) for line in found)


def test_conflicts_say_since_when_and_the_way_out():
    found = lines(View.CONFLICTS, 140)
    assert [line.split()[1] for line in found] == ["squatted", "misplaced", "hung", "flapping"]
    assert "c shows the ways out" in found[0]
    assert " 3m " in found[0]


def test_history_is_newest_first_and_its_words_are_no_markup():
    found = lines(View.HISTORY, 120)
    assert [line.split()[1] for line in found[:2]] == ["watch", "dashboard"]
    assert "3000 → 3002" in found[1]
    assert "[/red] fallback" in found[1]
    assert len(lines(View.HISTORY, 120, "port:3002")) == 1
    assert len(lines(View.HISTORY, 120, "project:fix")) == 1


@pytest.mark.parametrize(
    ("view", "text", "words"),
    [
        (View.LISTENING, "nonesuch", "Nothing matches /nonesuch"),
        (View.CONFLICTS, "port:1", "Nothing matches /port:1. 4 troubles are hidden. esc clears"),
        (View.HISTORY, "nonesuch", "3 events are hidden"),
        (View.HISTORY, "! assigned", "Nothing matches /! assigned. 3 events are hidden. esc clears"),
    ],
)
def test_a_view_says_why_it_is_empty(view: View, text: str, words: str):
    (line,) = lines(view, 100, text)
    assert words in line


def test_the_trouble_key_leaves_of_other_views_what_is_about_trouble():
    assert [line.split()[2] for line in lines(View.HISTORY, 120, "!")] == ["conflict"]
    calm = replace(ranged(), events=EVENTS[:2])
    assert lines(View.HISTORY, 100, "!", calm)[0].strip() == "No event tells of trouble. ! or esc shows all"
    day = scenes.working_day()
    squatter = next(seen for seen in day.listeners if seen.listener.port == 3000)
    loose = replace(
        day, listeners=tuple(replace(seen, key=None) if seen is squatter else seen for seen in day.listeners)
    )
    assert any(" 3000 " in line for line in lines(View.LISTENING, 120, "!", facts_of(loose)))
    well = facts_of(scenes.snapshot_of([view for view in day.services if view.name == "loki"]))
    assert lines(View.LISTENING, 100, "!", well)[0].strip() == "No socket is in trouble. ! or esc shows all"


def test_no_trouble_tells_of_the_last():
    well = facts_of(scenes.snapshot_of([view for view in scenes.working_day().services if view.name == "loki"]))
    assert "No trouble" in lines(View.CONFLICTS, 100, facts=well)[0]
    assert "Last: shop/web, 30s ago" in lines(View.CONFLICTS, 100, facts=replace(well, events=EVENTS))[0]


@given(first=st.integers(1, 60000), count=st.integers(1, 5000), cells=st.integers(1, 120))
def test_the_buckets_of_a_strip_are_the_whole_range_and_nothing_twice(first: int, count: int, cells: int):
    ports = PortRange(first, first + count - 1)
    found = [bucket(ports, cells, number) for number in range(cells_of(ports, cells))]
    assert found[0].first == ports.first
    assert found[-1].last == ports.last
    assert all(one.last + 1 == other.first for one, other in pairwise(found))


def test_a_strip_shows_each_port_in_its_bucket():
    facts = ranged()
    listing = see(facts, ListState(view=View.RANGES))
    (row,) = (row for row in listing.rows if "web" in str(row.key))
    assert isinstance(row.subject, RangeLine)
    text = text_of(line_of(row, facts, columns_of(View.RANGES, 80, needs_of(listing)), 80, Beside()))
    strip = text.rstrip()[-32:]
    assert strip[0] == "▲"
    assert strip[3] == "●"
    assert bucket_text(row.subject, 32, 0).startswith("3000-3030: 3000 shop/web squatted, 3002")
    assert bucket_text(row.subject, 32, 10) == "3312-3342: free"


@pytest.mark.parametrize("size", SIZES)
async def test_each_view_at_each_size(size: tuple[int, int]):
    desk = desk_for()
    desk.past = EVENTS
    async with running(desk, size=size) as (pilot, main):
        for view in (View.LISTENING, View.CONFLICTS, View.RANGES, View.HISTORY, View.SERVICES):
            await pilot.press(str(view.value))
            if view is View.HISTORY:
                await until(pilot, lambda: main.facts and main.facts.events)
            drawn = screen_lines(pilot.app)
            assert {len(line) for line in drawn} == {size[0]}
            assert main.table.row is not None
            assert drawn[-1].rstrip().endswith("? Help  q Quit")
            assert f"{view.value} {view.title}" in "\n".join(drawn[:3]) or size[1] < 18


async def test_the_cursor_stays_on_its_service_over_views():
    async with running(desk_for()) as (pilot, main):
        await pilot.press("2")
        assert main.table.row is not None
        assert main.table.row.subject_key == row_key(scenes.FIX, "web"), "who sits on the port of shop/web"
        assert "resolve" in footer_of(main)
        await pilot.press("3", "N")
        assert main.table.row.subject_key == WEB
        await pilot.press("n")
        await pilot.press("1")
        assert main.table.cursor == row_key(scenes.FIX, "web")


async def test_enter_on_a_strip_shows_the_rows_of_its_bucket():
    async with running(desk_for(ranged().snapshot), size=(80, 24)) as (pilot, main):
        await pilot.press("4", "l", "l", "l")
        assert "3093-3124: 3100 infra/grafana" in screen_lines(pilot.app)[-2]
        assert "shop/web: 3000 held by" in screen_lines(pilot.app)[1], "the trouble keeps its line"
        await pilot.press("enter")
        assert main.outlook.view is View.SERVICES
        assert main.outlook.filter_text == "port:3093-3124"
        await pilot.press("escape")
        assert main.outlook.filter_text == ""


async def test_what_was_said_stands_in_history():
    async with running(desk_for()) as (pilot, main):
        main.toast("web is 3003")
        await pilot.pause()
        main.toast("web is 3003")
        await pilot.pause()
        assert any("web is 3003  x2" in note.message for note in pilot.app._notifications)
        await pilot.press("5")
        assert "web is 3003" in "\n".join(screen_lines(pilot.app))


async def test_history_knows_what_happened_while_another_view_was_shown():
    day = replace(scenes.working_day(), revision=42)
    desk = desk_for(day)
    desk.past = EVENTS[:1]
    async with running(desk, view=View.HISTORY) as (pilot, main):
        assert main.facts is not None
        assert main.facts.events == EVENTS[:1]
        await pilot.press("1")
        await look(pilot, main, desk, replace(day, revision=43))
        desk.past = EVENTS
        await look(pilot, main, desk, replace(day, revision=44))
        await pilot.press("5")
        await until(pilot, lambda: main.facts is not None and main.facts.events == EVENTS)
        assert EVENTS[-1].reason in "\n".join(screen_lines(pilot.app))


async def test_what_happens_above_the_cursor_is_seen_where_the_newest_was():
    day = scenes.working_day()
    many = tuple(event(EventKind.ASSIGNED, 9000 - number, "shop", "cli", f"no. {number}") for number in range(60))
    desk = desk_for(day)
    desk.past = many[:50]
    async with running(desk, view=View.HISTORY, size=(120, 24)) as (pilot, main):
        cursor = main.table.cursor
        desk.past = many[:52]
        await look(pilot, main, desk, replace(day, revision=43))
        assert main.table.cursor == cursor
        assert main.table.scroll_offset.y == 0
        assert "no. 51" in screen_lines(pilot.app)[4]
        await pilot.press("G")
        old = main.table.scroll_offset.y
        desk.past = many
        await look(pilot, main, desk, replace(day, revision=44))
        assert main.table.scroll_offset.y == old + 8  # elsewhere no row moves on the screen


async def test_zoom_gives_a_pane_the_screen_and_shares_it_again():
    async with running(desk_for()) as (pilot, main):
        await pilot.press("z")
        await pilot.pause()
        assert not main.pane.display
        assert main.table.size.width > 150
        await pilot.press("z")
        await pilot.pause()
        assert main.pane.display


@pytest.mark.parametrize(("names", "sign"), [(("cms", "mail"), " ▣1 "), (("mail",), " ── "), (("web", "cms"), " ▲2 ")])
async def test_the_frame_counts_the_worst_trouble_as_the_header_does(names: tuple[str, ...], sign: str):
    views = [view for view in scenes.working_day().services if view.name in names]
    async with running(desk_for(scenes.snapshot_of(views)), size=(120, 35)) as (pilot, _main):
        assert f"3 Conflicts{sign}" in "\n".join(screen_lines(pilot.app))


async def test_a_click_on_the_name_of_a_view_shows_it():
    async with running(desk_for()) as (pilot, main):
        await pilot.click("#list", offset=(screen_lines(pilot.app)[2].index("4 Ranges") + 2, 0))
        await until(pilot, lambda: main.outlook.view is View.RANGES)
