"""One service, from its port to its end: keep the port, start the child, stay with it, and do what is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from portdash.config.services import RestartOn
from portdash.errors import PortdashError, StoreError
from portdash.machine.reaping import adopt_orphans
from portdash.manager.deps import Deps
from portdash.model.requests import Request, RequestKind
from portdash.supervisor.attending import Attendant
from portdash.supervisor.budget import Budget
from portdash.supervisor.child import CannotStart, Sink
from portdash.supervisor.ending import End, Ended, freed, let_go
from portdash.supervisor.errands import FREED_LIMIT, Errand
from portdash.supervisor.inbox import Inbox
from portdash.supervisor.last_end import LastEnd, note_end
from portdash.supervisor.lookout import Lookout, Started
from portdash.supervisor.orders import Order, Ready, give_back, leave, on_port, prepare
from portdash.supervisor.signals import Signals
from portdash.text import clean

if TYPE_CHECKING:
    from portdash.supervisor.terminal import Pair


class Supervisor:
    """Runs one service. `say` takes a line for people; `started` hears when the child listens, or is late."""

    def __init__(
        self,
        deps: Deps,
        order: Order,
        *,
        state_dir: Path,
        sink: Sink,
        say: Callable[[str], None],
        terminal: Pair | None = None,
        started: Started,
    ) -> None:
        deps = replace(deps, lets_follow=False)  # followers start again once there is something to follow
        self._deps = deps
        self._order = order
        self._say = say
        self._inbox = Inbox(deps, say)
        self._budget = Budget()
        self._state_dir = state_dir
        self.signals = Signals()
        self._attendant = Attendant(
            order,
            state_dir=state_dir,
            sink=sink,
            terminal=terminal,
            lookout=Lookout(deps, say=say, started=started),
            inbox=self._inbox,
            signals=self.signals,
        )

    def heard(self, data: bytes) -> None:
        """Keep what the child printed."""
        self._attendant.heard(data)

    async def run(self) -> int:
        """Run the service until it is over; return the child's status. Raises CannotStart, PortdashError."""
        adopt_orphans()
        with self.signals.heard(), self._inbox.open():
            ready = await self._prepared()
            while True:
                after = await self._follow(await self._once(ready), ready)
                if isinstance(after, int):
                    await self._let_go(ready)
                    return after
                ready = after

    async def _once(self, ready: Ready) -> Ended:
        """Run the child once; the port of one that could not even be started is given back. Raises CannotStart."""
        self._note(ready, None)
        try:
            ended = await self._attendant.once(ready)
        except CannotStart as error:
            self._note(ready, LastEnd(self._deps.clock.now(), error.status))
            await asyncio.to_thread(give_back, self._deps, ready)
            raise
        if ended.how in (End.OVER, End.STOPPED, End.ASKED):  # any other is a start that is tried again
            status = ended.status if ended.how is End.OVER else None
            self._note(ready, LastEnd(self._deps.clock.now(), status))
        return ended

    def _note(self, ready: Ready, end: LastEnd | None) -> None:
        """Note how the child came to its end, None while it has not."""
        note_end(self._state_dir, ready.row.key, end, self._say)

    async def _prepared(self) -> Ready:
        ready = await asyncio.to_thread(prepare, self._deps, self._order)
        await self._inbox.serve(ready.token)
        for notice in ready.notices:
            self._say(f"warning: {notice}")
        if not ready.leased:
            from portdash.supervisor.late_lease import lease_late  # noqa: PLC0415  only where the store is away

            self._inbox.beside(partial(lease_late, self._deps, ready, self._inbox.serves))
        return ready

    async def _follow(self, ended: Ended, ready: Ready) -> Ready | int:
        """Return what is started next, or the status with which it is over."""
        if ended.request is not None:
            return await self._obey(ended.request, ready, ended.status)
        if self._attendant.errand is not None and ended.how is not End.HELD_OFF:
            back = await self._fail(self._attendant.errand, ended.why(ready))
            if back is not None and not self.signals.ask_for_the_end():
                return back
        again = self._next(ended, ready)
        if not again or self.signals.ask_for_the_end():
            return ended.status
        if ended.how is End.HELD_OFF:
            self._say(again)
            return ready if self._attendant.errand else await self._prepared()
        return await self._start_again(again, ended, ready)

    async def _start_again(self, again: str, ended: Ended, ready: Ready) -> Ready | int:
        """Wait as long as is due, and get ready anew; what is asked meanwhile comes first."""
        now = asyncio.get_running_loop().time()
        wait = self._budget.wait(now)
        if wait is None:
            self._say(f"{again}; it ended too often within a few minutes, and is left alone")
            return ended.status or 1
        self._budget = self._budget.spent(now)
        self._say(f"{again}, in {wait:g}s" if wait else again)
        if ended.how is End.TAKEN:
            await asyncio.to_thread(leave, self._deps, ready.row)
        request = await self._pause(wait)
        if self.signals.ask_for_the_end():
            return ended.status
        return await self._obey(request, ready, ended.status) if request else await self._prepared()

    async def _pause(self, seconds: float) -> Request | None:
        """Wait so long, or until somebody asks for something, which is returned."""
        asked = asyncio.ensure_future(self._inbox.next())
        paused = asyncio.ensure_future(self.signals.pause(seconds))
        await asyncio.wait((asked, paused), return_when=asyncio.FIRST_COMPLETED)
        paused.cancel()
        if asked.done():
            return asked.result()
        asked.cancel()
        return None

    def _next(self, ended: Ended, ready: Ready) -> str:
        """Return what is done next, in words; nothing when it is over."""
        name = clean(ready.row.name)
        match ended.how:
            case End.TAKEN:
                return f"{ended.why(ready)}; the next port is tried"
            case End.HELD_OFF:
                return f"{name} cannot bind a port that is kept for it; it is started again without that"
            case End.OVER if self._order.restart is RestartOn.EXIT or (self._order.restart and ended.status):
                return f"{name} ended with status {ended.status}; it is started again"
            case _:
                return ""

    async def _obey(self, request: Request, ready: Ready, status: int) -> Ready | int:
        """Do what was asked, now that the child has ended; what has to start first is answered when it listens."""
        name, port = clean(ready.row.name), ready.row.port
        held = await freed(self._deps, ready.row, limit=FREED_LIMIT)
        if request.kind is RequestKind.STOP:
            self._say(text := f"{name} has ended" + (f", and {port} is not free: {held}" if held else ""))
            await self._inbox.answer(request, ok=held is None, text=text)
            return status
        target = request.port or port
        moves = target != port
        still = f"{port} is not free: {held}" if moves and held else ""
        self._attendant.errand = Errand(request=request, back=ready if moves else None, still=still)
        self._say(
            f"{name} is moved to {target}{f'; {still}' if still else ''}" if moves else f"{name} is started again"
        )
        try:
            wanted = await asyncio.to_thread(on_port, self._deps, ready, target)
        except PortdashError as error:
            self._say(f"warning: {clean(error.message)}")
            return await self._fail(self._attendant.errand, clean(error.message)) or ready
        if moves and (held := await freed(self._deps, wanted.row, limit=FREED_LIMIT)):
            return await self._fail(self._attendant.errand, f"{name} cannot have {target}: {held}") or ready
        return wanted

    async def _fail(self, errand: Errand, why: str) -> Ready | None:
        """Say that what was asked for cannot be; return where the child ran before, None where there is no way back."""
        back = errand.back
        if back is None:
            await self._attendant.report(errand, ok=False, text=errand.trouble or why)
            return None
        self._say(f"{why}; back to {back.row.port}")
        self._attendant.errand = errand.failed(why)
        if self._deps.machine.bind_error(back.row.key.protocol, back.row.port):
            await self._attendant.report(
                errand, ok=False, text=f"{why}; it goes back to {back.row.port} once that is free"
            )
            await freed(self._deps, back.row, limit=FREED_LIMIT)
        return back

    async def _let_go(self, ready: Ready) -> None:
        try:
            await asyncio.to_thread(let_go, self._deps, ready)
        except StoreError as error:  # a lease ends with its process at the latest
            self._say(f"warning: {error.message}")
