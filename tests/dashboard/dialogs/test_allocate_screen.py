"""The allocate form, and the same form when it adopts: what stands beneath it follows each key."""

from typing import Any

from dialog_fakes import AT_ONCE, STRANGE, VITE, FakeDesk, snapshot
from dialog_host import Host, opened, press, settled
from textual.events import Paste
from textual.pilot import Pilot
from textual.widgets import Collapsible, Input, Select

from portdash.dashboard.screens.act import Act
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
    async with opened(form(desk, listeners=(VITE, STRANGE)), (100, 30)) as (host, pilot):
        assert "Adopt 2 listeners" in host.text
        assert ":5175   [vite " in host.text
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
