"""Checking services one time, side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from typing import TypeVar

from portdash.health.kernel import passive_verdict
from portdash.health.probing import prober_for
from portdash.health.record import Record, Watched
from portdash.model.health import Health, HealthState

K = TypeVar("K", bound=Hashable)

AT_ONCE = 64
"""Services that are asked at the same time."""
APART = 0.25
"""Seconds between two looks at a queue: one that is still full then is not merely busy."""


def check_twice(services: Mapping[K, Watched], look_again: Callable[[], Mapping[K, Watched]]) -> dict[K, Health]:
    """Check all of them once; where connections wait to be accepted, look a second time whether they still do."""
    waits = any(watched.look.queue for watched in services.values())

    async def check() -> dict[K, Health]:
        found, _ = await asyncio.gather(check_once(services), asyncio.sleep(APART if waits else 0))
        return found

    verdicts = asyncio.run(check())
    return verdicts | hung(services, look_again()) if waits else verdicts


def hung(before: Mapping[K, Watched], now: Mapping[K, Watched]) -> dict[K, Health]:
    """Return the verdict on those that two looks show not to accept."""
    both = {key: passive_verdict(now[key].look, before[key].look) for key in before.keys() & now.keys()}
    return {key: health for key, health in both.items() if health.state is HealthState.HUNG}


async def check_once(services: Mapping[K, Watched]) -> dict[K, Health]:
    """Return the verdict on each service after one check. With no record to go by, a single failure is one.

    A service that fails so soon after its start that it may still be starting is `starting`.
    """
    places = asyncio.Semaphore(AT_ONCE)

    async def one(watched: Watched) -> Health:
        record = Record(watched)
        if not record.may_ask:
            return record.verdict
        async with places:
            return await _ask(record)

    verdicts = await asyncio.gather(*map(one, services.values()))
    return dict(zip(services, verdicts, strict=True))


async def _ask(record: Record) -> Health:
    watched = record.watched
    assert watched.check.probe is not None
    assert watched.endpoint is not None
    prober = prober_for(watched.check.probe, watched.endpoint)
    try:
        found = await prober.ask(watched.check.timeout)
    finally:
        prober.close()
    if record.passive.state is not HealthState.HEALTHY:
        return record.passive
    age = watched.look.age
    if found.state is HealthState.UNHEALTHY and age is not None and age < watched.check.rules.initial_delay:
        return replace(found, state=HealthState.STARTING)
    return found
