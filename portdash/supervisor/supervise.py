"""One service, from its port to its end: keep the port, start the child, see it listen, and stay with it."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING, NamedTuple, Protocol

from portdash.errors import StoreError
from portdash.machine.holds import Hold, hold_port, keeps_away, listening
from portdash.machine.reaping import adopt_orphans
from portdash.manager.deps import Deps
from portdash.model.ports import IpProtocol
from portdash.model.storage import Batch, DropLease
from portdash.supervisor import child as children
from portdash.supervisor.blame import Blame, blame
from portdash.supervisor.budget import Budget
from portdash.supervisor.child import CannotStart, Child, Sink
from portdash.supervisor.leftovers import end_leftovers
from portdash.supervisor.logs import ServiceLog, log_path
from portdash.supervisor.orders import Order, Ready, give_back, leave, prepare
from portdash.supervisor.signals import Signals
from portdash.supervisor.substitution import substitute
from portdash.supervisor.verify import Finding, Progress, judge
from portdash.text import clean

if TYPE_CHECKING:
    from portdash.supervisor.terminal import Pair

HOLD_LIMIT = 30.0
"""Seconds that a port is kept for a child that does not listen."""
_FIRST_LOOK, _SLOWEST_LOOK = 0.02, 1.0
"""Seconds between two looks at the sockets, twice as long each time."""
_PATIENCE = 2.0
"""Seconds that a child may listen elsewhere before it is said: some open a second port first."""
_TAIL = 16384
"""Bytes of the last output that are looked at for a port that is in use."""


class End(Enum):
    """How one run of a child came to its end."""

    OVER = "over"
    STOPPED = "stopped"
    """Somebody asked it to end."""
    TAKEN = "taken"
    """Its port is somebody else's."""
    HELD_OFF = "held_off"
    """It could not bind the port that was kept for it."""


class Ended(NamedTuple):
    """The end, and the status of the child."""

    how: End
    status: int = 0
    detail: str = ""


