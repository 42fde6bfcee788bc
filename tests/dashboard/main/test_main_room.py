"""Who gets the cells of a line: names first, and what is said takes the room of what it has no word for."""

from dataclasses import replace

import pytest
import scenes
from fakes import desk_for, running, screen_lines, until
from hypothesis import given
from hypothesis import strategies as st
from row_texts import LIVE, drawn, everything, facts_of, find, text_of

from portdash.config.ranges import DEFAULT_RANGES
from portdash.dashboard.rows.column_sets import columns_of, optional
from portdash.dashboard.rows.drawing import Beside, line_of
from portdash.dashboard.rows.facts import Facts
from portdash.dashboard.rows.joined import joined_line
from portdash.dashboard.rows.layout import MARGIN, Column, Columns, columns_for, widened
from portdash.dashboard.rows.listing import ListState
from portdash.dashboard.rows.needs import needs_of
from portdash.dashboard.rows.paint import head_line
from portdash.dashboard.rows.seeing import see
from portdash.dashboard.rows.sharing import TAIL, Room, fixed, share
from portdash.dashboard.rows.summary import header_line
from portdash.dashboard.rows.view import View
from portdash.dashboard.screens.dialog import Dialog
from portdash.dashboard.screens.patience import Patience
from portdash.dashboard.widgets.key_bar import Entry, lay_out
from portdash.demo.services import WEB_RANGE
from portdash.model.history import Event, EventKind
from portdash.model.policy import Policy
from portdash.model.snapshot import Snapshot


def event(kind: EventKind, service: str, ago: float, workspace: str = "shop", **ports: int) -> Event:
    return Event(
        kind=kind,
        at=scenes.NOW - ago,
        workspace=workspace,
        service=service,
        actor="cli",
        reason="by hand",
        sequence=int(1e6 - ago),
        **ports,
    )


PAST = (
    event(EventKind.ASSIGNED, "websocket", 20, scenes.FIX.name, to_port=8001),
    event(EventKind.ASSIGNED, "preview", 40, to_port=3001),
    event(EventKind.RELEASED, "preview", 30, from_port=3001),
    event(EventKind.CONFLICT, "web", 25, to_port=3000),
    event(EventKind.MOVED, "web", 6 * 86400, from_port=3000, to_port=3003),
)
SAID = (1, replace(event(EventKind.UPDATED, "", 10, ""), actor="dashboard", reason="web is 3003, was 3000"))


def day() -> Snapshot:
    return replace(scenes.working_day(), policy=Policy(ranges=(WEB_RANGE, *DEFAULT_RANGES)))


def past() -> Facts:
    return replace(facts_of(day()), events=PAST)


def lines(view: View, width: int, facts: Facts | None = None) -> list[str]:
    facts = facts or past()
    listing = see(facts, ListState(view=view, said=(SAID,)))
    columns = columns_of(view, width, needs_of(listing))
    return [text_of(line_of(row, facts, columns, width, Beside())) for row in listing.rows]


COLUMNS = st.lists(st.sampled_from([each for each in Column if each is not Column.PORT]), min_size=1, unique=True)


@given(columns=COLUMNS, width=st.integers(30, 300), data=st.data())
def test_no_column_is_cut_while_another_has_cells_that_it_does_not_need(
    columns: list[Column], width: int, data: st.DataObject
):
    small = st.integers(1, 40)
    needs = {column: data.draw(small) for column in columns}
    rooms = [Room(column, data.draw(st.integers(1, 12)), 40) for column in columns]
    rooms[-1] = rooms[-1]._replace(most=TAIL)
    places = share([fixed(Column.PORT, 5), *rooms], needs, width)
    if width >= MARGIN + 2 * len(places) + 5:
        used = sum(place.width for place in places) + MARGIN + len(places) - 1
        assert used == width, "a column that takes what is left leaves nothing"
    wanted = {each.column: max(needs[each.column], len(each.column.value)) for each in rooms}
    is_cut = any(place.width < wanted.get(place.column, 0) for place in places)
    has_spare = any(place.width > wanted.get(place.column, 99) for place in places)
    assert not (is_cut and has_spare)


@given(width=st.integers(30, 120))
def test_a_name_is_given_its_cells_before_what_can_be_told_shorter(width: int):
    rooms = (Room(Column.SERVICE, 8, 40), Room(Column.WHY, 12, TAIL))
    name, why = share(rooms, {Column.SERVICE: 24, Column.WHY: 60}, width)
    assert name.width == 24 or why.width <= 12


