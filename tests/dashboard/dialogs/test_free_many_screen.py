"""Freeing several ports at once, over the real manager on the demo's machine."""

from collections.abc import Iterator

import pytest
from dialog_fakes import AT_ONCE
from dialog_host import opened, press, settled

from portdash.dashboard.desk import Desk
from portdash.dashboard.screens.free_many import FreeManyScreen
from portdash.demo.scene import demo_deps
from portdash.manager.apply import Outcome
from portdash.model.plan import Plan
from portdash.model.ports import IpProtocol

TCP = IpProtocol.TCP
SLOTS = ((5175, TCP), (4173, TCP), (22, TCP), (9999, TCP))
"""Two of ours, one of another user, and one that nobody holds."""


@pytest.fixture
def desk() -> Iterator[Desk]:
    deps = demo_deps()
    yield Desk(deps)
    deps.close()


def held(desk: Desk) -> set[int]:
    return {seen.listener.port for seen in desk.look().listeners}


async def test_each_row_has_its_verdict_and_the_number_of_those_that_end_is_typed(desk: Desk):
    async with opened(FreeManyScreen(desk, desk.look(), SLOTS, patience=AT_ONCE), (120, 40)) as (host, pilot):
        await settled(host, pilot)
        assert "Free 4 ports?" in host.text
        assert "ends node 5120" in host.text
        assert "stays: sshd 700" in host.text or "stays:" in host.text
        assert "nobody listens on it any more" in host.text
        assert "Type how many, 2, to agree:" in host.text
        assert "portdash free 5175; portdash free 4173" in host.text
        assert "portdash free 22" not in host.text  # it stays
        await press(host, pilot, "enter", "y")
        await settled(host, pilot)
        assert {5175, 4173, 22} <= held(desk)
        await press(host, pilot, "2", "enter")
        await settled(host, pilot)
        assert host.text.count("✓") == 2
        await press(host, pilot, "escape")
        assert len(host.answers[0].lines) == 2
    assert held(desk).isdisjoint({5175, 4173})
    assert 22 in held(desk)


async def test_what_is_to_be_started_again_is_handed_on(desk: Desk):
    world = desk.look()
    async with opened(FreeManyScreen(desk, world, ((8000, TCP), (5175, TCP)), patience=AT_ONCE)) as (host, pilot):
        await settled(host, pilot)
        await press(host, pilot, "2", "enter")
        await settled(host, pilot)
        await press(host, pilot, "escape")
        assert [each.name for each in host.answers[0].to_do] == ["api"]


async def test_where_portdash_breaks_at_one_it_is_said_what_was_done_and_what_was_not(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    really = desk.apply

    def apply(plan: Plan, *, consent: bool = False) -> Outcome:
        if any(step.target and step.target.port == 5175 for step in plan.steps):
            raise KeyError("nobody thought of it")
        return really(plan, consent=consent)

    monkeypatch.setattr(desk, "apply", apply)
    slots = ((4173, TCP), (5175, TCP), (8888, TCP))
    async with opened(FreeManyScreen(desk, desk.look(), slots, patience=AT_ONCE), (120, 40)) as (host, pilot):
        await settled(host, pilot)
        await press(host, pilot, "3", "enter")
        await settled(host, pilot)
        for words in ("✓ node 7702", "✗ portdash broke: KeyError", "✗ not done: portdash broke before it"):
            assert words in host.text
        await press(host, pilot, "escape")
        assert len(host.answers[0].lines) == 1
    assert {5175, 8888} <= held(desk)
    assert 4173 not in held(desk)


async def test_leaving_ends_nobody(desk: Desk):
    async with opened(FreeManyScreen(desk, desk.look(), SLOTS, patience=AT_ONCE)) as (host, pilot):
        await settled(host, pilot)
        await press(host, pilot, "n")
        assert host.answers == [None]
    assert {5175, 4173, 22} <= held(desk)
