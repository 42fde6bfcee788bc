"""Moving a service, and taking the last change back."""

from dataclasses import replace
from typing import Any

import pytest
from dialog_fakes import API_ROW, AT_ONCE, HOSTILE, WEB, FakeDesk, key, move, plan, refused, snapshot
from dialog_host import opened, press, settled

from portdash.dashboard.screens.act import Act
from portdash.dashboard.screens.move import MoveScreen
from portdash.dashboard.screens.undo import UndoScreen
from portdash.model.assignment import ServiceKey
from portdash.model.plan import Action, Plan
from portdash.model.snapshot import Snapshot


def mover(desk: FakeDesk, of: Any = WEB.key) -> MoveScreen:  # noqa: ANN401
    given: Any = desk
    return MoveScreen(given, snapshot(), of, patience=AT_ONCE)


def undoer(desk: FakeDesk) -> UndoScreen:
    given: Any = desk
    return UndoScreen(given, snapshot(), patience=AT_ONCE)


async def test_an_empty_field_is_the_next_best_port():
    desk = FakeDesk()
    async with opened(mover(desk), (60, 20)) as (host, pilot):
        assert "3000 → 3003" in host.text
        assert "3001 given back a moment ago by old" in host.text
        await press(host, pilot, "enter")
        await settled(host, pilot)
        assert desk.applied[0][0].steps[0].to_port == 3003
        assert len(host.answers) == 1


async def test_ports_that_were_passed_over_are_told_once_however_many_steps_there_are():
    class Restarting(FakeDesk):
        def plan_move(self, snapshot: Snapshot, key: ServiceKey, to: int | None = None) -> Plan:
            (step,) = super().plan_move(snapshot, key, to).steps
            return plan("move", step, replace(step, action=Action.RESTART))

    async with opened(mover(Restarting()), (100, 30)) as (host, _):
        assert "restart" in host.text
        assert host.text.count("3001 given back a moment ago by old") == 1


async def test_the_plan_follows_the_port_that_is_typed():
    desk = FakeDesk()
    async with opened(mover(desk)) as (host, pilot):
        await press(host, pilot, *"3009")
        await settled(host, pilot)
        assert "3000 → 3009" in host.text
        assert "portdash move web 3009" in host.text
        await press(host, pilot, "enter")
        await settled(host, pilot)
        assert desk.applied[0][0].steps[0].to_port == 3009


async def test_what_is_left_to_do_names_the_command_of_a_server_that_runs():
    async with opened(mover(FakeDesk(), API_ROW.key), (120, 30)) as (host, _):
        assert "start api again: PORT=3003 uvicorn  in ~/src/shop" in host.text


@pytest.mark.parametrize(
    ("text", "said"),
    [("8000", "8000 is shop/api's"), ("99999", "99999 is not a port"), ("0", "0 is not a port")],
)
async def test_a_port_that_cannot_be_had_is_said_and_not_applied(text: str, said: str):
    desk = FakeDesk()
    async with opened(mover(desk)) as (host, pilot):
        await press(host, pilot, *text)
        await settled(host, pilot)
        assert said in host.text
        assert host.screen.query_one("#yes", Act).disabled
        await press(host, pilot, "enter")
        await settled(host, pilot)
        assert desk.applied == []
        assert "cannot be had" in host.text


async def test_moving_to_where_it_is_changes_nothing():
    desk = FakeDesk()
    async with opened(mover(desk)) as (host, pilot):
        await press(host, pilot, *"3000", "enter")
        await settled(host, pilot)
        assert desk.applied == []
        assert "nothing to change" in host.text


async def test_a_service_that_is_gone_is_said():
    async with opened(mover(FakeDesk(), key("gone"))) as (host, _):
        assert "there is no such service" in host.text


async def test_undo_shows_the_plan_and_enter_applies_it():
    desk = FakeDesk(undo=plan(f"undo {HOSTILE}", move(WEB, 3003)))
    async with opened(undoer(desk), (60, 20)) as (host, pilot):
        assert "3000 → 3003" in host.text
        assert "[/]x[@click=app.quit]y" in host.text
        await press(host, pilot, "enter")
        await settled(host, pilot)
        assert len(desk.applied) == 1


async def test_nothing_to_undo_says_so_and_enter_only_leaves():
    desk = FakeDesk()
    async with opened(undoer(desk)) as (host, pilot):
        assert "there is nothing to undo in shop" in host.text
        assert not host.screen.query_one("#yes").display
        await press(host, pilot, "enter")
        await settled(host, pilot)
        assert host.answers == [None]
        assert desk.applied == []


async def test_an_undo_that_fails_is_said_and_the_dialog_stays():
    desk = FakeDesk(undo=plan("undo", move(WEB, 3003)), error=refused("the store changed meanwhile"))
    async with opened(undoer(desk)) as (host, pilot):
        await press(host, pilot, "enter")
        await settled(host, pilot)
        assert "the store changed meanwhile. try again" in host.text
        assert host.screen is host.dialog