@pytest.mark.parametrize("width", [38, 58, 78, 118, 103, 206])
def test_a_name_of_another_workspace_never_reads_as_ours(width: int):
    for view in (View.HISTORY, View.CONFLICTS):
        for line in lines(view, width):
            if " 8001" in line or "3002" in line.partition("3002")[0]:
                assert "fix-login/" in line or "…/" in line, line
    assert find(lines(View.CONFLICTS, 39), "misplaced").split()[2] == "@fix-login/web"
    assert find(lines(View.HISTORY, 118), "8001").split()[3] == "shop@fix-login/websocket"


def test_a_name_that_has_no_room_keeps_the_sign_of_its_workspace():
    facts = facts_of()
    far = facts.names_of(scenes.FIX.name, "web", is_here=False)
    assert far == ("shop@fix-login/web", "@fix-login/web", "…/web")
    assert facts.names_of("blog", "cms", is_here=False) == ("blog/cms", "…/cms")
    assert facts.names_of("shop", "web", is_here=True) == facts.names_of("", "web", is_here=False) == ("web",)


@pytest.mark.parametrize("width", [39, 59, 79, 118])
def test_giving_and_giving_back_can_be_told_apart(width: int):
    found = [line.strip() for line in lines(View.HISTORY, width) if "preview" in line]
    assert any("3001 →" in line and "→ 3001" not in line for line in found)
    assert any("→ 3001" in line for line in found)
    assert "3000 → 3003" in "\n".join(lines(View.HISTORY, width))
    conflict = next(line for line in lines(View.HISTORY, width) if "3000" in line and "3003" not in line)
    assert "→" not in conflict, "nothing was given"


@pytest.mark.parametrize("width", [39, 59, 79, 118])
def test_what_was_said_can_be_read(width: int):
    line = lines(View.HISTORY, width)[0]
    assert "web is 3003, was 3000" in line
    assert ("dashboard" in line) is (width >= 90)


def test_a_day_that_has_no_room_for_its_hour_is_told_whole():
    assert find(lines(View.HISTORY, 39), "3003").split()[1].isalpha()
    assert "…" not in "".join(line[:12] for line in lines(View.HISTORY, 39))


@pytest.mark.parametrize("width", [39, 59, 79, 101, 118, 206])
def test_no_name_of_a_range_is_cut_for_its_strip(width: int):
    names = [line.split()[0] for line in lines(View.RANGES, width)]
    assert names == [each.name for each in day().policy.ranges] + ["sequential"]
    strips = columns_of(View.RANGES, width, needs_of(see(past(), ListState(view=View.RANGES)))).services
    strip = next(place.width for place in strips if place.column is Column.STRIP)
    assert strip == {39: 18, 59: 20, 79: 32, 101: strip, 118: 64, 206: 100}[width]


@pytest.mark.parametrize("width", [59, 79, 101, 118, 206])
def test_what_listens_is_told_by_its_whole_name(width: int):
    text = "\n".join(lines(View.LISTENING, width))
    for name in ("systemd-resolved", "infra-grafana-1", "shop@fix-login"):
        assert name in text
    assert ("COMMAND" in text_of(head_line(listening(width), others=False))) is (width >= 110)
    assert ("USER" in text_of(head_line(listening(width), others=False))) is (width >= 110)


def listening(width: int) -> Columns:
    return columns_of(View.LISTENING, width, needs_of(see(facts_of(), ListState(view=View.LISTENING))))


def test_names_of_other_listeners_take_what_their_process_can_spare():
    listing = everything(facts_of())
    columns = columns_of(View.SERVICES, 79, needs_of(listing))
    drawn_ = [text_of(line_of(row, listing.facts, columns, 79, Beside())) for row in listing.rows]
    assert "shop@fix-login " in find(drawn_, " 5176 ")
    package = scenes.listener(9777, 77, workspace=scenes.SHOP, command=("node", "a-very-long-server-name"))
    long = everything(facts_of(scenes.snapshot_of((), [package])))
    columns = columns_of(View.SERVICES, 79, needs_of(long))
    lines_ = [text_of(line_of(row, long.facts, columns, 79, Beside())) for row in long.rows]
    assert "a-very-long-server-name?" in find(lines_, " 9777 ")
    columns = columns_of(View.SERVICES, 79, needs_of(listing))
    assert columns.services == columns_for(79, listing.longest_name).services
    narrow = columns_for(79, 9).others
    assert widened(narrow, {Column.SERVICE: 400, Column.SOURCE: 400})[-2].width >= 24
    assert widened(narrow, {}) == narrow


