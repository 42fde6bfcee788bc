"""Three ways out of a conflict: choosing, arming, consent, and a world that moves on."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from dialog_fakes import AT_ONCE, THIEF, WEB, FakeDesk, key, process, refused, snapshot
from dialog_host import opened, press, settled

from portdash.dashboard.screens import resolve
from portdash.dashboard.screens.fields import Field
from portdash.dashboard.screens.resolve import ResolveScreen
from portdash.dashboard.screens.way import Way
from portdash.model.plan import Strategy


def screen_of(desk: FakeDesk, of: Any = WEB.key) -> ResolveScreen:  # noqa: ANN401
    given: Any = desk
    return ResolveScreen(given, snapshot(), of, patience=AT_ONCE)


async def test_enter_applies_the_chosen_way():
    desk = FakeDesk()
    async with opened(screen_of(desk), (60, 20)) as (host, pilot):
        assert "▲ squatted" in host.text
        assert "3000 → 3003" in host.text
        assert "portdash resolve web --strategy minimal" in host.text
        await press(host, pilot, "enter")
        await settled(host, pilot)
        ((plan, consent),) = desk.applied
        assert plan.strategy is Strategy.MINIMAL
        assert not consent
        assert len(host.answers) == 1


async def test_wide_screens_show_three_boxes_of_one_height_side_by_side():
    async with opened(screen_of(FakeDesk()), (160, 45)) as (host, _):
        boxes = [each.region for each in host.screen.query(Way)]
        assert "▸ 1 minimal ── default" in host.text
        assert "3 aggressive ── not armed" in host.text
        assert len({box.y for box in boxes}) == 1
        assert len({box.height for box in boxes}) == 1
        assert "the other stays misplaced" in host.text
        assert "web stays squatted on 3000: node 4121" in host.text
        assert "node 4121 cannot be brought back" in " ".join(host.text.split())


async def test_written_files_that_follow_are_named_where_something_moves():
    desk = FakeDesk(files=(Path(f"{FakeDesk.home}/src/shop/.env"),))
    async with opened(screen_of(desk), (160, 45)) as (host, _):
        text = " ".join(host.text.split())
        assert "FILES portdash's block in ~/src/shop/.env" in text
        assert host.text.count("FILES") == 1


async def test_narrow_screens_open_only_the_chosen_way():
    async with opened(screen_of(FakeDesk()), (80, 24)) as (host, pilot):
        boxes = [each.region for each in host.screen.query(Way)]
        assert len({box.x for box in boxes}) == 1
        assert boxes[0].height > boxes[1].height == boxes[2].height == 3
        await press(host, pilot, "right")
        await settled(host, pilot)
        assert "web stays squatted on 3000" in host.text
        assert "3000 → 3003" not in host.text


async def test_the_smallest_screen_shows_what_a_way_ends_and_how_to_leave():
    async with opened(screen_of(FakeDesk()), (40, 15)) as (host, pilot):
        await press(host, pilot, "3")
        await settled(host, pilot)
        assert "▸ 3 aggressive" in host.text
        assert "1.  end  node 4121" in host.text
        assert "[Agree t]" in host.text
        assert "[Leave esc]" in host.text


async def test_a_way_that_leaves_what_was_asked_for_cannot_be_applied():
    desk = FakeDesk()
    async with opened(screen_of(desk)) as (host, pilot):
        await press(host, pilot, "2", "enter")
        await settled(host, pilot)
        assert desk.applied == []
        assert "web stays squatted on 3000" in host.text
        assert host.screen is host.dialog


async def test_ending_a_process_takes_its_typed_port():
    desk = FakeDesk()
    async with opened(screen_of(desk), (160, 45)) as (host, pilot):
        await press(host, pilot, "3", "enter")
        await settled(host, pilot)
        assert desk.applied == []
        assert "not been agreed" in host.text
        await press(host, pilot, "t", *"300", "enter")
        await settled(host, pilot)
        assert desk.applied == []
        assert "Type its port, 3000, to agree" in host.text
        await press(host, pilot, "enter", "0")
        await settled(host, pilot)
        assert "not been agreed" not in host.text
        await press(host, pilot, "enter")
        await settled(host, pilot)
        ((plan, consent),) = desk.applied
        assert plan.strategy is Strategy.AGGRESSIVE
        assert consent


async def test_consent_holds_for_one_plan_only():
    desk = FakeDesk()
    async with opened(screen_of(desk), (160, 45)) as (host, pilot):
        await press(host, pilot, "3", "t", *"3000")
        await settled(host, pilot)
        assert host.dialog.has_consent
        await press(host, pilot, "escape")
        await settled(host, pilot)
        assert host.screen is host.dialog
        assert not host.dialog.has_consent
        await press(host, pilot, "t", *"3000")
        host.dialog.action_choose(0)
        host.dialog.action_choose(2)
        await settled(host, pilot)
        assert not host.dialog.has_consent
        await press(host, pilot, "enter")
        await settled(host, pilot)
        assert desk.applied == []


async def test_there_is_nothing_to_agree_to_where_nothing_ends():
    async with opened(screen_of(FakeDesk())) as (host, pilot):
        await press(host, pilot, "t")
        await settled(host, pilot)
        assert "nothing to agree to" in host.text
        assert not isinstance(host.focused, Field)


async def test_all_conflicts_go_into_one_plan_and_back():
    desk = FakeDesk()
    async with opened(screen_of(desk), (160, 45)) as (host, pilot):
        assert "All 2 conflicts in one plan" in host.text
        await press(host, pilot, "a")
        await settled(host, pilot)
        assert "Resolve ▲ 2 conflicts" in host.text
        assert "3002 → 3004" in host.text
        assert "portdash resolve --strategy minimal" in host.text
        await press(host, pilot, "a")
        await settled(host, pilot)
        assert "3002 → 3004" not in host.text


@pytest.mark.parametrize(
    ("newer", "said"),
    [
        (snapshot(revision=8), "assignments were changed"),
        (snapshot(thief=None), "3000 has another holder"),
        (snapshot(thief=replace(THIEF, owner=process(4188, "node"))), "3000 has another holder"),
        (snapshot(thief=replace(THIEF, owner=replace(THIEF.owner, ticks=1))), "3000 has another holder"),  # type: ignore[type-var]
    ],
    ids=["store", "holder gone", "holder other", "same pid, later start"],
)
async def test_a_world_that_changed_disarms_the_plan_until_it_is_read_again(newer: Any, said: str):  # noqa: ANN401
    desk = FakeDesk(seen=newer)
    async with opened(screen_of(desk), (160, 45)) as (host, pilot):
        host.dialog.world_changed(newer)
        await settled(host, pilot)
        assert said in host.text
        assert host.dialog.has_class("-stale")
        assert host.screen.query_one("#yes").disabled
        await press(host, pilot, "enter")
        await settled(host, pilot)
        assert desk.applied == []
        assert "r reads" in host.text
        await press(host, pilot, "r")
        await settled(host, pilot)
        assert said not in host.text
        assert not host.dialog.has_class("-stale")
        await press(host, pilot, "enter")
        await settled(host, pilot)
        assert len(desk.applied) == 1


async def test_a_world_that_changed_takes_consent_back():
    async with opened(screen_of(FakeDesk()), (160, 45)) as (host, pilot):
        await press(host, pilot, "3", "t", *"3000")
        await settled(host, pilot)
        host.dialog.world_changed(snapshot(revision=8))
        await settled(host, pilot)
        assert not host.dialog.has_consent


async def test_a_refresh_that_changes_nothing_of_it_leaves_the_plan_armed():
    newer = replace(snapshot(), taken_at=snapshot().taken_at + 60, listeners=snapshot().listeners[:1])
    desk = FakeDesk()
    async with opened(screen_of(desk)) as (host, pilot):
        host.dialog.world_changed(newer)
        await settled(host, pilot)
        assert "unchanged" in host.text
        await press(host, pilot, "enter")
        await settled(host, pilot)
        assert len(desk.applied) == 1


async def test_y_copies_the_plan_as_text(monkeypatch: pytest.MonkeyPatch):
    copied: list[str] = []

    async def copy(_app: object, text: str) -> str:
        copied.append(text)
        return "copied with test"

    monkeypatch.setattr(resolve, "copy_text", copy)
    async with opened(screen_of(FakeDesk())) as (host, pilot):
        await press(host, pilot, "Y")
        await settled(host, pilot)
        assert "the plan was copied with test" in host.text
    assert copied[0].splitlines()[:3] == ["resolve web (minimal)", "", "1. move  shop/web  3000 → 3003"]
    assert copied[0].endswith("portdash resolve web --strategy minimal")


async def test_an_error_is_said_and_the_screen_stays():
    desk = FakeDesk(error=refused("the store changed meanwhile"))
    async with opened(screen_of(desk), (60, 20)) as (host, pilot):
        await press(host, pilot, "enter")
        await settled(host, pilot)
        assert "the store changed meanwhile" in host.text
        assert host.screen is host.dialog


async def test_a_service_whose_conflict_is_gone_says_so():
    async with opened(screen_of(FakeDesk(), key("api"))) as (host, _):
        assert "shop/api has no conflict any more" in host.text
