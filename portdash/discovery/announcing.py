"""Announcing the instances of a service that run on this machine, so that clients on others find them."""

from __future__ import annotations

import logging
import os
import platform
from collections.abc import Iterable
from pathlib import Path
from threading import Event, Thread, current_thread
from typing import TYPE_CHECKING

from portdash.config.loading import load
from portdash.config.settings import Flags
from portdash.discovery.cluster import registry_at
from portdash.discovery.finding import LOG
from portdash.discovery.local import LocalSource
from portdash.discovery.seconds import seconds_of
from portdash.errors import PortdashError, UsageError
from portdash.manager.finding import workspace_named
from portdash.manager.opening import open_deps
from portdash.model.heartbeat import Heartbeat
from portdash.model.names import split_qualified
from portdash.text import clean

if TYPE_CHECKING:
    from portdash.discovery.instance import Instance
    from portdash.manager.deps import Deps
    from portdash.store.redis.registry import Registry

LIVES = 3.0
"""A heartbeat is believed for so many times the pause to the next."""
PATIENCE = 5.0
"""Seconds that `stop` waits for the thread."""


class Announcement:
    """Looks at what runs as the service `name` every `interval` seconds and announces it, until `stop` or the end.

    Of `web@2` and others beside `web` each is announced by whoever runs it, and taken back by him alone. In a forked
    child it does not run. One that listens on loopback alone is announced only where the registry is on
    this machine as well: others could not reach it.
    """

    def __init__(
        self,
        name: str,
        source: LocalSource,
        registry: Registry,
        *,
        interval: float,
        version: str = "",
        log: logging.Logger = LOG,
    ) -> None:
        self._workspace, self._service = split_qualified(name)
        self._source = source
        self._registry = registry
        self._interval = interval
        self._version = version
        self._log = log
        self._pid = os.getpid()
        self._stopped = Event()
        self._told: tuple[Heartbeat, ...] = ()
        self._said = ""
        self.beats = 0
        """How often it has announced what there was."""
        self._thread = Thread(target=self._run, name="portdash-announce", daemon=True)

    def start(self) -> Announcement:
        """Begin, in a thread of its own."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """End, and take back what was announced."""
        if self._pid != os.getpid():
            return
        self._stopped.set()
        if self._thread is not current_thread():
            self._thread.join(PATIENCE)

    def beat(self) -> None:
        """Announce once what there is now, and take back what is no more. Raises PortdashError."""
        wanted = self._service.casefold()
        found = [each for each in self._source.refresh() if each.service.casefold() == wanted]
        deps = self._source.deps
        assert deps is not None
        address = self._registry.local_address()
        now = tuple(self._heartbeats(found, deps, address))
        places = {each.port for each in now}
        gone = [each for each in self._told if each.port not in places]
        self._registry.beat(now, seconds=LIVES * self._interval)
        if gone:
            self._registry.withdraw(gone)
        self._told = now
        self.beats += 1

    def _heartbeats(self, found: Iterable[Instance], deps: Deps, address: str) -> Iterable[Heartbeat]:
        is_near = address.startswith("127.") or address == "::1"
        known = deps.held.workspaces if deps.held else ()
        workspace = workspace_named(known, self._workspace) if self._workspace else deps.place.workspace.name
        for each in found:
            if each.port is not None and (is_near or not _on_loopback(each, deps)):
                yield Heartbeat(
                    host=deps.place.host,
                    label=platform.node(),
                    address=address,
                    port=each.port,
                    service=each.service,
                    workspace=workspace,
                    environment=deps.place.environment,
                    health=each.health.state.value,
                    version=self._version,
                )

    def _run(self) -> None:
        while True:
            try:
                self.beat()
                self._said = ""
            except Exception as error:  # noqa: BLE001  the thread must outlive whatever it runs into, and says it
                text = error.message if isinstance(error, PortdashError) else f"{type(error).__name__}: {error}"
                if text != self._said:
                    self._log.warning("nothing is announced for now, and it will be tried again: %s", clean(text))
                self._said = text
            if self._stopped.wait(self._interval):
                break
        try:
            self._registry.withdraw(self._told)
        except PortdashError as error:  # it is forgotten by itself before long
            self._log.debug("nothing was taken back: %s", error.message)
        self._registry.close()
        self._source.close()


def announce(name: str, *, interval: float | str | None = None, version: str = "") -> Announcement:
    """Announce what runs as a service on this machine in the configuration's registry, from now on.

    The registry is the store where that is a `redis://` one, else the first such of `[discovery] cluster`. `interval`
    is `[health] interval` unless told otherwise. Raises UsageError where there is no registry, InvalidName,
    ConfigError.
    """
    split_qualified(name)
    pause = None if interval is None else seconds_of("interval", interval)
    config = load(cwd=Path.cwd(), environ=os.environ, flags=Flags(), home=Path.home())
    url = config.registry
    if url is None:
        raise UsageError(
            "there is no registry to announce in", hint="say store = 'redis://HOST:PORT/DB', or PORTDASH_CLUSTER_URL"
        )
    return announcing(name, url, Flags(), interval=pause or config.health.interval, version=version)


def announcing(name: str, url: str, flags: Flags, *, interval: float, version: str = "") -> Announcement:
    """Return an announcement in the registry at a URL, begun."""
    cwd = Path.cwd()

    def opened() -> Deps:
        return open_deps(flags=flags, cwd=cwd, environ=os.environ, home=Path.home(), actor="library")

    source = LocalSource(name, opened, only_here=True)
    return Announcement(name, source, registry_at(url), interval=interval, version=version).start()


def _on_loopback(instance: Instance, deps: Deps) -> bool:
    """Whether nobody listens on an instance's port but for this machine."""
    here = [each.address for each in deps.machine.listeners() if each.port == instance.port]
    return all(address.startswith("127.") or address == "::1" for address in here)
