"""Filter, trouble and scope: what the list hides, and how it comes back."""

from dataclasses import replace

import scenes
from fakes import (
    WEB,
    desk_for,
    footer_of,
    look,
    names_of,
    row_key,
    running,
    screen_lines,
)


async def test_a_filter_narrows_stays_through_refreshes_and_is_cleared_by_escape():
    desk = desk_for()
    async with running(desk) as (pilot, main):
        await pilot.press("slash", *"3000")
        assert names_of(main) == ["web", "web", "grafana"]
        assert footer_of(main) == ["keep_filter", "back", "leave"]
        await pilot.press("enter")
        assert footer_of(main)[-2:] == ["help", "quit"]
        assert "/3000" in screen_lines(pilot.app)[0]
        await look(pilot, main, desk, replace(scenes.working_day(), taken_at=scenes.NOW + 1))
        assert names_of(main) == ["web", "web", "grafana"]
        await pilot.press("escape")
        assert main.outlook.filter_text == ""
        assert "/3000" not in screen_lines(pilot.app)[0]
        assert main.table.listing is not None
        assert len(main.table.listing.rows) > 30


async def test_letters_in_the_filter_are_text_and_a_filter_that_finds_nothing_says_so():
    async with running(desk_for()) as (pilot, main):
        await pilot.press("slash", *"qaDm0?")
        assert pilot.app.screen is main
        assert main.outlook.filter_text == "qaDm0?"
        assert "Nothing matches /qaDm0?. 20 services and 15 listeners are hidden." in "\n".join(screen_lines(pilot.app))
        assert main.table.row is None
        await pilot.press("enter", "d", "m")
        assert pilot.app.screen is main


async def test_it_starts_with_the_filter_it_is_given():
    async with running(desk_for(), filter="grafana") as (_pilot, main):
        assert main.table.cursor == row_key(scenes.INFRA, "grafana") or main.table.cursor == ("group", "infra")


async def test_the_walk_through_trouble_unfolds_and_goes_round():
    async with running(desk_for(), size=(60, 20)) as (pilot, main):
        seen = []
        for _ in range(4):
            await pilot.press("n")
            seen.append(main.table.cursor)
        fix, cms, web = row_key(scenes.FIX, "web"), row_key(scenes.BLOG, "cms"), row_key(scenes.BLOG, "web")
        assert seen == [fix, cms, web, WEB]
        await pilot.press("N")
        assert main.table.cursor == web
        assert "▲" not in screen_lines(pilot.app)[1]
        assert "◐ 4/4 blog/web is flapping 6x in 5 min: node 6120" in screen_lines(pilot.app)[1]


async def test_next_trouble_leaves_a_filter_that_hides_it():
    async with running(desk_for()) as (pilot, main):
        await pilot.press("slash", *"loki", "enter", "n")
        assert main.table.cursor == WEB
        assert main.outlook.filter_text == ""


async def test_only_trouble_only_here_and_back():
    async with running(desk_for()) as (pilot, main):
        await pilot.press("exclamation_mark")
        assert names_of(main) == ["web", "web", "cms", "web"]
        await pilot.press("0")
        assert names_of(main) == ["web"]
        assert "only shop" in screen_lines(pilot.app)[0]
        await pilot.press("escape")
        assert not main.outlook.trouble_only
        await pilot.press("0")
        assert not main.outlook.only
