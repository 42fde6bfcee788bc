"""The dialogs over the real manager and planner, on the demo's machine."""

from collections.abc import Iterator

import pytest
from dialog_fakes import AT_ONCE
from dialog_host import opened, press, settled

from portdash.dashboard.desk import Desk
from portdash.dashboard.screens.allocate import AllocateScreen
from portdash.dashboard.screens.free_facts import Subject, whose_lines
from portdash.dashboard.screens.move import MoveScreen
from portdash.dashboard.screens.release import ReleaseScreen
from portdash.dashboard.screens.report import ReportScreen
from portdash.dashboard.screens.resolve import ResolveScreen
from portdash.dashboard.screens.undo import UndoScreen
from portdash.dashboard.screens.way import Way
from portdash.demo.scene import demo_deps
from portdash.manager.finding import find_service
from portdash.model.assignment import ServiceKey, Source
from portdash.model.ports import IpProtocol


@pytest.fixture
def desk() -> Iterator[Desk]:
    deps = demo_deps()
    yield Desk(deps)
    deps.close()


def key_of(desk: Desk, name: str) -> ServiceKey:
    return find_service(desk.look(), name).key


def port_of(desk: Desk, key: ServiceKey) -> int | None:
    view = desk.look().service(key)
    return view.port if view else None


async def test_allocating_stores_the_port_that_was_shown_and_undo_takes_it_back(desk: Desk):
    async with opened(AllocateScreen(desk, desk.look(), patience=AT_ONCE)) as (host, pilot):
        await press(host, pilot, *"pay")
        await settled(host, pilot)
        shown = host.dialog.plan.steps[0].to_port
        assert f"Allocate {shown}" in host.text
        await press(host, pilot, "enter")
        await settled(host, pilot)
        assert f"pay is {shown}" in host.answers[0].lines[0]
        key = key_of(desk, "pay")
        assert port_of(desk, key) == shown
        host.push_screen(UndoScreen(desk, desk.look(), patience=AT_ONCE), host.answers.append)
        await settled(host, pilot)
        assert "shop/pay" in host.text
        await press(host, pilot, "enter")
        await settled(host, pilot)
        assert len(host.answers) == 2
        assert port_of(desk, key) is None


def test_the_directory_of_a_container_is_none_of_this_machine(desk: Desk):
    (line,) = whose_lines(Subject(desk.look(), 6379, IpProtocol.TCP, desk.home))
    assert line == "= shop/redis's own"


async def test_a_name_that_has_its_port_already_changes_nothing(desk: Desk):
    async with opened(AllocateScreen(desk, desk.look(), patience=AT_ONCE)) as (host, pilot):
        await press(host, pilot, *"api")
        await settled(host, pilot)
        assert "8000, which it has already" in host.text
        revision = desk.look().revision
        await press(host, pilot, "enter")
        await settled(host, pilot)
        assert host.screen is host.dialog
        assert desk.look().revision == revision


async def test_resolving_moves_the_squatted_service(desk: Desk):
    key = key_of(desk, "web")
    async with opened(ResolveScreen(desk, desk.look(), key, patience=AT_ONCE), (160, 45)) as (host, pilot):
        await settled(host, pilot)
        assert "shop/web wants 3000" in host.text
        assert "LEFT  shop@fix-login/web stays misplaced on 3000" in host.text
        await press(host, pilot, "enter")
        await settled(host, pilot)
        assert len(host.answers) == 1
        assert port_of(desk, key) not in (None, 3000)


async def test_with_the_typed_port_the_squatter_is_ended(desk: Desk):
    key = key_of(desk, "web")
    async with opened(ResolveScreen(desk, desk.look(), key, patience=AT_ONCE), (160, 45)) as (host, pilot):
        await press(host, pilot, "3", "t", *"3000", "enter")
        await settled(host, pilot)
        assert len(host.answers) == 1
        assert port_of(desk, key) == 3000
        assert not any(seen.listener.port == 3000 for seen in desk.look().listeners)


async def test_a_plan_that_the_store_has_overtaken_is_refused_in_the_dialog(desk: Desk):
    key = key_of(desk, "web")
    before = desk.look()
    async with opened(MoveScreen(desk, before, key, patience=AT_ONCE)) as (host, pilot):
        desk.apply(desk.plan_move(before, key, 3456))
        await press(host, pilot, "enter")
        await settled(host, pilot)
        assert host.screen is host.dialog
        assert "▲" in host.text
        assert port_of(desk, key) == 3456


async def test_releasing_takes_the_children_along(desk: Desk):
    keys = [key_of(desk, "api"), key_of(desk, "websocket")]
    async with opened(ReleaseScreen(desk, desk.look(), keys[:1], patience=AT_ONCE)) as (host, pilot):
        assert "shop/websocket" in host.text
        await press(host, pilot, "y")
        await settled(host, pilot)
        assert len(host.answers) == 1
    assert not any(key in desk.look().assignments for key in keys)


async def test_adopting_keeps_the_port_and_touches_nothing(desk: Desk):
    listeners = [seen.listener for seen in desk.look().listeners if seen.key is None and seen.listener.project]
    screen = AllocateScreen(desk, desk.look(), listeners=listeners[:2], patience=AT_ONCE)
    async with opened(screen, (120, 40)) as (host, pilot):
        count = len(desk.look().listeners)
        await press(host, pilot, "enter")
        await settled(host, pilot)
        assert len(host.answers) == 1
        rows = [row for row in desk.look().assignments.values() if row.source is Source.DETECTED]
        assert {row.port for row in rows} >= {each.port for each in listeners[:2]}
        assert len(desk.look().listeners) == count


async def test_the_report_is_about_what_the_desk_sees(desk: Desk):
    async with opened(ReportScreen(desk, desk.look(), patience=AT_ONCE), (120, 40)) as (host, _):
        assert "squatted" in host.text


async def test_a_plan_for_all_conflicts_has_the_height_there_is_and_says_why_each_of_the_others_stays(desk: Desk):
    screen = ResolveScreen(desk, desk.look(), key_of(desk, "web"), patience=AT_ONCE)
    async with opened(screen, (160, 45)) as (host, pilot):
        await press(host, pilot, "a")
        await settled(host, pilot)
        ways = list(host.dialog.query(Way))
        room = host.dialog.query_one("#ways").region
        assert {way.region.height for way in ways} == {room.height}
        assert not [way for way in ways if way.show_vertical_scrollbar]
        minimal = ways[0].plan
        assert minimal is not None
        left = "\n".join(each.text for each in minimal.unresolved)
        assert {step.key.service for step in minimal.steps if step.key} == {"web"}
        for words in (
            "blog/db stays shadowed on 5432",
            "a plan for all leaves it there",
            "3000 is the home of shop/web",
        ):
            assert words in left
    alone = ResolveScreen(desk, desk.look(), key_of(desk, "blog/db"), patience=AT_ONCE)
    async with opened(alone, (160, 45)) as (host, _pilot):
        assert "move  blog/db  5432 → 5000" in host.text
