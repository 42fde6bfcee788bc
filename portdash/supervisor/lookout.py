"""Looking at the sockets until the child listens where it should."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Protocol

from portdash.machine.holds import Hold, keeps_away
from portdash.manager.deps import Deps
from portdash.manager.following import ask_followers
from portdash.model.ports import IpProtocol
from portdash.supervisor.child import Child
from portdash.supervisor.leftovers import end_leftovers
from portdash.supervisor.orders import Ready
from portdash.supervisor.verify import Finding, Progress, judge
from portdash.text import clean

HOLD_LIMIT = 30.0
"""Seconds that a port is kept for a child that does not listen."""
_FIRST_LOOK, _SLOWEST_LOOK = 0.02, 1.0
"""Seconds between two looks at the sockets, twice as long each time."""
_PATIENCE = 2.0
"""Seconds that a child may listen elsewhere before it is said: some open a second port first."""


class Started(Protocol):
    """Is told how the start went, at least once."""

    def __call__(self, port: int, pid: int, *, listens: bool) -> None:
        """Take the port on which the child listens, or should by now."""
        ...


class Lookout:
    """Sees one child listen, and says so. `late` hears in words that it does not, or listens elsewhere."""

    def __init__(self, deps: Deps, *, say: Callable[[str], None], started: Started) -> None:
        self._deps = deps
        self._say = say
        self._started = started

    async def see(self, child: Child, ready: Ready, hold: Hold | None, late: Callable[[str], None]) -> Finding:
        """Look until the child listens where it should, or somebody else does."""
        loop = asyncio.get_running_loop()
        begun, pause, elsewhere, told = loop.time(), _FIRST_LOOK, None, False
        name, port = clean(ready.row.name), ready.row.port
        while True:
            finding = await asyncio.to_thread(self._look, child, ready)
            now = loop.time()
            if finding.progress is Progress.READY:
                if hold:
                    hold.drop()
                self._say(f"{name} is on {ready.row.url()} (pid {child.pid})")
                self._started(port, child.pid, listens=True)
                return finding
            if finding.progress is Progress.TAKEN:
                return finding
            if finding.progress is Progress.ELSEWHERE:
                elsewhere = elsewhere or now
                if not told and now - elsewhere > _PATIENCE:
                    told = True
                    late(self._tell_elsewhere(finding, ready))
                    self._started(finding.ports[0], child.pid, listens=True)
            elif not told and now - begun > HOLD_LIMIT:
                told = True
                if hold:
                    hold.drop()
                self._say(text := f"{name} does not listen on {port} after {HOLD_LIMIT:g}s")
                late(text)
                self._started(port, child.pid, listens=False)
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

    async def let_follow(self, ready: Ready) -> None:
        """Ask who follows the service to start again: it has come up on another port than it had."""
        for line in await asyncio.to_thread(ask_followers, self._deps, ready.row.key):
            self._say(line)

    async def clear_up(self, ready: Ready, *, grace: float) -> None:
        """End what an ended child has left on its port, and name what else of it is still there."""
        for line in await asyncio.to_thread(end_leftovers, self._deps, ready, grace=grace):
            self._say(line)

    def is_kept_away(self, ready: Ready) -> bool:
        """Say whether a server could not have the port now."""
        row = ready.row
        if row.key.protocol is IpProtocol.TCP:
            return keeps_away(row.port)
        return self._deps.machine.bind_error(row.key.protocol, row.port) is not None

    def _tell_elsewhere(self, finding: Finding, ready: Ready) -> str:
        ports = " and ".join(map(str, finding.ports))
        text = f"{clean(ready.row.name)} listens on {ports}, expected {ready.row.port}"
        self._say(f"{text}: put {{port}} into its command, or let it read PORT")
        return text
