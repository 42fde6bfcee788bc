"""The instances of a service that run on this machine."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from portdash.discovery.finding import LOG, Looked, seek
from portdash.discovery.trust import Trust
from portdash.errors import StoreError
from portdash.forks import ForkLock
from portdash.text import clean, plural

if TYPE_CHECKING:
    from portdash.discovery.instance import Instance
    from portdash.manager.deps import Deps
    from portdash.model.ports import PortRange

_INHERITED: list[object] = []
"""What a forked child has of its parent's stores: kept as it is, for to close it would be to close the parent's."""


class LocalSource:
    """Implements `Source`: looks at store and sockets, and asks who declares how.

    Nothing is opened before the first look; a forked child opens its own. `only_here` leaves out what runs in another
    project, `wait` is how many seconds there are for one to do well, `start` is called when there is none at all.
    """

    def __init__(
        self,
        name: str,
        open_deps: Callable[[], Deps],
        *,
        ports: PortRange | None = None,
        only_here: bool = False,
        wait: float | None = None,
        start: Callable[[Deps], None] | None = None,
        log: logging.Logger = LOG,
    ) -> None:
        self._name = name
        self._open = open_deps
        self._ports = ports
        self._only_here = only_here
        self._wait = wait
        self._start = start
        self._log = log
        self._looking, self._guard = ForkLock(), ForkLock()
        self._begin()

    def _begin(self) -> None:
        self._deps: Deps | None = None
        self._trust: Trust | None = None
        self._began = float("-inf")
        """When the last look began, monotonic."""
        self._is_closed = False
        self._urls: frozenset[str] | None = None
        """Where instances were last found: what is the same is not said again."""
        self.reasons: tuple[str, ...] = ()
        """What the last look looked at, where it found none; ready to show."""
        self._pid = os.getpid()  # last: another thread of a forked child takes it for done

    @property
    def deps(self) -> Deps | None:
        """What it looks with; None before the first look."""
        return self._deps

    def current(self) -> tuple[Instance, ...]:
        """Return what the last look found, without those that have ended or lost their port since."""
        self._leave_parent()
        with self._guard:
            return self._trust.kept() if self._trust is not None else ()

    def refresh(self) -> tuple[Instance, ...]:
        """Look, and return what there is. Who asks while somebody looks for another gets what comes of the next look.

        Raises StoreError, and NoInstances where one had to be started and could not be.
        """
        self._leave_parent()
        asked = time.monotonic()
        with self._looking:
            if self._began < asked:
                began = time.monotonic()
                self._take(self._look(self._opened()))
                self._began = began
        return self.current()

    def close(self) -> None:
        """Let go of the store and of the processes."""
        if self._pid != os.getpid():
            return
        with self._looking, self._guard:
            self._is_closed = True
            trust, self._trust = self._trust, None
            deps, self._deps = self._deps, None
        if trust is not None:
            trust.end()
        if deps is not None:
            deps.close()

    def _opened(self) -> Deps:
        if self._is_closed:
            raise StoreError("the source is closed", hint="make a new one")
        if self._deps is None:
            self._deps = self._open()
        return self._deps

    def _look(self, deps: Deps) -> Looked:
        find = partial(seek, deps, self._name, ports=self._ports, only_here=self._only_here, log=self._log)
        found = find(wait=None if self._start else self._wait)
        if self._start is not None and not found.instances:
            self._log.info("no instance of %s: one is started", clean(self._name))
            self._start(deps)
            found = find(wait=self._wait)
        return found

    def _take(self, found: Looked) -> None:
        assert self._deps is not None
        with self._guard:
            if self._trust is None:
                self._trust = Trust(self._deps.machine)
            urls = frozenset(each.url for each in found.instances)
            if urls != self._urls:
                self._urls = urls
                self._log.info("Found %s", plural(len(urls), f"{clean(self._name)} instance"))
            self._trust.begin(found.instances)
            self.reasons = found.reasons

    def _leave_parent(self) -> None:
        """In a forked child, begin anew: the parent's store and files are not for us."""
        if self._pid != os.getpid():
            with self._guard:
                if self._pid != os.getpid():
                    _INHERITED.append((self._deps, self._trust))
                    self._begin()
