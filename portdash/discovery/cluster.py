"""Instances beyond this machine: those of registries, and those at URLs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from portdash.config.urls import is_registry
from portdash.discovery.instance import Instance, ranked
from portdash.discovery.listed import ask_urls, fixed
from portdash.discovery.roll import Roll, Wanted
from portdash.errors import StoreError, UsageError
from portdash.forks import ForkLock

if TYPE_CHECKING:
    from portdash.config.settings import Config
    from portdash.discovery.local import LocalSource
    from portdash.manager.deps import Place
    from portdash.store.redis.registry import Registry

_log = logging.getLogger(__name__)


class Cluster:
    """The instances of one service in a cluster, at checked URLs. Nobody is asked before `look`."""

    def __init__(
        self,
        name: str,
        urls: Iterable[str],
        config: Config,
        *,
        state_dir: Path | None,
        workspace: str | None = None,
    ) -> None:
        asked = tuple(urls)
        self._name = name
        self._config = config
        self._workspace = workspace
        self._urls = tuple(url for url in asked if not is_registry(url))
        self._rolls = tuple(Roll(registry_at(url), state_dir=state_dir) for url in asked if is_registry(url))

    @property
    def unasked(self) -> tuple[Instance, ...]:
        """What is known without asking anybody: those at URLs, in the order in which they are said."""
        return tuple(fixed(self._name, url) for url in self._urls)

    def look_beside(self, here: Place) -> tuple[Instance, ...]:
        """Return those of other machines; none where the registry never was there, for then there are still our own.

        Unless a workspace was said, it is ours that counts.
        """
        return _if_known(partial(self.look, here))

    def look(self, here: Place | None = None) -> tuple[Instance, ...]:
        """Return the instances there are, the best first. Raises StoreError where a registry never was there.

        With `here` those of this machine are left out, and, unless a workspace was said, those of others than ours.
        """
        workspace = self._workspace or (here.workspace.name if here else None)
        wanted = Wanted(self._name, workspace, self._config.environment, without_host=here.host if here else None)
        announced = [instance for roll in self._rolls for instance in roll.instances(wanted)]
        return ranked((*announced, *(ask_urls(self._name, self._urls, self._config) if self._urls else ())))

    def close(self) -> None:
        """Let go of the connections."""
        for roll in self._rolls:
            roll.close()


class ClusterSource:
    """Implements `Source`: what a cluster has, and what this machine has where that counts as well."""

    def __init__(self, cluster: Cluster, local: LocalSource | None = None) -> None:
        self._cluster = cluster
        self._local = local
        self._lock = ForkLock()
        self._here: tuple[Instance, ...] = ()
        self._there = self._joined = cluster.unasked

    @property
    def reasons(self) -> tuple[str, ...]:
        """What the last look looked at, where it found none; ready to show."""
        return (*(self._local.reasons if self._local else ()), "no other machine announces one")

    def current(self) -> tuple[Instance, ...]:
        """Return what was last found, without what has ended on this machine since."""
        here = self._local.current() if self._local else ()
        with self._lock:
            if here is not self._here:
                self._here, self._joined = here, ranked((*here, *self._there))
            return self._joined

    def refresh(self) -> tuple[Instance, ...]:
        """Look again, here and there. Raises StoreError."""
        here = self._local.refresh() if self._local else ()
        deps = self._local.deps if self._local else None
        there = self._cluster.look_beside(deps.place) if deps else self._cluster.look()
        with self._lock:
            self._there, self._here, self._joined = there, here, ranked((*here, *there))
        return self.current()

    def close(self) -> None:
        """Let go of all."""
        self._cluster.close()
        if self._local is not None:
            self._local.close()


def announced_beside(config: Config, here: Place, *, state_dir: Path) -> tuple[Instance, ...]:
    """Return what other machines announce of all services of a workspace, in the registries that are configured.

    URLs name no service, and are of none here. A registry that never was there is passed over.
    """
    wanted = Wanted(None, here.workspace.name, config.environment, without_host=here.host)
    found: dict[object, Instance] = {}
    for url in filter(is_registry, (config.store, *config.discovery.cluster)):
        with closing(Roll(registry_at(url), state_dir=state_dir)) as roll:
            found |= {each.identity: each for each in _if_known(partial(roll.instances, wanted))}
    return tuple(found.values())


def _if_known(look: Callable[[], tuple[Instance, ...]]) -> tuple[Instance, ...]:
    try:
        return look()
    except StoreError as error:
        _log.warning("what other machines announce is not known: %s", error.message)
        return ()


def store_registry(config: Config) -> str | None:
    """Return the URL of the store where that is a registry as well, None where it is not."""
    return config.store if is_registry(config.store) else None


def registry_at(url: str) -> Registry:
    """Return the registry at a URL. Raises UsageError where the package for it is missing."""
    try:
        from portdash.store.redis.registry import Registry  # noqa: PLC0415  an extra, and 100 ms
    except ModuleNotFoundError as error:
        raise UsageError("there is no package to ask Redis with", hint="pip install 'portdash[redis]'") from error
    return Registry(url)
