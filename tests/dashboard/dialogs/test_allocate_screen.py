"""The allocate form, and the same form when it adopts: what stands beneath it follows each key."""

from dataclasses import replace
from typing import Any

import pytest
from dialog_fakes import AT_ONCE, STRANGE, THIEF, VITE, FakeDesk, snapshot
from dialog_host import Host, opened, press, settled
from textual.events import Paste
from textual.pilot import Pilot
from textual.widgets import Collapsible, Input, Select

from portdash.dashboard.screens.act import Act
from portdash.dashboard.screens.adopt_form import AdoptForm
from portdash.dashboard.screens.allocate import AllocateScreen
from portdash.dashboard.screens.fields import Field, Tick
from portdash.model.ports import PortRange


def form(desk: FakeDesk, **more: Any) -> AllocateScreen:  # noqa: ANN401 (whatever the screen takes)
    given: Any = desk
    return AllocateScreen(given, snapshot(), patience=AT_ONCE, **more)


async def fill(host: Host, pilot: Pilot[None], **values: str) -> None:
    for name, value in values.items():
        host.screen.query_one(f"#{name}", Input).value = value
    await settled(host, pilot)


async def test_the_preview_follows_what_is_typed():
    async with opened(form(FakeDesk())) as (host, pilot):
        assert "give it a name" in host.text
        assert host.screen.query_one("#yes", Act).disabled
        await press(host, pilot, *"payments")
        await settled(host, pilot)
        assert "PAYMENTS_PORT=4000" in host.text
        await fill(host, pilot, preferred="3000, 3005")
        assert "Would get   3005   fallback 3000, 2 candidates tried" in host.text
        assert "3000  refused  held by node 4121" in host.text
        assert "[/]x[@click=app.quit]y\\x1b]52;c;aGk=\\x07[b]" in host.text
        assert "then  3006, 3007" in host.text
        assert "portdash allocate payments --preferred 3000,3005" in host.text
        assert "Allocate 3005" in host.text
        assert not host.screen.query_one("#yes", Act).disabled


async def test_a_tick_says_in_letters_whether_it_is_set():
    async with opened(form(FakeDesk())) as (host, pilot):
        host.screen.query_one(Collapsible).collapsed = False
        await settled(host, pilot)
        assert "[ ] pin: never displaced" in host.text
        host.screen.query_one("#pin", Tick).focus()
        await press(host, pilot, "space")
        await settled(host, pilot)
        assert "[x] pin: never displaced" in host.text
        assert "[ ] strict: its variable or nothing" in host.text


async def test_enter_allocates_what_was_shown():
    desk = FakeDesk()
    async with opened(form(desk), (60, 20)) as (host, pilot):
        await press(host, pilot, *"pay", "enter")
        await settled(host, pilot)
        assert host.answers[0].lines == ("done",)
        ((plan, consent),) = desk.applied
        assert plan.steps[0].to_port == 4000
        assert not consent


async def test_wrong_input_is_said_in_place_and_applies_nothing():
    desk = FakeDesk()
    async with opened(form(desk)) as (host, pilot):
        await fill(host, pilot, service="9lives", preferred="3000, 99999")
        assert "Service     '9lives' is not a service name" in host.text
        assert "Preferred   99999 is not a port" in host.text
        await press(host, pilot, "enter")
        await settled(host, pilot)
        assert desk.applied == []
        assert "the form is not complete" in host.text
        await fill(host, pilot, service="lives", preferred="")
        assert "not a service name" not in host.text
        assert "the form is not complete" not in host.text


