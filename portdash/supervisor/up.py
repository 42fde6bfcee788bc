"""Several services together: started behind what they depend on, each by a `run` of its own, and ended in reverse."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence

from portdash.manager.deps import Deps
from portdash.planning.start_order import Part, endings
from portdash.record import record
from portdash.supervisor.hearing import hearing
from portdash.supervisor.orders import GRACE
from portdash.supervisor.progress import How, Progress, Tell, sentence
from portdash.supervisor.running_part import Hear, RunningPart, start_part
from portdash.supervisor.upness import has_check, running_words, why_not_well
from portdash.text import and_list, clean

ENDS_ALL = ("SIGINT", "SIGTERM", "SIGHUP")
"""Signals that ask an `up` to end all that it has started; its exit code is 128 and the number then."""
_FORCED = 15.0
"""Seconds in which what was forced has ended: a `run` gives what it kills some seconds, and tells the store."""
_FIRST_LOOK, _SLOWEST_LOOK = 0.1, 1.0
"""Seconds between two questions to a service that is not well yet."""
_PATIENCE = 30.0


@record(kw_only=True)
class Stage:
    """How the parts are started, and who hears of them."""

    command: Callable[[str], Sequence[str]]
    """Returns the `run` of one part."""
    hear: Hear
    say: Callable[[str], None]
    tell: Tell
    """Hears how far each has come. What a terminal is told of it is said as well."""
    stays: bool
    """Whether we stay until the end of all; else they are left running once they listen."""
    patience: float = _PATIENCE
    """Seconds that one may take to be well once it listens, until it is said and, unless we stay, has failed."""


class Up:
    """One `up`. Afterwards `ports` has the port of each part that was started and listens."""

    def __init__(self, deps: Deps, parts: Sequence[Part], stage: Stage) -> None:
        self._deps = deps
        self._parts = tuple(parts)
        self._stage = stage
        self.ports: dict[str, int] = {}
        self._ups: dict[str, asyncio.Task[bool]] = {}
        """By part: its start, with whether it is up."""
        self._starts: dict[str, asyncio.Task[RunningPart]] = {}
        self._failure = asyncio.Event()
        self._asked = asyncio.Event()
        self._forced = asyncio.Event()
        self._number = int(signal.SIGTERM)
        self._ending = asyncio.Event()

    async def run(self) -> int:
        """Start all; return the exit code: 1 when one did not start, or failed later; 128 and more after a signal."""
        with hearing(ENDS_ALL, self._ask):
            for part in self._parts:
                self._ups[part.name] = asyncio.ensure_future(self._bring_up(part))
            all_up = asyncio.ensure_future(self._all_up())
            try:
                await self._first_of(all_up, *([self._failure] if self._stage.stays else []))
                if all_up.done() and not self._stage.stays and not self._asked.is_set():
                    return int(not all(all_up.result()))
                if all_up.done() and all(all_up.result()):
                    await self._first_of(asyncio.ensure_future(self._all_over()))
            finally:
                if self._stage.stays or self._asked.is_set() or not all_up.done():
                    await self._end_all(all_up)
            return await self._code()

    async def _code(self) -> int:
        if self._asked.is_set():
            return 128 + self._number
        ends = [start.result().ended for start in self._starts.values() if not start.exception()]
        return int(self._failure.is_set() or any(end.result() for end in ends if end.done()))

    async def _first_of(self, work: asyncio.Future[list[bool]] | asyncio.Future[None], *events: asyncio.Event) -> None:
        """Wait for the work, for one of the events, or until somebody asks for the end."""
        waits = [asyncio.ensure_future(each.wait()) for each in (self._asked, *events)]
        try:
            await asyncio.wait({work, *waits}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
        if work.done():
            work.result()  # what went wrong goes on to our caller

    async def _all_up(self) -> list[bool]:
        """Wait until every start has succeeded or failed; return which have."""
        return [await asyncio.shield(start) for start in self._ups.values()]

    async def _all_over(self) -> None:
        """Wait until every part has ended by itself; say of each how."""

        async def one(part: RunningPart) -> None:
            status = await part.ended
            if not self._ending.is_set():
                self._stage.say(f"{clean(part.name)} ended{f' with status {status}' if status else ''}")

        await asyncio.gather(*[one(await start) for start in self._starts.values()])

    async def _bring_up(self, part: Part) -> bool:
        """Start a part when all that it depends on is up; say whether it is up then."""
        before = [name for name in part.after if not await asyncio.shield(self._ups[name])]
        if self._ending.is_set():
            return False
        if before:
            why = f"it depends on {and_list(map(clean, before))}"
            self._tell(Progress(name=part.name, how=How.HELD_BACK, why=why))
            return False
        if words := await asyncio.to_thread(running_words, self._deps, part.name):
            self._tell(Progress(name=part.name, how=How.RUNS, why=words))
            return True
        await self._warn_of_strangers(part)
        if self._ending.is_set():
            return False
        self._tell(Progress(name=part.name, how=How.BEGUN))
        self._starts[part.name] = asyncio.ensure_future(
            start_part(part.name, self._stage.command(part.name), self._stage.hear, stays=self._stage.stays)
        )
        return await self._until_up(await asyncio.shield(self._starts[part.name]))

    async def _warn_of_strangers(self, part: Part) -> None:
        for name in part.strangers:
            if await asyncio.to_thread(running_words, self._deps, name) is None:
                self._stage.say(
                    f"warning: {clean(part.name)} depends on {clean(name)}, which does not run, and has no command"
                )

    async def _until_up(self, part: RunningPart) -> bool:
        """Wait until a part listens, and is well where that can be asked."""
        while (announced := await part.announced()) is not None and not announced.listens:
            if not self._stage.stays:
                return self._not_up(part, "it does not listen, and is left running")
        if announced is None:
            status = await part.ended
            running = await asyncio.to_thread(running_words, self._deps, part.name)
            if running and not self._ending.is_set():
                self._tell(Progress(name=part.name, how=How.RUNS))  # somebody was faster, which its `run` has said
                return True
            return self._not_up(part, f"it ended with status {status}")
        self.ports[part.name] = announced.port
        if has_check(self._deps, part.name) and not await self._until_well(part):
            return False
        self._tell(Progress(name=part.name, how=How.UP, port=announced.port))
        return True

    async def _until_well(self, part: RunningPart) -> bool:
        loop = asyncio.get_running_loop()
        begun, pause, told = loop.time(), _FIRST_LOOK, False
        while problem := await asyncio.to_thread(why_not_well, self._deps, part.name):
            if part.ended.done():
                return self._not_up(part, f"it ended with status {part.ended.result()}")
            if self._ending.is_set():
                return False
            if loop.time() - begun > self._stage.patience and not told:
                told = True
                if not self._stage.stays:
                    return self._not_up(part, f"it is not well, and is left running: {problem}")
                self._stage.say(f"{clean(part.name)} is not well after {self._stage.patience:g}s: {problem}")
            await asyncio.wait([part.ended], timeout=pause)
            pause = min(pause * 1.5, _SLOWEST_LOOK)
        return True

    def _not_up(self, part: RunningPart, why: str) -> bool:
        if not self._ending.is_set():
            self._tell(Progress(name=part.name, how=How.FAILED, why=why, port=self.ports.get(part.name)))
            self._failure.set()
        return False

    def _tell(self, progress: Progress) -> None:
        if words := sentence(progress, stays=self._stage.stays):
            self._stage.say(words)
        self._stage.tell(progress)

    async def _end_all(self, all_up: asyncio.Future[list[bool]]) -> None:
        """End every part, those first that depend on others."""
        self._ending.set()
        waiting = endings(self._parts)
        over: dict[str, asyncio.Future[None]] = {}
        for part in reversed(self._parts):
            before = [over[name] for name in waiting[part.name]]
            over[part.name] = asyncio.ensure_future(self._end(part.name, before))
        await asyncio.gather(*over.values())
        all_up.cancel()
        await asyncio.gather(*self._ups.values(), return_exceptions=True)

    async def _end(self, name: str, before: Sequence[asyncio.Future[None]]) -> None:
        """End a part after those that depend on it; by force when it takes too long, or when that is asked for."""
        if before:
            await asyncio.wait(before)
        start = self._starts.get(name)
        if start is None or isinstance(part := (await asyncio.gather(start, return_exceptions=True))[0], BaseException):
            return  # it was never started
        if part.ended.done():
            return
        part.ask(self._number)
        forced = asyncio.ensure_future(self._forced.wait())
        await asyncio.wait([part.ended, forced], timeout=GRACE, return_when=asyncio.FIRST_COMPLETED)
        if not part.ended.done():
            if not forced.done():
                self._stage.say(f"{clean(name)} does not end, and is forced to")
            part.force()
            await asyncio.wait([part.ended], timeout=_FORCED)
            if not part.ended.done():
                self._stage.say(f"warning: {clean(name)} (pid {part.pid}) does not end, and is left behind")
        forced.cancel()

    def _ask(self, number: int) -> None:
        """End all; asked a second time, at once."""
        if self._asked.is_set():
            self._forced.set()
        else:
            self._stage.say("all are ended, the last that was started first; at once if that is asked for again")
            self._number = number
            self._asked.set()
