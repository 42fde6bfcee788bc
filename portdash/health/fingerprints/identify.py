"""Naming listeners: at once by what the system knows of them, and by asking only where somebody asks for that."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from portdash.health.endpoint import endpoint_of
from portdash.health.fingerprints.asking import ask
from portdash.health.fingerprints.matching import fingerprint
from portdash.health.fingerprints.processes import by_process, may_greet
from portdash.model.fingerprint import Fingerprint
from portdash.model.listener import Listener
from portdash.model.ports import IpProtocol

AT_ONCE = 8
"""Servers that are asked at the same time."""


class Instance(NamedTuple):
    """One life of a server: asked once, and then known until it ends."""

    protocol: IpProtocol
    address: str
    port: int
    pid: int | None
    started: float
    container: str | None

    @classmethod
    def of(cls, listener: Listener) -> Instance:
        """Return the life that a listener is in. One whose owner is hidden lives as long as it is seen."""
        owner = listener.owner
        return cls(
            listener.protocol,
            listener.address,
            listener.port,
            listener.pid,
            (owner.ticks or owner.started_at or 0.0) if owner else 0.0,
            listener.container.id if listener.container else None,
        )


class Identifier:
    """Knows what listeners are, and remembers what they answered. For one event loop."""

    def __init__(self) -> None:
        self._answers: dict[Instance, Fingerprint | None] = {}
        self._turns: dict[Instance, asyncio.Lock] = {}
        self._places = asyncio.Semaphore(AT_ONCE)

    def known(self, listener: Listener) -> Fingerprint | None:
        """Return what a listener is, by what the system says and what it answered before. No packet is sent."""
        found = self._answers.get(Instance.of(listener))
        if found is not None:
            return found
        guess = by_process(listener, listener.framework)
        return fingerprint(guess) if guess else None

    async def identify(self, listener: Listener, *, timeout: float = 1.0) -> Fingerprint | None:  # noqa: ASYNC109
        """Return what a listener is, asking it unless this instance has been asked; None where nothing is to be known.

        Each of the few questions has `timeout` seconds; a server that answers badly or not at all costs no more.
        """
        instance = Instance.of(listener)
        if listener.protocol is not IpProtocol.TCP:
            return self.known(listener)
        async with self._turns.setdefault(instance, asyncio.Lock()), self._places:
            if instance not in self._answers:
                guess = by_process(listener, listener.framework)
                found = await ask(endpoint_of(listener), guess, timeout=timeout, may_greet=may_greet(listener))
                self._answers[instance] = fingerprint(found) if found else None
        return self._answers[instance]