async def test_every_field_reaches_the_wish_and_the_shell_line():
    desk = FakeDesk()
    async with opened(form(desk), (160, 45)) as (host, pilot):
        host.screen.query_one(Collapsible).collapsed = False
        host.screen.query_one("#workspace", Select).value = "shop~1a2b"
        host.screen.query_one("#type", Select).value = "web"
        host.screen.query_one("#pin", Tick).value = True
        host.screen.query_one("#strict", Tick).value = True
        await fill(
            host,
            pilot,
            service="pay",
            preferred="3001",
            range="3000-3099",
            base="3000",
            exclude="3004 3010-3011",
            variable="PAY_PORT",
            inherit="api",
            purpose="it's; rm -rf ~",
        )
        wish = desk.wishes[-1]
        assert (wish.name, wish.type, wish.preferred) == ("shop~1a2b/pay", "web", (3001,))
        assert (wish.range, wish.base, wish.exclude) == (PortRange(3000, 3099), 3000, frozenset({3004, 3010, 3011}))
        assert (wish.env, wish.inherit_from, wish.purpose) == ("PAY_PORT", "api", "it's; rm -rf ~")
        assert wish.pin is True
        assert wish.strict
        flat = " ".join(host.text.replace("│", " ").split())
        assert "'shop~1a2b/pay' --type web --preferred 3001 --base 3000 --range 3000-3099" in flat
        assert """--purpose 'it'"'"'s; rm -rf ~' --pin --strict""" in flat


async def test_the_folded_fields_are_a_key_away():
    async with opened(form(FakeDesk())) as (host, pilot):
        assert not host.screen.query_one("#range", Field).region.height
        host.screen.query_one("CollapsibleTitle").focus()
        await press(host, pilot, "enter")
        await settled(host, pilot)
        assert host.screen.query_one("#range", Field).region.height == 1


async def test_a_search_that_finds_nothing_says_why():
    async with opened(form(FakeDesk())) as (host, pilot):
        await fill(host, pilot, service="pay", base="1")
        assert "nothing: no port for it" in host.text
        assert "1  refused  needs a privilege" in host.text
        assert host.screen.query_one("#yes", Act).disabled


async def test_pasted_text_is_taken_as_one_clean_line():
    async with opened(form(FakeDesk())) as (host, pilot):
        host.post_message(Paste("pay\x1b]0;x\nrm -rf"))
        await settled(host, pilot)
        assert host.screen.query_one("#service", Input).value == "pay]0;x"


async def test_adopting_takes_a_name_for_each_listener():
    desk = FakeDesk()
    async with opened(form(desk, listeners=(VITE, STRANGE), is_chosen=True), (100, 30)) as (host, pilot):
        assert "Adopt 2 of 2" in host.text
        assert "[x] :5175   [vite " in host.text
        assert "▲ works in no project" in host.text
        assert "node 5120  ~/src/shop" in host.text
        assert "process node in ~/src/shop" in host.text
        assert "nothing is started, stopped or written" in host.text
        await fill(host, pilot, **{"name-0": "front"})
        assert "portdash adopt 5175 --name front" in host.text
        await press(host, pilot, "enter")
        await settled(host, pilot)
        ((plan, _),) = desk.applied
        assert [(step.after.name, step.to_port) for step in plan.steps if step.after] == [
            ("front", 5175),
            ("x-click-app.quit-y-52-c-aGk-b", 6006),
        ]


async def test_adopting_under_a_bad_or_a_double_name_is_said_in_place():
    desk = FakeDesk()
    async with opened(form(desk, listeners=(VITE, VITE)), (100, 30)) as (host, pilot):
        names = [each.value for each in host.screen.query(Field)]
        assert names == ["vite", "vite-2"]
        await fill(host, pilot, **{"name-1": "Vite"})
        assert "Vite is named twice" in host.text
        await fill(host, pilot, **{"name-0": "", "name-1": "a b"})
        assert "give it a name" in host.text
        assert "'a b' is not a service name" in host.text
        await press(host, pilot, "enter")
        await settled(host, pilot)
        assert desk.applied == []


AGENTS = replace(VITE, port=5176, via="claude")
ORPHAN = replace(VITE, port=5177, orphan=True)


def marks_of(host: Host) -> list[bool]:
    return [tick.value for tick in host.screen.query(AdoptForm).first().query(Tick)]


