"""Marks: acts on several rows, and the refusal to act on one that is not seen."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
import scenes
from fakes import WEB, FakeDesk, desk_for, footer_of, row_key, running, screen_lines, until

from portdash.dashboard.rows.row import OTHERS_KEY
from portdash.dashboard.screens.allocate import AllocateScreen
from portdash.dashboard.screens.dialog import Dialog
from portdash.dashboard.screens.free_many import FreeManyScreen
from portdash.dashboard.screens.patience import Patience
from portdash.dashboard.screens.release import ReleaseScreen
from portdash.errors import Refused
from portdash.model.assignment import ServiceKey
from portdash.model.listener import Listener
from portdash.model.plan import Action, Plan, Step, Strategy, Target
from portdash.model.ports import IpProtocol
from portdash.model.snapshot import Snapshot


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Dialog, "patience", Patience(quiet=0, burst=0))


class FreeingDesk(FakeDesk):
    """Has a plan for any port but 8888, and adopts in a plan without steps."""

    def plan_adopt(self, snapshot: Snapshot, listeners: Sequence[Listener], names: Sequence[str | None] = ()) -> Plan:
        assert len(listeners) == len(names)
        return Plan(title="adopt", strategy=Strategy.MINIMAL, workspace=snapshot.workspace, revision=1, steps=())

    def plan_release(self, snapshot: Snapshot, keys: Sequence[ServiceKey]) -> Plan:  # noqa: ARG002
        return Plan(title="release", strategy=Strategy.MINIMAL, workspace="shop", revision=1, steps=())

    def plan_free(self, snapshot: Snapshot, port: int, protocol: IpProtocol) -> Plan:  # noqa: ARG002
        if port == 8888:
            raise Refused("it keeps your terminal")
        target = Target(label=f"node {port}", protocol=protocol, port=port)
        step = Step(action=Action.TERMINATE, reason="", target=target)
        return Plan(title=f"free {port}", strategy=Strategy.MINIMAL, workspace="shop", revision=1, steps=(step,))


async def test_space_marks_and_steps_down_and_escape_takes_all_back():
    async with running(desk_for()) as (pilot, main):
        await pilot.press("space")
        assert main.outlook.marked == {WEB}
        assert main.table.cursor != WEB
        assert any("◆ web" in line for line in screen_lines(pilot.app))
        assert "1 marked" in "\n".join(screen_lines(pilot.app))
        await pilot.press("escape")
        assert not main.outlook.marked


async def test_star_marks_what_is_shown_and_takes_it_back():
    async with running(desk_for()) as (pilot, main):
        main.outlook.filter_text = "via:orphan"
        main.show_list()
        await pilot.press("asterisk")
        assert main.table.listing is not None
        assert main.outlook.marked == {row.subject_key for row in main.table.listing.rows if row.can_be_marked}
        assert len(main.context.slots) == 2
        await pilot.press("*")
        assert not main.outlook.marked


async def test_no_act_on_a_marked_row_that_is_filtered_out():
    async with running(desk_for()) as (pilot, main):
        await pilot.press("space", "space")
        main.outlook.filter_text = "grafana"
        main.show_list()
        await pilot.press("D")
        assert pilot.app.screen is main
        assert any("2 marked rows are not shown" in note.message for note in pilot.app._notifications)
        assert not {"release", "free", "adopt"} & set(footer_of(main))


async def test_marked_services_are_released_together():
    desk = FreeingDesk(scenes.working_day(), home=scenes.HOME)
    async with running(desk) as (pilot, _main):
        await pilot.press("space", "space", "D")
        await until(pilot, lambda: isinstance(pilot.app.screen, ReleaseScreen))
        screen = pilot.app.screen
        assert isinstance(screen, ReleaseScreen)
        assert screen.keys == (scenes.key_of(scenes.SHOP, "web"), scenes.key_of(scenes.SHOP, "websocket"))


async def test_a_mark_goes_with_its_row():
    async with running(desk_for()) as (pilot, main):
        await pilot.press("space")
        main.outlook.mark(row_key(scenes.SHOP, "gone"))
        main.show_list()
        assert main.outlook.marked == {WEB}


async def test_marked_ports_are_freed_together():
    async with running(FreeingDesk(scenes.working_day(), home=scenes.HOME)) as (pilot, main):
        main.outlook.filter_text = "via:orphan"
        main.show_list()
        await pilot.press("*", "x")
        await until(pilot, lambda: isinstance(pilot.app.screen, FreeManyScreen) and not pilot.app.screen.is_looking)
        screen = pilot.app.screen
        assert isinstance(screen, FreeManyScreen)
        assert [row.subject.port for row in screen.rows] == [6007, 8888]
        assert [row.can_end for row in screen.rows] == [True, False]
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is main)
        assert len(main.outlook.marked) == 2, "nothing was done, so the marks stay"


@pytest.mark.parametrize("key", ["x", "D", "s"])
async def test_no_act_on_a_group_of_which_the_filter_hides_some(key: str):
    async with running(desk_for()) as (pilot, main):
        main.table.move_to(("group", "shop"))
        whole = len(main.context.services)
        assert {"release", "free"} <= set(footer_of(main))
        main.outlook.filter_text = "redis"
        main.show_list()
        main.table.move_to(("group", "shop"))
        await until(pilot, lambda: not {"move", "release", "free"} & set(footer_of(main)))
        await pilot.press(key)
        said = f"{whole - 1} of its services are not shown"
        if key == "s":  # its menu opens, grey, and takes the letter that follows
            await until(pilot, lambda: said in "\n".join(screen_lines(pilot.app)))
            await pilot.press("u", "enter")
        await until(pilot, lambda: pilot.app.screen is main)
        assert key == "s" or any(said in note.message for note in pilot.app._notifications)


async def test_of_a_group_under_a_filter_what_is_shown_can_be_marked():
    async with running(desk_for()) as (pilot, main):
        main.outlook.filter_text = "redis"
        main.show_list()
        main.table.move_to(("group", "shop"))
        await pilot.press("*")
        assert main.context.no_release() is None
        assert {each.service for each in main.context.services} == {"redis"}


async def test_adopting_from_the_line_of_the_others_is_about_what_it_counts():
    async with running(desk_for()) as (_pilot, main):
        main.table.move_to(OTHERS_KEY)
        assert len(main.context.listeners) > 1
        main.outlook.filter_text = "5175"
        main.show_list()
        main.table.move_to(OTHERS_KEY)
        assert [each.port for each in main.context.listeners] == [5175]


async def test_only_troubles_hide_as_a_filter_does_and_folding_hides_nothing():
    async with running(desk_for()) as (pilot, main):
        group = ("group", "shop")
        main.table.move_to(group)
        await pilot.press("h")
        assert main.context.no_release() is None
        await pilot.press("!")
        main.table.move_to(group)
        assert "not shown" in (main.context.no_release() or "")


def first_run() -> Snapshot:
    """The working day's listeners, and no service yet."""
    day = scenes.working_day()
    listeners = tuple(replace(each, key=None, attribution=None) for each in day.listeners)
    return replace(day, services=(), assignments={}, conflicts=(), listeners=listeners)


