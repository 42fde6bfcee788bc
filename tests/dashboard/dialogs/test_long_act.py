"""What takes its time: it can be left, its outcome is heard in any case, and one that breaks says so."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import Event as Flag
from typing import ClassVar

import pytest
from dialog_fakes import AT_ONCE, refused
from dialog_host import Host, opened, press, settled
from textual import on, work
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.pilot import Pilot

from portdash.dashboard.screens.long_act import LongAct, Told
from portdash.manager.apply import Outcome


class Errand(LongAct):
    """Waits for a flag, and closes or raises then."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "confirm")]

    class Done(Message):
        """It is done."""

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__(title="Errand", patience=AT_ONCE)
        self.error = error
        self.gate = Flag()
        self.has_begun = Flag()

    def confirm(self) -> None:
        self.begin("waiting …", self.act)

    def act(self) -> Told:
        self.has_begun.set()
        assert self.gate.wait(30)
        if self.error:
            raise self.error
        return Told(self.Done(), "the errand is done")

    @on(Done)
    def _done(self) -> None:
        self.end()
        self.dismiss(Outcome(operation=None, lines=("done",)))

    @work(thread=True, exit_on_error=False)
    def look(self) -> None:
        raise KeyError("nobody thought of it")


async def shown(host: Host, pilot: Pilot[None], text: str) -> None:
    """Wait until a text stands on the screen."""
    async with asyncio.timeout(30):
        while text not in host.text:
            await press(host, pilot, "down")


async def heard(host: Host, pilot: Pilot[None], text: str) -> None:
    """Wait until something has been told to whoever sits before the screen, which is to be this text alone."""
    async with asyncio.timeout(30):
        while not host._notifications:
            await settled(host, pilot)
    assert [each.message for each in host._notifications] == [text]


async def test_it_says_what_it_does_and_closes_with_what_was_done():
    errand = Errand()
    async with opened(errand) as (host, pilot):
        await press(host, pilot, "y")
        assert errand.is_under_way
        await shown(host, pilot, "waiting …")
        errand.gate.set()
        await settled(host, pilot)
        assert host.answers == [Outcome(operation=None, lines=("done",))]


ERRORS = [
    (None, "the errand is done"),
    (refused("it must not be"), "it must not be. try again"),
    (KeyError("odd"), "portdash broke: KeyError: 'odd'. please report it"),
]


@pytest.mark.parametrize(("error", "text"), ERRORS)
async def test_what_comes_of_it_is_told_to_who_has_left(error: Exception | None, text: str):
    errand = Errand(error)
    async with opened(errand) as (host, pilot):
        await press(host, pilot, "y")
        assert errand.has_begun.wait(30)
        await press(host, pilot, "escape")
        assert host.answers == [None]
        assert not host._notifications
        errand.gate.set()
        await heard(host, pilot, text)


@pytest.mark.parametrize(("error", "text"), ERRORS[1:])
async def test_an_error_is_said_and_it_can_be_tried_again(error: Exception | None, text: str):
    errand = Errand(error)
    errand.gate.set()
    async with opened(errand, (120, 24)) as (host, pilot):
        await press(host, pilot, "y")
        await settled(host, pilot)
        assert text in host.text
        assert not errand.is_under_way
        assert host.answers == []


@pytest.mark.parametrize("leaves", [False, True])
async def test_one_that_breaks_half_way_says_what_it_has_done(*, leaves: bool):
    errand = Errand()

    def act() -> Told:
        for line in ("ending it …", "it has ended"):
            errand.tell(errand.Progressed(line))
        assert errand.gate.wait(30)
        raise KeyError("odd")

    errand.act = act  # type: ignore[method-assign]
    text = "portdash broke: KeyError: 'odd'; done before that: it has ended. please report it"
    async with opened(errand, (120, 24)) as (host, pilot):
        await press(host, pilot, "y", *(["escape"] if leaves else []))
        errand.gate.set()
        await (heard if leaves else shown)(host, pilot, text)


async def test_a_look_that_breaks_is_said_too():
    errand = Errand()
    async with opened(errand, (120, 24)) as (host, pilot):
        errand.look()
        await shown(host, pilot, "portdash broke: KeyError: 'nobody thought of it'")


async def test_escape_does_not_get_in_before_an_outcome_that_is_on_its_way():
    errand = Errand()
    async with opened(errand) as (host, pilot):
        errand.begin("waiting …", lambda: Told(errand.Done(), "never said"))
        errand._deliver(Told(errand.Done(), "never said"))
        errand.action_leave()
        await settled(host, pilot)
        assert host.answers == [Outcome(operation=None, lines=("done",))]
        assert not host._notifications


async def test_what_waits_for_a_thread_is_carried_out_though_its_dialog_is_left_before_it_gets_one():
    errand, held = Errand(), Flag()
    errand.gate.set()
    with ThreadPoolExecutor(1) as pool:
        asyncio.get_running_loop().set_default_executor(pool)
        pool.submit(held.wait, 30)
        async with opened(errand) as (host, pilot):
            await press(host, pilot, "y", "escape")
            await settled(host, pilot)
            assert host.answers == [None]
            assert not errand.has_begun.is_set()
            held.set()
            await heard(host, pilot, "the errand is done")


async def test_what_an_act_says_to_a_dialog_that_goes_at_this_moment_does_not_break_the_act():
    errand = Errand()

    def act() -> Told:
        assert errand.gate.wait(30)
        errand.tell(errand.Progressed("half of it is done"))
        return Told(errand.Done(), "the errand is done")

    errand.act = act  # type: ignore[method-assign]
    async with opened(errand) as (host, pilot):
        await press(host, pilot, "y", "escape")
        await settled(host, pilot)
        errand._closing = errand._closed = False  # as the thread finds it that has just looked
        errand.gate.set()
        await heard(host, pilot, "the errand is done")


async def test_a_dialog_that_says_something_at_its_end_may_be_gone_when_the_screen_below_is_drawn(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("textual.screen.UPDATE_PERIOD", 3600.0)
    errand = Errand()
    async with opened(errand) as (host, pilot):
        errand.say("done")
        errand.dismiss(None)
        async with asyncio.timeout(30):
            while errand.is_attached:  # noqa: ASYNC110  what is waited for has no event
                await asyncio.sleep(0)
        await settled(host, pilot)
        assert host.answers == [None]