def test_a_column_that_is_not_wanted_is_left_out_and_its_cells_are_used():
    listing = see(facts_of(), ListState(view=View.LISTENING))
    for column in optional(View.LISTENING):
        places = columns_of(View.LISTENING, 200, needs_of(listing), without=frozenset({column})).services
        assert column not in {place.column for place in places}
        assert sum(place.width + 1 for place in places) + MARGIN - 1 == 200
    assert {Column.PROCESS, Column.COMMAND, Column.PORT}.isdisjoint(optional(View.LISTENING))
    assert Column.NAME not in optional(View.RANGES)


def test_the_head_of_the_column_that_is_sorted_by_bears_a_sign():
    columns = columns_for(79, 9)
    plain = text_of(head_line(columns, others=False))
    assert "▴" not in plain
    assert "▾" not in plain
    by_port = text_of(head_line(columns._replace(sorted_by=Column.PORT), others=False))
    assert by_port == plain.replace("PORT ", "PORT▴")
    assert "UP▾" in text_of(head_line(columns._replace(sorted_by=Column.UP, is_reversed=True), others=True))
    hidden = columns._replace(sorted_by=Column.COMMAND)
    assert text_of(head_line(hidden, others=False)) == " ▴ " + plain[3:], "no head stands for it"
    turned = columns._replace(is_reversed=True)
    assert text_of(head_line(turned, others=False)) == " ▾ " + plain[3:]


async def test_the_sort_is_seen_where_there_is_no_frame():
    async with running(desk_for(), size=(80, 24)) as (pilot, _main):
        before = screen_lines(pilot.app)[2]
        await pilot.press("greater_than_sign")
        assert screen_lines(pilot.app)[2] == before.replace("SERVICE ", "SERVICE▴")


def bar(*widths: int) -> list[Entry]:
    return [Entry(str(number), "k", "x" * (width - 2)) for number, width in enumerate(widths)]


def kept(entries: list[Entry], width: int) -> list[str]:
    return [laid.entry.command_id for laid in lay_out(entries, bar(6)[:1], width)[:-1]]


def test_the_footer_goes_on_past_a_key_that_does_not_fit():
    assert kept(bar(10, 20, 6), 30) == ["0", "2"]
    assert kept(bar(10, 20, 6), 60) == ["0", "1", "2"]


def test_what_is_worth_most_is_kept_in_its_order():
    first, second, third = bar(10, 10, 10)
    assert kept([first._replace(worth=1), second._replace(worth=3), third._replace(worth=2)], 34) == ["0", "2"]


@pytest.mark.parametrize(
    ("size", "words"),
    [((80, 24), ("c Resolve", "m Move", "x Free", "/ Filter")), ((60, 20), ("c Resolve", "x Free", "/ Filter"))],
)
async def test_the_footer_of_the_drawings(size: tuple[int, int], words: tuple[str, ...]):
    async with running(desk_for(), size=size) as (pilot, _main):
        footer = screen_lines(pilot.app)[-1]
        assert all(word in footer for word in words), footer
        assert footer.rstrip().endswith("? Help  q Quit")


@pytest.mark.parametrize("only", [None, "shop"])
def test_the_header_names_the_view_where_no_frame_does(only: str | None):
    for view in View:
        standing = LIVE._replace(view=view, only=only, is_framed=False)
        for width in (40, 60, 80, 99):
            assert f"{view.value} {view.title}" in text_of(header_line(facts_of(), standing, width))
    nothing = facts_of(scenes.snapshot_of((), scenes.other_listeners()))
    assert text_of(header_line(nothing, LIVE._replace(is_framed=False), 80)).startswith(" 1 Services · none yet")


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_a_screen_with_one_line_for_all_says_view_trouble_and_age(width: int):
    facts = facts_of()
    standing = LIVE._replace(view=View.CONFLICTS, is_framed=False)
    line = text_of(joined_line(facts, standing, None, width))
    assert line.startswith(" 3 ")
    assert ("3 Conflicts" in line) is (width >= 60)
    assert "▲ 1/4 shop/web" in line
    assert "node 4121" in line
    assert " live" in line
    assert ("14 running" in line) is (width >= 80)


async def test_a_low_screen_names_its_view():
    async with running(desk_for(), size=(60, 15)) as (pilot, _main):
        for view in View:
            await pilot.press(str(view.value))
            assert screen_lines(pilot.app)[0].startswith(f" {view.value} ")


