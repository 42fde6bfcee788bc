"""One run of a child: its port kept until it listens, seen to listen, and accompanied to its end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING

from portdash.machine.holds import Hold, hold_port, listening
from portdash.model.ports import IpProtocol
from portdash.model.requests import RequestKind
from portdash.model.substitution import substitute
from portdash.supervisor import child as children
from portdash.supervisor.blame import Blame, blame
from portdash.supervisor.child import CannotStart, Child, Sink
from portdash.supervisor.ending import End, Ended
from portdash.supervisor.errands import Errand
from portdash.supervisor.inbox import Inbox
from portdash.supervisor.logs import ServiceLog, log_path
from portdash.supervisor.lookout import Lookout
from portdash.supervisor.orders import Order, Ready
from portdash.supervisor.signals import Signals
from portdash.supervisor.verify import Finding, Progress
from portdash.text import clean

if TYPE_CHECKING:
    from portdash.supervisor.terminal import Pair

_TAIL = 16384
"""Bytes of the last output that are looked at for a port that is in use."""


class Attendant:
    """Starts the child of one service, as often as it is told to, and stays with it each time."""

    def __init__(
        self,
        order: Order,
        *,
        state_dir: Path,
        sink: Sink,
        terminal: Pair | None,
        lookout: Lookout,
        inbox: Inbox,
        signals: Signals,
    ) -> None:
        self._order = order
        self._state_dir = state_dir
        self._print = sink
        self._terminal = terminal
        self._lookout = lookout
        self._inbox = inbox
        self._signals = signals
        self.errand: Errand | None = None
        """What the start at hand is to answer, None once it is answered."""
        self._tail = b""
        self._log: ServiceLog | None = None
        self._keeps = True
        self._stood: int | None = None
        """The port at which the service was last to be found, as those that follow it know."""

    async def report(self, errand: Errand, *, ok: bool, text: str) -> None:
        """Answer what somebody asked for; the start at hand is good for nothing else from then on."""
        self.errand = None
        await self._inbox.answer(errand.request, ok=ok, text=text)

    async def once(self, ready: Ready) -> Ended:
        """Start the child once, and wait for its end."""
        row = ready.row
        self._tail, marker = b"", log_path(self._state_dir, row.key).with_suffix(".nohold")
        self._keeps = self._keeps and not marker.exists()
        self._stood = self._stood or ready.before
        with contextlib.ExitStack() as stack:
            hold: Hold | None = None
            handed: socket | None = None
            try:
                if self._order.hands_socket:
                    handed = stack.enter_context(listening(row.port))
                elif self._keeps and row.key.protocol is IpProtocol.TCP:
                    hold = hold_port(row.port)
            except OSError as error:
                return Ended(End.TAKEN, 1, (error.strerror or str(error)).lower())
            if hold:
                stack.enter_context(hold)
            self._log = ServiceLog(log_path(self._state_dir, row.key))
            stack.callback(self._log.close)
            try:
                child = await self._child(ready, handed)
            except CannotStart as error:
                if self.errand is None:
                    raise
                return Ended(End.OVER, error.status, clean(str(error)))
            if handed:
                handed.close()  # it is the child's alone from here on
            try:
                with self._signals.reaching(child):
                    ended = await self._accompany(child, ready, hold, marker)
            finally:
                await child.stop(grace=self._order.grace)
                await self._lookout.clear_up(ready, grace=self._order.grace)
            return ended._replace(status=child.status or 0) if ended.how is End.ASKED else ended

    async def _child(self, ready: Ready, handed: socket | None) -> Child:
        return await children.start(
            substitute(self._order.command, ready.row.port),
            environ=ready.environ,
            cwd=self._order.cwd,
            sink=self._take,
            terminal=self._terminal,
            handed_socket=handed.fileno() if handed else None,
        )

    async def _accompany(self, child: Child, ready: Ready, hold: Hold | None, marker: Path) -> Ended:
        """See the child listen, and wait for its end, or for something that it has to end for."""
        late: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        end = asyncio.ensure_future(child.wait())
        look = asyncio.ensure_future(self._seen(self._lookout.see(child, ready, hold, late.set_result), ready, marker))
        asked = asyncio.ensure_future(self._inbox.next()) if self.errand is None else None
        try:
            while not end.done():
                waiting = [each for each in (end, look, late, asked) if each is not None and not each.done()]
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                if end.done():
                    break
                if asked is not None and asked.done():
                    return Ended(End.ASKED, request=asked.result())
                if look.done() and (finding := look.result()).progress is Progress.TAKEN:
                    holder = clean(finding.holder.label) if finding.holder else "another"
                    return Ended(End.TAKEN, 1, f"{holder} was faster")
                if self.errand is not None:
                    if not look.done() and self.errand.back is not None:
                        return Ended(End.LATE, 1, late.result())
                    await self._answer_errand(self.errand, ready, late=None if look.done() else late.result())
                asked = asked or asyncio.ensure_future(self._inbox.next())
            return await self._judge(end.result(), ready, listened=look.done(), hold=hold)
        finally:
            if asked is not None and asked.done() and end.done():
                self._inbox.put_back(asked.result())
            for task in (end, look, late, asked):
                if task is not None:
                    task.cancel()

    async def _seen(self, looking: Awaitable[Finding], ready: Ready, marker: Path) -> Finding:
        """Look until something is seen; note it when the child could do without its port being kept, and only so.

        Who moves it sees to those that follow it. One that has gone elsewhere by itself tells them.
        """
        is_sent = self.errand is not None and self.errand.request.kind is RequestKind.MOVE
        finding = await looking
        if finding.progress is not Progress.READY:
            return finding
        if not self._keeps:
            _remember(marker)
        stood, self._stood = self._stood, ready.row.port
        if not is_sent and stood not in (None, self._stood):
            await self._lookout.let_follow(ready)
        return finding

    async def _answer_errand(self, errand: Errand, ready: Ready, *, late: str | None) -> None:
        """Answer now that the child listens, or that it runs and does not."""
        text = late if late is not None else errand.done(ready)
        await self.report(errand, ok=late is None and not errand.leads_back, text=text)

    async def _judge(self, status: int, ready: Ready, *, listened: bool, hold: Hold | None) -> Ended:
        """Say how a child came to its end that ended by itself."""
        if self._signals.ask_for_the_end():
            return Ended(End.STOPPED, status)
        if not listened and status and blame(self._tail, ready.row.port) is not Blame.NONE:
            if hold and hold.is_kept:
                self._keeps = False
                return Ended(End.HELD_OFF, status)
            # It may have been another port that it could not have, or somebody who has ended meanwhile.
            if await asyncio.to_thread(self._lookout.is_kept_away, ready):
                return Ended(End.TAKEN, status, "the address is in use")
        return Ended(End.OVER, status)

    def _take(self, number: int, data: bytes) -> None:
        """Pass on what the child printed."""
        self.heard(data)
        self._print(number, data)

    def heard(self, data: bytes) -> None:
        """Keep what the child printed."""
        self._tail = (self._tail + data)[-_TAIL:]
        if self._log is not None:
            self._log.write(data)


def _remember(marker: Path) -> None:
    """Note that no port is to be kept for this service."""
    with contextlib.suppress(OSError):  # the next run finds it out again
        marker.touch()
