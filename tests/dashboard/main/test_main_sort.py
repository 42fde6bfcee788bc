"""Sorting: by any column, numbers as numbers, what is unknown last; by key, by menu and by the head of a column."""

from dataclasses import replace

import pytest
import scenes
from fakes import desk_for, names_of, running, until
from row_texts import facts_of

from portdash.dashboard.rows.layout import Column
from portdash.dashboard.rows.listing import ListState
from portdash.dashboard.rows.row import Kind
from portdash.dashboard.rows.seeing import see
from portdash.dashboard.rows.view import Sort, View, order_text
from portdash.dashboard.screens.dialog import Dialog
from portdash.dashboard.screens.menu import MenuScreen
from portdash.dashboard.screens.patience import Patience


def ports(view: View, sort: Sort) -> list[int]:
    listing = see(facts_of(), ListState(frozenset(), view=view, sort=sort))
    rows = [row for row in listing.rows if row.kind in (Kind.SOCKET, Kind.LISTENER)]
    return [row.socket.port if row.socket else row.subject.listener.port for row in rows]  # type: ignore[union-attr]


def test_ports_are_numbers_and_ages_are_ages():
    found = ports(View.LISTENING, Sort(Column.PORT, is_reversed=True))
    assert found == sorted(found, reverse=True)
    assert ports(View.LISTENING, Sort(Column.UP))[0] == 4321
    assert ports(View.LISTENING, Sort(Column.UP, is_reversed=True))[0] in (27017, 3306)


def test_what_is_unknown_stands_last_in_both_directions():
    for is_reversed in (False, True):
        listing = see(facts_of(), ListState(view=View.LISTENING, sort=Sort(Column.CONN, is_reversed=is_reversed)))
        known = [row.socket.connections is not None for row in listing.rows if row.socket]
        assert known == sorted(known, reverse=True)
        assert not all(known)


def test_services_are_sorted_within_their_workspace():
    state = ListState(frozenset(), sort=Sort(Column.PORT, is_reversed=True))
    rows = see(facts_of(), state).rows
    shop = [row.subject.name for row in rows[1:7]]  # type: ignore[union-attr]
    assert shop == ["metrics", "api", "websocket", "redis", "worker", "web"]
    assert rows[0].key == ("group", "shop")


@pytest.mark.parametrize("view", View)
def test_every_column_of_every_view_can_be_sorted_by(view: View):
    facts = replace(facts_of())
    for column in Column:
        plain = see(facts, ListState(frozenset(), view=view)).rows
        for is_reversed in (False, True):
            rows = see(facts, ListState(frozenset(), view=view, sort=Sort(column, is_reversed))).rows
            assert {row.key for row in rows} == {row.key for row in plain}


async def test_keys_menu_and_heads_sort(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Dialog, "patience", Patience(quiet=0, burst=0))
    async with running(desk_for()) as (pilot, main):
        await pilot.press(">", ">")
        assert main.outlook.sort == Sort(Column.PORT)
        assert names_of(main)[:3] == ["web", "worker", "redis"]
        await pilot.press("<", "<")
        assert main.outlook.sort == Sort()
        await pilot.click("ServiceTable", offset=(4, 0))
        assert main.outlook.sort == Sort(Column.SERVICE)
        await pilot.click("ServiceTable", offset=(4, 0))
        assert main.outlook.sort == Sort(Column.SERVICE, is_reversed=True)
        assert "sort: SERVICE, reversed" in str(main.query_one("#list").border_subtitle)
        await pilot.press("S")
        await until(pilot, lambda: isinstance(pilot.app.screen, MenuScreen))
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is main)
        assert main.outlook.sort == Sort()
        assert order_text(View.SERVICES, Sort()) == "workspace, name"


async def test_the_right_button_opens_the_menu_of_the_row(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Dialog, "patience", Patience(quiet=0, burst=0))
    async with running(desk_for()) as (pilot, main):
        await pilot.click("ServiceTable", offset=(10, 3), button=3)
        await until(pilot, lambda: isinstance(pilot.app.screen, MenuScreen))
        screen = pilot.app.screen
        assert isinstance(screen, MenuScreen)
        assert [row.command for row in screen.rows][:3] == ["details", "move", "release"]
        assert main.table.cursor == ("service", scenes.key_of(scenes.SHOP, "metrics"))
        await pilot.press("space")
        await until(pilot, lambda: pilot.app.screen is main or screen.is_mounted)
