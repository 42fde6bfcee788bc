"""A verdict without a packet: what the kernel and the container's engine say of a server. Pure."""

from __future__ import annotations

from enum import StrEnum

from portdash.model.health import Health, HealthLevel, HealthState
from portdash.named_tuple import NamedTuple
from portdash.text import clean


class Liveness(StrEnum):
    """How the processes behind a listener stand."""

    RUNNING = "running"
    STOPPED = "stopped"
    """By a signal: it is there, keeps its port, and does nothing."""
    TRACED = "traced"
    """Held by a debugger."""
    FROZEN = "frozen"
    """With its whole control group, as `docker pause` does it."""
    GONE = "gone"
    UNKNOWN = "unknown"
    """They may not be looked at."""


class Look(NamedTuple):
    """What was seen of a service's listener at one moment."""

    is_listening: bool = True
    liveness: Liveness = Liveness.UNKNOWN
    queue: int | None = None
    """Connections that wait to be accepted; None where the kernel does not tell."""
    engine_word: str | None = None
    """What the container's own health check says, in the engine's word."""
    age: float | None = None
    """Seconds since the start of its process; None when it may not be read."""
    identity: object = None
    """Equal while it is the same process; another one starts with a clean record."""


_HELD = {
    Liveness.STOPPED: "stopped by a signal",
    Liveness.TRACED: "held by a debugger",
    Liveness.FROZEN: "paused",
}
_WORDS = {
    "healthy": HealthState.HEALTHY,
    "starting": HealthState.STARTING,
    "unhealthy": HealthState.UNHEALTHY,
    "paused": HealthState.HUNG,
}


def kernel_verdict(look: Look, before: Look | None = None) -> Health:
    """Return what can be said without a packet. `before` is the look of a refresh ago, None for the first.

    A queue that two looks in a row find full, and no shorter, is a server that does not accept.
    """
    if look.liveness is Liveness.GONE:
        return _kernel(HealthState.UNHEALTHY, "its process is gone")
    if not look.is_listening:
        return _kernel(HealthState.UNKNOWN, "nobody listens")
    waiting = f"{look.queue} waiting" if look.queue else ""
    if held := _HELD.get(look.liveness):
        return _kernel(HealthState.HUNG, f"{held}, {waiting}" if waiting else held)
    if before is not None and before.identity == look.identity and (look.queue or 0) >= (before.queue or 0) > 0:
        return _kernel(HealthState.HUNG, f"does not accept, {waiting}")
    return _kernel(HealthState.HEALTHY, "listens")


def engine_verdict(word: str | None) -> Health | None:
    """Return what the health check of a container says; None where it has none, or has a word that is not known."""
    state = _WORDS.get((word or "").casefold())
    if state is None:
        return None
    detail = "" if state is HealthState.HEALTHY else f"its container is {clean(word or '')}"
    return Health(state=state, level=HealthLevel.CONTAINER, detail=detail)


def passive_verdict(look: Look, before: Look | None = None) -> Health:
    """Return what kernel and engine say together: the kernel's bad news, else the engine's word where it has one."""
    verdict = kernel_verdict(look, before)
    if verdict.state is not HealthState.HEALTHY:
        return verdict
    return engine_verdict(look.engine_word) or verdict


def is_final(health: Health) -> bool:
    """Whether no packet could say more: it hangs, has ended or does not listen, and would only collect our visits."""
    return health.level in (HealthLevel.KERNEL, HealthLevel.CONTAINER) and (
        health.state in (HealthState.HUNG, HealthState.UNKNOWN)
        or (health.state is HealthState.UNHEALTHY and health.level is HealthLevel.KERNEL)
    )


def _kernel(state: HealthState, detail: str) -> Health:
    return Health(state=state, level=HealthLevel.KERNEL, detail=detail)
