"""Taking stock of one engine: what it runs and publishes, and which ports the stopped ones have when they run."""

import time
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from portdash.machine.containers.addresses import Address
from portdash.machine.containers.answers import LIST, Inspected, Listed, read_answer, read_list
from portdash.machine.containers.seen import Publication, Seen
from portdash.machine.containers.talking import Conversation

_INSPECTED = 1024 * 1024
"""Bytes of what an engine says of one container."""

Reserved = Mapping[str, tuple[Publication, ...]]
"""The ports of containers by id, which never change."""


class Stock(NamedTuple):
    """What one engine has."""

    containers: tuple[Seen, ...] = ()
    reserved: Reserved = MappingProxyType({})
    """Of those that were found stopped, now or before, and still exist: they need not be asked for again."""


def take_stock(address: Address, *, known: Reserved, enough: float, until: float) -> Stock:
    """Ask an engine what it has. Raises EngineError.

    Stopped containers whose ports are not `known` are asked for one by one, newest first, until the moment `enough`;
    those it does not come to are left for the next time. All ends at `until`. Both on the monotonic clock, in seconds.
    """
    talk = Conversation(address, until=until)
    try:
        listed = read_list(talk.ask(LIST))
        reserved = {each.seen.container.id: known[each.seen.container.id] for each in _known(listed, known)}
        for each in listed:
            if time.monotonic() >= enough:
                break
            if each.is_stopped and each.seen.container.id not in reserved:
                reserved[each.seen.container.id] = _reserved_by(talk, each.seen.container.id)
    finally:
        talk.close()
    return Stock(tuple(_seen(each, reserved) for each in listed), reserved)


def _known(listed: Iterable[Listed], known: Reserved) -> Iterable[Listed]:
    return (each for each in listed if each.seen.container.id in known)


def _seen(listed: Listed, reserved: Reserved) -> Seen:
    if not listed.is_stopped:
        return listed.seen
    return listed.seen._replace(publications=reserved.get(listed.seen.container.id, ()))


def _reserved_by(talk: Conversation, container: str) -> tuple[Publication, ...]:
    answer = talk.ask(f"/containers/{container}/json", largest=_INSPECTED)
    if answer.status == 404:
        return ()  # it has been removed since
    found = read_answer(answer, Inspected)
    return found.reserved if found.id == container else ()