async def test_beforehand_only_what_plainly_fits_is_marked_and_the_others_say_what_speaks_against_them():
    desk = FakeDesk()
    offered = (VITE, AGENTS, ORPHAN, STRANGE, replace(THIEF, via="tmux 1.0"))
    async with opened(form(desk, listeners=offered), (100, 40)) as (host, pilot):
        assert marks_of(host) == [True, False, False, False, True]
        for words in (
            "▲ started by claude",
            "▲ an orphan",
            "▲ works in no project",
            "  another workspace: shop@fix-login",
        ):
            assert words in host.text
        assert "Adopt 2 of 5" in host.text
        await press(host, pilot, "enter")
        await settled(host, pilot)
        ((plan, _),) = desk.applied
        assert [step.to_port for step in plan.steps] == [5175, 3000]


async def test_what_a_person_marked_stays_marked_whatever_speaks_against_it():
    async with opened(form(FakeDesk(), listeners=(VITE, AGENTS, ORPHAN, STRANGE), is_chosen=True), (100, 40)) as (
        host,
        _pilot,
    ):
        assert marks_of(host) == [True, True, True, True]
        assert "▲ started by claude" in host.text


async def test_space_takes_a_row_in_or_leaves_it_out_and_of_none_nothing_is_adopted():
    desk = FakeDesk()
    async with opened(form(desk, listeners=(VITE, AGENTS)), (100, 30)) as (host, pilot):
        await press(host, pilot, "space")
        await settled(host, pilot)
        assert marks_of(host) == [False, False]
        assert "none is marked: space on a row takes it in" in host.text
        assert host.screen.query_one("#yes", Act).disabled
        await press(host, pilot, "enter")
        await settled(host, pilot)
        assert desk.applied == []
        await press(host, pilot, "down", "space")
        await settled(host, pilot)
        assert marks_of(host) == [False, True]
        assert "portdash adopt 5176 --name vite-2" in host.text
        assert "adopt 5175" not in host.text
        await press(host, pilot, "down")  # from the last to the first
        assert host.focused is host.screen.query(Tick).first()
        await press(host, pilot, "enter")
        await settled(host, pilot)
        ((plan, _),) = desk.applied
        assert [step.to_port for step in plan.steps] == [5176]


async def test_the_row_that_space_is_about_stands_out_without_any_colour():
    async with opened(form(FakeDesk(), listeners=(VITE, AGENTS)), (100, 30)) as (host, pilot):

        def reversed_text() -> list[str]:
            parts = [part for strip in host.screen._compositor.render_strips() for part in strip]
            return [part.text.strip() for part in parts if part.style and part.style.reverse and part.text.strip()]

        assert reversed_text() == ["[x]", ":5175"]
        await press(host, pilot, "down")
        await settled(host, pilot)
        assert reversed_text() == ["[ ]", ":5176"]


async def test_a_single_one_is_meant_as_it_is_and_its_workspace_can_be_chosen():
    desk = FakeDesk()
    async with opened(form(desk, listeners=(AGENTS,)), (100, 30)) as (host, pilot):
        assert not host.screen.query(Tick)
        assert "▲ started by claude" in host.text
        assert "shop   its own project" in host.text
        assert "portdash adopt 5176 --name vite " in host.text
        host.screen.query_one("#workspace", Select).value = "shop~1a2b"
        await settled(host, pilot)
        assert "portdash adopt 5176 --name 'shop~1a2b/vite'" in host.text
        await fill(host, pilot, **{"name-0": "a b"})
        assert "'a b' is not a service name" in host.text


@pytest.mark.parametrize("size", [(160, 45), (80, 24), (60, 20), (40, 15)])
async def test_every_row_of_an_adoption_can_be_reached_at_any_size(size: tuple[int, int]):
    rows = tuple(replace(AGENTS, port=port) for port in range(6000, 6012))
    async with opened(form(FakeDesk(), listeners=rows), size) as (host, pilot):
        for tick in host.screen.query(AdoptForm).first().query(Tick):
            await settled(host, pilot)
            assert host.focused is tick
            assert host.screen.query_one("#body").region.contains_region(tick.region)
            assert f":{6000 + int(str(tick.id).removeprefix('take-'))}" in host.text
            await press(host, pilot, "down")
