"""Those who run the commands: a few at a time, each for a limited time. One that fails is said once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from portdash.config.durations import show_duration
from portdash.health.bounded import run_bounded
from portdash.text import clean

if TYPE_CHECKING:
    from portdash.config.hooks import HookConfig

AT_ONCE = 4
"""Commands that run at the same time."""
WAITING = 100
"""Runs that may wait or be under way; what comes on top is dropped, and said."""

Say = Callable[[str], object]
"""Takes a line for the person who is here."""


class Crew:
    """For one event loop. The environment is that of every command."""

    def __init__(self, say: Say, environ: Mapping[str, str]) -> None:
        self._say = say
        self._environ = environ
        self._places = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._failing: set[HookConfig] = set()
        self._is_full = False

    def send(self, hook: HookConfig, document: bytes) -> None:
        """Run a hook as soon as there is a place."""
        if len(self._tasks) >= WAITING:
            if not self._is_full:
                self._is_full = True
                self._say(f"{WAITING} hooks wait to be run: what happens now is not told to {_name(hook)}")
            return
        self._is_full = False
        task = asyncio.create_task(self._run(hook, document))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def end(self, patience: float) -> None:
        """Wait for what runs, and end what takes longer than `patience` seconds."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=patience)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, hook: HookConfig, document: bytes) -> None:
        async with self._places:
            trouble = await self._trouble_of(hook, document)
        if not trouble:
            self._failing.discard(hook)
        elif hook not in self._failing:
            self._failing.add(hook)
            self._say(clean(f"the hook {_name(hook)} {trouble}"))

    async def _trouble_of(self, hook: HookConfig, document: bytes) -> str:
        """Run a hook, and return what went wrong; empty when all is well."""
        try:
            ended = await run_bounded(
                hook.command,
                environ=self._environ,
                directory=hook.directory,
                given=document,
                timeout=hook.timeout,
            )
        except TimeoutError:
            return f"took longer than {show_duration(hook.timeout)} and was ended"
        except (OSError, ValueError) as error:
            return f"cannot be run: {(isinstance(error, OSError) and error.strerror) or error}"
        return ended.told if ended.status else ""


def _name(hook: HookConfig) -> str:
    return clean(hook.command[0])
