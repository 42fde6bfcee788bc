"""An app round one dialog, and what presses its keys and waits for what they set in motion."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from steady_pilot import SteadyPilot
from textual.app import App
from textual.events import Key
from textual.pilot import Pilot
from textual.screen import Screen
from textual.worker import WorkerCancelled, WorkerFailed

from portdash.dashboard.screens.long_act import LongAct


class Host(App[None]):
    """An app that shows one dialog over an empty screen and keeps its answer."""

    def __init__(self, screen: Screen[Any]) -> None:
        super().__init__()
        self.dialog = screen
        self.answers: list[object] = []

    def on_mount(self) -> None:
        self.push_screen(self.dialog, self.answers.append)

    @property
    def text(self) -> str:
        """What stands on the screen, line by line."""
        return "\n".join("".join(part.text for part in strip) for strip in self.screen._compositor.render_strips())


@asynccontextmanager
async def opened(screen: Screen[Any], size: tuple[int, int] = (80, 24)) -> AsyncIterator[tuple[Host, Pilot[None]]]:
    """Show a dialog and wait until it stands."""
    host = Host(screen)
    async with host.run_test(size=size):
        pilot = SteadyPilot(host)
        await settled(host, pilot)
        yield host, pilot


async def press(host: Host, pilot: Pilot[None], *keys: str) -> None:
    """Type keys. Unlike `Pilot.press` it waits for messages to be handled, not for the processor to be idle."""
    for each in keys:
        await press_at_once(host, pilot, each)


async def press_at_once(host: Host, pilot: Pilot[None], *keys: str) -> None:
    """Type keys of which the last has come before the first is handled, as where a slow line brings them in one."""
    assert host._driver is not None
    for each in keys:
        event = Key(each, each if len(each) == 1 else None)
        event.set_sender(host)
        host._driver.send_message(event)
    await drained(pilot)


async def drained(pilot: Pilot[None]) -> None:
    """Let a message go down to a widget, up again to the app, and what follows from it."""
    for _ in range(4):
        await pilot._wait_for_screen()


async def settled(host: Host, pilot: Pilot[None]) -> None:
    """Wait for workers and acts, for what they set in motion, and for the screen to be drawn."""
    await drained(pilot)
    for each in list(host.workers):
        with suppress(WorkerCancelled, WorkerFailed):  # a dialog has closed, or says what went wrong
            await each.wait()
    for screen in list(host.screen_stack):
        if isinstance(screen, LongAct):
            await screen.wait()
    await drained(pilot)
