"""Instances whose URLs are said: nobody looks for them. Those of a cluster are asked how they do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from portdash.config.services import ServiceConfig
from portdash.discovery.asking import AT_ONCE, run_apart
from portdash.discovery.instance import Instance, ranked
from portdash.health.fixed import check_fixed
from portdash.model.assignment import ServiceSpec
from portdash.model.health import Health
from portdash.text import clean

if TYPE_CHECKING:
    from portdash.config.settings import Config

_UNSEEN = Health(detail="its URL is fixed, and nobody looked")


class ListedSource:
    """Implements `Source`: always the same, in the order in which they are said; nobody is asked."""

    def __init__(self, name: str, urls: Iterable[str]) -> None:
        self.reasons: tuple[str, ...] = ()
        self._instances = tuple(fixed(name, url) for url in urls)

    def current(self) -> tuple[Instance, ...]:
        """Return them."""
        return self._instances

    def refresh(self) -> tuple[Instance, ...]:
        """Return them."""
        return self._instances

    def close(self) -> None:
        """There is nothing to let go of."""


def fixed(name: str, url: str, health: Health = _UNSEEN) -> Instance:
    """Return the instance at a URL."""
    return Instance(service=name, url=url, health=health)


def ask_urls(name: str, urls: Iterable[str], config: Config) -> tuple[Instance, ...]:
    """Return the instances at some URLs by how they do, each asked once as its service declares, or else at all."""
    service = config.service(name) or ServiceConfig(spec=ServiceSpec(name=name))

    places = asyncio.Semaphore(AT_ONCE)

    async def one(url: str) -> Instance:
        async with places:
            health, _ = await check_fixed(url, service, config.health)
        return fixed(clean(name), url, health)

    async def each_of_them() -> list[Instance]:
        return await asyncio.gather(*map(one, urls))

    return ranked(run_apart(each_of_them()))