async def test_the_bucket_is_told_below_the_strips_and_the_trouble_keeps_its_line():
    async with running(desk_for(day()), size=(80, 24)) as (pilot, main):
        await pilot.press("4")
        trouble = screen_lines(pilot.app)[1]
        assert "shop/web: 3000" in trouble
        first = screen_lines(pilot.app)[-2]
        await pilot.press("l")
        assert screen_lines(pilot.app)[-2] != first
        assert screen_lines(pilot.app)[1] == trouble
        await pilot.press("1")
        await until(pilot, lambda: main.outlook.view is View.SERVICES)
        assert "3000-" not in screen_lines(pilot.app)[-2]
    async with running(desk_for(day()), size=(160, 45)) as (pilot, main):
        await pilot.press("4")
        assert "shop/web cannot have 3000" in screen_lines(pilot.app)[1]
        assert "PORTS 3000-" in "\n".join(screen_lines(pilot.app)), "the details tell it"
        assert "3000-" not in screen_lines(pilot.app)[-3][:60]
        await pilot.press("z")
        await until(pilot, lambda: "3000-3009" in screen_lines(pilot.app)[-3][:60])


async def test_where_the_strips_fill_the_list_the_bucket_is_told_above_them():
    async with running(desk_for(day()), size=(40, 15)) as (pilot, main):
        await pilot.press("4")
        assert not main.table.has_room_below
        top = screen_lines(pilot.app)[0]
        assert top.startswith(" 4  3000-")


def rows_drawn(facts: Facts) -> list[str]:
    return drawn(everything(facts), 103)


def test_a_service_that_got_its_port_before_our_eyes_and_never_ran_was_never_seen():
    today = scenes.working_day()
    first = facts_of(today)
    assert "never seen" not in "\n".join(rows_drawn(first)), "nobody knows what ran before"
    new = scenes.service(scenes.SHOP, "fresh", 3055)
    assert new.assignment is not None
    new = replace(new, assignment=replace(new.assignment, assigned_at=today.taken_at + 0.5))
    then = replace(today, services=(*today.services, new), taken_at=today.taken_at + 1)
    second = facts_of(then, first)
    assert "never seen, port free" in find(rows_drawn(second), "fresh")
    assert find(rows_drawn(second), "metrics").count("never") == 0
    third = facts_of(replace(then, taken_at=then.taken_at + 1), second)
    assert "never seen" in find(rows_drawn(third), "fresh")
    away = facts_of(replace(then, taken_at=then.taken_at + 3600), second)
    assert "never seen" not in find(rows_drawn(away), "fresh"), "nobody looked for an hour"


def test_what_ran_once_or_was_there_before_was_not_never_seen():
    today = scenes.working_day()
    first = facts_of(today)
    worker = next(view for view in today.services if view.name == "worker")
    gone = replace(
        today, services=tuple(view for view in today.services if view is not worker), taken_at=today.taken_at + 1
    )
    assert worker.assignment is not None
    back = replace(scenes.service(scenes.SHOP, "worker", 5174))
    assert back.assignment is not None
    back = replace(back, assignment=replace(back.assignment, assigned_at=today.taken_at + 2))
    again = replace(gone, services=(*gone.services, back), taken_at=today.taken_at + 2)
    assert "never" not in find(rows_drawn(facts_of(again, facts_of(gone, first))), "worker")
    old = scenes.service(scenes.SHOP, "old", 3056)
    assert old.assignment is not None
    old = replace(old, assignment=replace(old.assignment, assigned_at=today.taken_at - 500))
    told = replace(today, services=(*today.services, old), taken_at=today.taken_at + 1)
    assert "never" not in find(rows_drawn(facts_of(told, first)), "old"), "another host's store may have told it late"


def test_columns_stay_while_a_figure_grows():
    assert needs_of(see(facts_of(), ListState(view=View.HISTORY))).rows[Column.KIND] == len("◐ flapping 6x")
    assert needs_of(see(facts_of(), ListState(view=View.CONFLICTS))).rows[Column.KIND] == len("◐ flapping 6x")


@pytest.mark.parametrize(("size", "lines_each"), [((60, 20), 1), ((80, 24), 1), ((40, 15), 2)])
async def test_the_menu_of_copies_is_shown_whole(
    size: tuple[int, int], lines_each: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Dialog, "patience", Patience(quiet=0, burst=0))
    async with running(desk_for(), size=size) as (pilot, _main):
        await pilot.press("Y")
        await until(pilot, lambda: "TOML" in "\n".join(screen_lines(pilot.app)))
        text = screen_lines(pilot.app)
        letters = [
            line.split()[1]
            for line in text
            if line.startswith("│") and line.split()[1].islower() and len(line.split()[1]) == 1
        ]
        assert letters == ["u", "p", "i", "c", "e", "d", "h", "t"]
        assert any("[services.web]" in line for line in text)
        directory = next(number for number, line in enumerate(text) if " directory " in line)
        after = next(number for number, line in enumerate(text) if " curl " in line)
        assert after - directory <= lines_each