class Started(Protocol):
    """Is told how the start went, at least once."""

    def __call__(self, port: int, pid: int, *, listens: bool) -> None:
        """Take the port on which the child listens, or should by now."""
        ...


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
        self._deps = deps
        self._order = order
        self._state_dir = state_dir
        self._print = sink
        self._say = say
        self._terminal = terminal
        self._started = started
        self.signals = Signals()
        self._tail = b""
        self._log: ServiceLog | None = None
        self._keeps = True

    async def run(self) -> int:
        """Run the service until it is over; return the child's status. Raises CannotStart, PortdashError."""
        adopt_orphans()
        budget = Budget()
        loop = asyncio.get_running_loop()
        with self.signals.heard():
            while True:
                ready = await asyncio.to_thread(prepare, self._deps, self._order)
                for notice in ready.notices:
                    self._say(f"warning: {notice}")
                try:
                    ended = await self._once(ready)
                except CannotStart:
                    await asyncio.to_thread(give_back, self._deps, ready)
                    raise
                again = self._next(ended, ready)
                if not again or self.signals.ask_for_the_end():
                    self._let_go(ready)
                    return ended.status
                wait = 0.0 if ended.how is End.HELD_OFF else budget.wait(loop.time())
                if wait is None:
                    self._say(f"{again}; it ended too often within a few minutes, and is left alone")
                    self._let_go(ready)
                    return ended.status or 1
                budget = budget if ended.how is End.HELD_OFF else budget.spent(loop.time())
                self._say(f"{again}, in {wait:g}s" if wait else again)
                if ended.how is End.TAKEN:
                    await asyncio.to_thread(leave, self._deps, ready.row)
                await self.signals.pause(wait)
                if self.signals.ask_for_the_end():
                    self._let_go(ready)
                    return ended.status

    def _next(self, ended: Ended, ready: Ready) -> str:
        """Return what is done next, in words; nothing when it is over."""
        name = clean(ready.row.name)
        match ended.how:
            case End.TAKEN:
                return f"{name} cannot have {ready.row.port}: {ended.detail}; the next port is tried"
            case End.HELD_OFF:
                return f"{name} cannot bind a port that is kept for it; it is started again without that"
            case End.OVER if self._order.restart and ended.status:
                return f"{name} ended with status {ended.status}; it is started again"
            case _:
                return ""

    async def _once(self, ready: Ready) -> Ended:
        """Start the child once, and wait for its end."""
        row = ready.row
        self._tail, marker = b"", log_path(self._state_dir, row.key).with_suffix(".nohold")
        self._keeps = self._keeps and not marker.exists()
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
            child = await children.start(
                substitute(self._order.command, row.port),
                environ=ready.environ,
                cwd=self._order.cwd,
                sink=self._take,
                terminal=self._terminal,
                handed_socket=handed.fileno() if handed else None,
            )
            if handed:
                handed.close()  # it is the child's alone from here on
            try:
                with self.signals.reaching(child):
                    return await self._accompany(child, ready, hold, marker)
            finally:
                await child.stop(grace=self._order.grace)
                for line in await asyncio.to_thread(end_leftovers, self._deps, ready, grace=self._order.grace):
                    self._say(line)

    async def _accompany(self, child: Child, ready: Ready, hold: Hold | None, marker: Path) -> Ended:
        """See the child listen, and wait for its end."""
        end, look = (
            asyncio.ensure_future(child.wait()),
            asyncio.ensure_future(self._see_it_listen(child, ready, hold, marker)),
        )
        try:
            await asyncio.wait((end, look), return_when=asyncio.FIRST_COMPLETED)
            if look.done() and not end.done() and (finding := look.result()).progress is Progress.TAKEN:
                holder = clean(finding.holder.label) if finding.holder else "another"
                return Ended(End.TAKEN, 1, f"{holder} was faster")
            status = await end
        finally:
            for task in (end, look):
                task.cancel()
        if self.signals.ask_for_the_end():
            return Ended(End.STOPPED, status)
        if not look.done() and status and blame(self._tail, ready.row.port) is not Blame.NONE:
            if hold and hold.is_kept:
                self._keeps = False
                return Ended(End.HELD_OFF, status)
            # It may have been another port that it could not have, or somebody who has ended meanwhile.
            if await asyncio.to_thread(self._is_kept_away, ready):
                return Ended(End.TAKEN, status, "the address is in use")
        return Ended(End.OVER, status)

    async def _see_it_listen(self, child: Child, ready: Ready, hold: Hold | None, marker: Path) -> Finding:
        """Look at the sockets until the child listens where it should, or somebody else does."""
        loop = asyncio.get_running_loop()
        begun, pause, elsewhere, told = loop.time(), _FIRST_LOOK, None, False
        while True:
            finding = await asyncio.to_thread(self._look, child, ready)
            now = loop.time()
            if finding.progress is Progress.READY:
                if hold:
                    hold.drop()
                if not self._keeps:
                    _remember(marker)
                self._say(f"{clean(ready.row.name)} is on {ready.row.url()} (pid {child.pid})")
                self._started(ready.row.port, child.pid, listens=True)
                return finding
            if finding.progress is Progress.TAKEN:
                return finding
            if finding.progress is Progress.ELSEWHERE:
                elsewhere = elsewhere or now
                if not told and now - elsewhere > _PATIENCE:
                    told = self._tell_elsewhere(finding, ready)
                    self._started(finding.ports[0], child.pid, listens=True)
            elif not told and now - begun > HOLD_LIMIT:
                told = True
                if hold:
                    hold.drop()
                self._say(f"{clean(ready.row.name)} does not listen on {ready.row.port} after {HOLD_LIMIT:g}s")
                self._started(ready.row.port, child.pid, listens=False)
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, _SLOWEST_LOOK)

    def _look(self, child: Child, ready: Ready) -> Finding:
        """Look once; sockets that cannot be read now say nothing, and are no reason to end a server."""
        row = ready.row
        tree = (child.pid, os.getpid())
        try:
            listeners = self._deps.machine.listeners()
        except OSError:
            return Finding(progress=Progress.WAITING)
        return judge(listeners, row.port, protocol=row.key.protocol, tree=tree)

    def _is_kept_away(self, ready: Ready) -> bool:
        row = ready.row
        if row.key.protocol is IpProtocol.TCP:
            return keeps_away(row.port)
        return self._deps.machine.bind_error(row.key.protocol, row.port) is not None

    def _tell_elsewhere(self, finding: Finding, ready: Ready) -> bool:
        ports = " and ".join(map(str, finding.ports))
        name, port = clean(ready.row.name), ready.row.port
        self._say(f"{name} listens on {ports}, expected {port}: put {{port}} into its command, or let it read PORT")
        return True

    def _take(self, number: int, data: bytes) -> None:
        """Pass on what the child printed."""
        self.heard(data)
        self._print(number, data)

    def heard(self, data: bytes) -> None:
        """Keep what the child printed."""
        self._tail = (self._tail + data)[-_TAIL:]
        if self._log is not None:
            self._log.write(data)

    def _let_go(self, ready: Ready) -> None:
        """End the lease; the assignment stays."""
        batch = Batch(
            id=f"{ready.token}-end",
            title=f"{ready.row.name} ended",
            workspace=ready.row.key.workspace,
            actor=self._deps.actor,
            at=self._deps.clock.now(),
            ops=(DropLease(ready.row.key, ready.token),),
        )
        try:
            self._deps.store.apply(batch)
        except StoreError as error:  # a lease ends with its process at the latest
            self._say(f"warning: {error.message}")


def _remember(marker: Path) -> None:
    """Note that no port is to be kept for this service."""
    with contextlib.suppress(OSError):  # the next run finds it out again
        marker.touch()