async def test_on_the_first_run_what_plainly_fits_is_marked_for_adopting_alone():
    async with running(FreeingDesk(first_run(), home=scenes.HOME)) as (pilot, main):
        marked = [subject.listener for subject in main.outlook.marked_subjects(main.facts)]
        assert {each.port for each in marked} >= {8000, 1337}
        assert not [each for each in marked if each.via in ("claude", "orphan") or each.orphan or each.project is None]
        assert "adopt" in footer_of(main)
        assert f"Adopt {len(marked)} marked" in main.footer.text
        assert len(main.context.listeners) == len(marked)
        assert len(main.context.slots) == 1  # the row under the cursor, as ever
        await pilot.press("A")
        await until(pilot, lambda: isinstance(pilot.app.screen, AllocateScreen))
        await until(pilot, lambda: f"Adopt 0 of {len(marked)}" in "\n".join(screen_lines(pilot.app)))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is main)
        await pilot.press("escape")
        assert not main.outlook.marked
        assert len(main.context.listeners) == 1


async def test_once_a_mark_was_changed_by_hand_marks_are_for_every_act_again():
    async with running(desk_for(first_run())) as (pilot, main):
        count = len(main.outlook.marked)
        assert not main.context.marked
        await pilot.press("space")
        assert len(main.context.marked) == len(main.outlook.marked)
        assert abs(len(main.outlook.marked) - count) == 1
        assert len(main.context.slots) > 1


async def test_nothing_is_marked_beforehand_where_services_are_known_or_nothing_may_be_changed():
    async with running(desk_for()) as (_pilot, main):
        assert not main.outlook.marked
    async with running(desk_for(first_run(), read_only=True)) as (_pilot, main):
        assert not main.outlook.marked
    async with running(desk_for(replace(first_run(), stale_since=0.0))) as (_pilot, main):
        assert not main.outlook.marked


async def test_a_suggestion_that_is_filtered_out_is_not_adopted():
    async with running(desk_for(first_run())) as (pilot, main):
        main.outlook.filter_text = "8000"
        main.show_list()
        await pilot.press("A")
        assert pilot.app.screen is main
        assert any("not shown" in note.message for note in pilot.app._notifications)
