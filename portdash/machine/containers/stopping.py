"""Stopping the container that holds a port, through its engine, and the port seen free afterwards.

The process that holds a published port is a proxy: ending that leaves a healthy container without its port. So the
engine is asked, which sends SIGTERM to the container's own process, and SIGKILL when its grace is over.
"""

import math
import os
import time
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from portdash.errors import Refused
from portdash.machine.containers.addresses import Address, find_addresses
from portdash.machine.containers.answers import Inspected, complaint, engine_of, read_answer
from portdash.machine.containers.talking import Answer, Conversation, EngineError, Trouble
from portdash.model.plan import Target
from portdash.model.sockets import Socket
from portdash.model.sources import SocketSource

_QUESTION = 3.0
"""Seconds an engine may take for an answer."""
_LEAVING = 3.0
"""Seconds after a container has stopped within which its proxy lets go of the port."""
_SETTLE = 1.0
"""Seconds without a listener that prove no policy starts it again."""
_LOOK_EVERY = 0.1
_LOOK = "look again: `portdash ls` shows who holds which port"

_PHRASES = {
    Trouble.AWAY: "does not run",
    Trouble.DENIED: "may not be opened",
    Trouble.SILENT: "does not answer",
    Trouble.NONSENSE: "gives no answer of an engine",
}


class _Found(NamedTuple):
    """A container, and the engine that has it."""

    address: Address
    facts: Inspected
    tool: str
    """The engine's own command: `docker` or `podman`."""


def unknown_container(target: Target) -> Refused:
    """Return the error for a container of which only the proxy is seen."""
    return Refused(
        f"{target.label} is not stopped: its engine does not tell us which container it is",
        hint=f"`docker ps --filter publish={target.port}` names it for whoever may ask the engine",
    )


def stop_container(
    target: Target, *, grace: float, sockets: SocketSource, addresses: Collection[Address] | None = None
) -> str:
    """Stop the target's container and wait until its port is free; return one line about it.

    `addresses` are the engines to ask, those of this machine unless given. Raises Refused when no engine that may be
    asked has it, when it publishes the port no more, and when somebody listens there afterwards: the message says
    whether the container's own restart policy brought it back. OSError when the sockets cannot be read.
    """
    if not target.container_id:
        raise unknown_container(target)
    asked = find_addresses(os.environ, Path.home()).found if addresses is None else tuple(addresses)
    found = _find(target, target.container_id, asked)
    if found is None or not found.facts.state.running:
        if not _is_free(target, sockets, settle=0.0):
            raise Refused(
                f"{target.label} had stopped already, and {target.port} is held by another by now", hint=_LOOK
            )
        return f"{target.label} had stopped already, {target.port} is free"
    _check(target, found)
    began = time.monotonic()
    _stop(target, found, grace)
    took = time.monotonic() - began
    if not _is_free(target, sockets, settle=_SETTLE if found.facts.restarts else 0.0):
        raise _still_held(target, found)
    return f"{target.label} stopped after {took:.1f}s, {target.port} is free"


def _find(target: Target, container: str, addresses: Collection[Address]) -> _Found | None:
    """Return the container as an engine has it now, None when there is none any more."""
    troubles: dict[str, Trouble] = {}
    for address in addresses:
        try:
            answer = _ask(address, f"/containers/{container}/json")
            if answer.status != 404:
                return _Found(address, _same(read_answer(answer, Inspected), container), engine_of(answer))
        except EngineError as error:
            troubles[address.label] = error.trouble
    if len(troubles) == len(addresses) or any(each is not Trouble.AWAY for each in troubles.values()):
        said = "; ".join(f"{label} {_PHRASES[trouble]}" for label, trouble in troubles.items())
        why = f": {said}" if said else ", for there is none"
        raise Refused(f"{target.label} is not stopped, its engine cannot be asked{why}", hint=_hint(target))
    return None


def _same(found: Inspected, container: str) -> Inspected:
    if not found.id.startswith(container):
        raise EngineError(Trouble.NONSENSE, "it tells of another container")
    return found


def _check(target: Target, found: _Found) -> None:
    """Make sure that the port is still the container's."""
    if not found.facts.uses(target.protocol, target.port):
        raise Refused(f"{target.label} does not publish {target.port} any more, so it is not stopped", hint=_LOOK)


def _stop(target: Target, found: _Found, grace: float) -> None:
    whole = math.ceil(grace)
    path = f"/containers/{found.facts.id}/stop?t={whole}"
    try:
        answer = _ask(found.address, path, method="POST", grace=whole)
    except EngineError as error:
        raise Refused(
            f"{target.label} has not stopped: its engine did not say so in time ({error})", hint=_hint(target)
        ) from error
    if answer.status not in (204, 304, 404):  # stopped, had stopped, is gone
        raise Refused(f"{target.label} is not stopped, its engine refuses: {complaint(answer)}", hint=_hint(target))


def _is_free(target: Target, sockets: SocketSource, *, settle: float) -> bool:
    """Say whether the port gets free soon, and stays so for `settle` seconds."""
    until = time.monotonic() + _LEAVING
    while _rows(target, sockets):
        if time.monotonic() >= until:
            return False
        time.sleep(_LOOK_EVERY)
    until = time.monotonic() + settle
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(_LOOK_EVERY, left))
        if _rows(target, sockets):
            return False
    return True


def _still_held(target: Target, before: _Found) -> Refused:
    """Return what to say of a port that somebody holds after its container was stopped."""
    try:
        answer = _ask(before.address, f"/containers/{before.facts.id}/json")
        runs = answer.status == 200 and read_answer(answer, Inspected).state.running
    except EngineError:
        runs = False
    if not runs:
        return Refused(f"{target.label} stopped, but {target.port} is held by another by now", hint=_LOOK)
    policy = before.facts.restarts
    by = f"by its restart policy `{policy}`" if policy else "by somebody"
    return Refused(
        f"{target.label} stopped, and was started again {by}: it holds {target.port}",
        hint=f"`{before.tool} update --restart=no {before.facts.id[:12]}` keeps it from starting, then stop it again"
        if policy
        else f"find out who starts it: `{before.tool} events` shows when",
    )


def _rows(target: Target, sockets: SocketSource) -> list[Socket]:
    """Return the sockets on the port, but for those of others whose end is another step of the same plan."""
    here = (row for row in sockets.sockets() if (row.protocol, row.port) == (target.protocol, target.port))
    return [row for row in here if not row.pids or not set(row.pids) <= set(target.beside)]


def _ask(address: Address, path: str, *, method: str = "GET", grace: int = 0) -> Answer:
    talk = Conversation(address, until=time.monotonic() + grace + _QUESTION)
    try:
        return talk.ask(path, method=method)
    finally:
        talk.close()


def _hint(target: Target) -> str:
    name = (target.container_id or "")[:12]
    return f"`docker stop {name}` stops it, or `podman stop {name}`"
