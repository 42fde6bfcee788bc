"""The thread that hears what happens and sends the hooks out."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from threading import Event as Flag
from threading import Thread
from typing import TYPE_CHECKING

from portdash.config.hooks import HookEvent
from portdash.config.paths import runtime_dir
from portdash.config.private import without_secrets
from portdash.errors import PortdashError
from portdash.manager.events import EventStream
from portdash.manager.watcher import Watcher
from portdash.model.history import Event, EventKind
from portdash.supervisor.hooks.checking import Checking
from portdash.supervisor.hooks.crew import Crew, Say
from portdash.supervisor.hooks.damping import QUIET, Damper
from portdash.supervisor.hooks.duty import Duties
from portdash.supervisor.hooks.happening import Happening, Illness, of_history
from portdash.text import clean

if TYPE_CHECKING:
    from portdash.config.hooks import HookConfig
    from portdash.manager.deps import Current, Deps

_log = logging.getLogger(__name__)

LOOK = 1.0
"""Seconds between two looks at how services do, and at what was held back."""
CLAIM = 5.0
"""Seconds between two tries to take over the hooks of a process that has ended; what happens in between is not told."""
GRACE = 1.0
"""Seconds that a command still has when the runner stops."""
_CONFLICTS = frozenset((HookEvent.CONFLICT, HookEvent.RESOLVED))
_HEALTH = frozenset((HookEvent.UNHEALTHY, HookEvent.HEALTHY))


@contextmanager
def hooks_on_duty(deps: Deps, *, say: Say = _log.warning, current: Current | None = None) -> Iterator[None]:
    """Run the configured hooks while inside: those that no other process of this user runs on this machine.

    `say` is called, in another thread, with what a person should know of a hook that fails. Without hooks, and where
    nothing may be changed, nothing is started. Services are asked how they do unless `deps.verdicts` knows it. With
    `current` the hooks are those that the configuration has at any time, and they may be none at first.
    """
    if not (deps.config.hooks or current) or deps.config.read_only:
        yield
        return
    home = deps.environ.get("HOME")
    runner = HookRunner(
        deps, runtime_dir(deps.environ, Path(home) if home else Path.home()) / "hooks", say=say, current=current
    )
    runner.start()
    try:
        yield
    finally:
        runner.stop()


class HookRunner:
    """Runs hooks from `start` to `stop`. Locks in `directory` say which process runs which.

    A hook is the same in two processes when its command, its events, its limits and the store are. `current` says by
    which configuration: that of the start unless said.
    """

    def __init__(
        self,
        deps: Deps,
        directory: Path,
        *,
        say: Say,
        look: float = LOOK,
        claim: float = CLAIM,
        quiet: float = QUIET,
        current: Current | None = None,
    ) -> None:
        self._deps = replace(deps, events=EventStream())  # what others follow is not told twice
        self._current = current or (lambda: deps)
        self._configured: tuple[HookConfig, ...] = ()
        self._hooks: dict[str, HookConfig] = {}
        self._directory = directory
        self._say = say
        self._look = look
        self._claim = claim
        self._damper: Damper[tuple[str, tuple[HookEvent, str, str]], Happening] = Damper(quiet)
        self._illness = Illness(deps.actor)
        self._checking = Checking(self._deps, self._current) if deps.verdicts is dict else None
        self._on_duty: dict[str, HookConfig] = {}
        self._claimed = float("-inf")
        self._said: set[str] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped: asyncio.Event | None = None
        self._ready = Flag()
        self._thread = Thread(target=lambda: asyncio.run(self._run()), name="portdash-hooks", daemon=True)

    def start(self) -> None:
        """Begin; what happens once it has returned is told."""
        self._thread.start()
        self._ready.wait(5.0)

    def stop(self) -> None:
        """End, with all commands that still run after a moment."""
        if self._loop is not None and self._stopped is not None:
            self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(2 * GRACE + 1.0)

    async def _run(self) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        crew = Crew(self._say, without_secrets(self._deps.environ))
        watcher = Watcher(self._deps, look=self._look, current=self._current)
        duties = Duties(self._directory)
        try:
            for kind in EventKind:
                self._deps.events.on(kind, lambda event: self._hear(crew, event))
            while not self._stopped.is_set():
                self._turn(crew, watcher, duties)
                self._ready.set()
                await self._pause()
        finally:
            self._loop = None
            self._ready.set()
            watcher.stop()
            if self._checking:
                self._checking.stop()
            await crew.end(GRACE)
            duties.close()

    def _turn(self, crew: Crew, watcher: Watcher, duties: Duties) -> None:
        try:
            self._reread(duties)
            self._take_over(duties, watcher)
            self._tell_of_health(crew)
            self._tell_what_is_due(crew)
        except PortdashError as error:
            self._say_once(clean(f"hooks do not hear what happens: {error.message}"))
        except Exception as error:  # noqa: BLE001  the thread outlives whatever it runs into, and says it
            self._say_once(clean(f"hooks are in trouble: {type(error).__name__}: {error}"))

    async def _pause(self) -> None:
        assert self._stopped is not None
        try:
            await asyncio.wait_for(self._stopped.wait(), self._look)
        except TimeoutError:
            return

    def _reread(self, duties: Duties) -> None:
        """Have the hooks that are configured now; what runs already ends in its own time."""
        config = self._current().config
        hooks = () if config.read_only else config.hooks
        if hooks == self._configured:
            return
        self._configured = hooks
        self._hooks = {_digest(hook, self._deps.store.url): hook for hook in hooks}
        self._on_duty = {name: hook for name, hook in self._on_duty.items() if name in self._hooks}
        duties.keep(self._on_duty)
        self._claimed = float("-inf")

    def _take_over(self, duties: Duties, watcher: Watcher) -> None:
        """Take the hooks that nobody runs, and listen for what they are for; not at every turn."""
        now = time.monotonic()
        if now - self._claimed < self._claim or len(self._on_duty) == len(self._hooks):
            return
        self._claimed = now
        try:
            taken = {name: hook for name, hook in self._hooks.items() if duties.take(name)}
        except OSError as error:
            self._say_once(f"hooks are not run: {clean(str(self._directory))}: {error.strerror or error}")
            return
        self._on_duty = taken
        wanted = {event for hook in taken.values() for event in hook.on}
        if wanted - _HEALTH:
            watcher.start(conflicts=bool(wanted & _CONFLICTS))

    def _hear(self, crew: Crew, event: Event) -> None:
        """Pass on what the watcher's thread heard."""
        loop = self._loop
        if loop is not None and event.kind is not EventKind.HEALTH:
            try:
                loop.call_soon_threadsafe(self._tell, crew, of_history(event))
            except RuntimeError:  # it has ended this very moment
                return

    def _tell_of_health(self, crew: Crew) -> None:
        if not any(_HEALTH.intersection(hook.on) for hook in self._on_duty.values()):
            return
        verdicts = self._checking.verdicts() if self._checking else self._deps.verdicts()
        rows = self._deps.store.snapshot().assignments
        for happening in self._illness.see(verdicts, rows, self._deps.clock.now()):
            self._tell(crew, happening)

    def _tell(self, crew: Crew, happening: Happening) -> None:
        """Send out the hooks that are for this, unless they were told the same a moment ago."""
        for name, hook in self._on_duty.items():
            subject = (name, happening.subject)
            if happening.kind in hook.on and self._damper.admit(subject, happening, time.monotonic()):
                crew.send(hook, happening.document())

    def _tell_what_is_due(self, crew: Crew) -> None:
        for (name, _subject), happening, before in self._damper.due(time.monotonic()):
            if hook := self._on_duty.get(name):  # which may not be configured any more
                crew.send(hook, happening.document(before))

    def _say_once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._say(text)


def _digest(hook: HookConfig, store_url: str) -> str:
    told: tuple[object, ...] = (store_url, str(hook.directory), sorted(hook.on), hook.command, hook.timeout)
    return sha256(repr(told).encode("utf-8", "surrogateescape")).hexdigest()[:32]
