"""Asking many servers at once: the mute ones delay nobody else."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, TypeVar

from portdash.health.checks import Check, HttpGet, check_for
from portdash.health.handshakes import NEVER_CONNECTED
from portdash.health.looks import Seen, look_at
from portdash.health.once import check_once
from portdash.health.targets import kind_of, watched
from portdash.health.unregistered import ask_stranger
from portdash.model.health import Health, HealthLevel, HealthState
from portdash.model.server_kinds import kind_named
from portdash.planning import frameworks

if TYPE_CHECKING:
    from portdash.config.sections import HealthConfig
    from portdash.config.services import ServiceConfig
    from portdash.discovery.candidates import Candidate
    from portdash.health.record import Watched
    from portdash.model.assignment import ServiceSpec

K = TypeVar("K")
T = TypeVar("T")
AT_ONCE = 256
"""Servers that are asked at the same time: a process may not open many more sockets."""
GRACE = 0.1
"""Seconds that others have to answer better once one is known to be healthy, where one is enough."""
_KEEPERS = ("database", "cache", "queue")
"""Types whose servers speak a protocol of their own."""

Question: TypeAlias = Callable[[], Coroutine[object, object, Health | None]]
"""Asks one server; None where it turns out to be nothing that was looked for."""


async def ask_all(
    questions: Mapping[K, Question],
    *,
    timeout: float,  # noqa: ASYNC109  for all of them together
    one_is_enough: bool = False,
) -> dict[K, Health | None]:
    """Return the answers that came in time; those that are missing did not."""
    found: dict[K, Health | None] = {}
    settled, places, loop = asyncio.Event(), asyncio.Semaphore(AT_ONCE), asyncio.get_running_loop()

    async def one(key: K, question: Question) -> None:
        async with places:
            health = found[key] = await question()
        if len(found) == len(questions):
            settled.set()
        elif one_is_enough and health is not None and health.state is HealthState.HEALTHY:
            loop.call_later(GRACE, settled.set)

    if not questions:
        return found
    tasks = [asyncio.ensure_future(one(key, question)) for key, question in questions.items()]
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await settled.wait()
    finally:
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, Exception):  # a fault of ours, never a server's
            raise outcome
    return found


def run_apart(asking: Coroutine[object, object, T]) -> T:
    """Return what a coroutine comes to, in a loop of its own; in a thread of its own where this one has a loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(asking)
    with ThreadPoolExecutor(1, thread_name_prefix="portdash-look") as apart:
        return apart.submit(asyncio.run, asking).result()


async def ask_own(asked: Watched) -> Health:
    """Return how a server of the service does."""
    return (await check_once({None: asked}))[None]


class Wanted(NamedTuple):
    """What a listener that is no service has to answer to be taken for an instance of one."""

    service: ServiceConfig | None
    """Its declaration; a check that it declares is what tells."""
    kind: str | None = None
    """Else the kind of server that it is, such as `redis`."""
    type: str | None = None
    """Else its type, where that has protocols of its own; else any answer in HTTP will do."""

    @classmethod
    def of(cls, name: str, declared: ServiceConfig | None, spec: ServiceSpec | None) -> Wanted:
        """Return what is wanted of a service: by its declaration, its name and what it asks a port for."""
        kind = kind_named((declared.fingerprint if declared else None) or name)
        type_ = (spec.type or "").casefold() if spec else ""
        return cls(declared, None if kind == "http" else kind, type_ if type_ in _KEEPERS else None)


async def ask_loose(candidate: Candidate, wanted: Wanted, *, now: float, defaults: HealthConfig) -> Health | None:
    """Return how a listener that is no service does; None where it is nothing that is wanted.

    It counts only where it answers as it should: without that nothing says that it is an instance. What may not be
    connected to, and what is known to be another kind of server, is not asked at all.
    """
    listener = candidate.listener
    kind = kind_of(listener)
    if kind in NEVER_CONNECTED:
        return None
    declared = wanted.service.health if wanted.service else None
    if declared is None and (wanted.kind or wanted.type):
        answer = await ask_stranger(listener, now, defaults)
        found = answer.fingerprint.kind if answer.fingerprint else None
        fits = found == wanted.kind if wanted.kind else frameworks.kind_of(found) == wanted.type
        return answer.health if fits else None
    if declared is None and frameworks.kind_of(kind) in _KEEPERS:
        return None
    root = wanted.service.root if wanted.service else None
    check = check_for(declared, defaults, kind=kind, directory=str(root) if root else None)
    if declared is None:
        check = Check(probe=HttpGet(is_declared=False), timeout=check.timeout, rules=check.rules)
    health = await ask_own(watched(Seen(listener, look_at(listener, now), is_ours=False), check))
    proven = health.level not in (HealthLevel.NONE, HealthLevel.KERNEL, HealthLevel.CONTAINER)
    return health if proven and health.state is HealthState.HEALTHY else None
