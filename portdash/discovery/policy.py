"""What becomes of one request: choose an instance, attempt, judge, and next. Sans I/O: no socket, no clock, no httpx.

`next_step` is a function of what was asked, what was tried and what there is. A driver does what it says, adds the
attempt that came of it, and asks again. What may be repeated follows RFC 9110, section 9.2.2.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from enum import StrEnum
from typing import TypeAlias

from portdash.discovery.instance import Instance
from portdash.record import record

IDEMPOTENT = frozenset(("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"))
UNAVAILABLE = frozenset((502, 503, 504))
"""The answers of one who would have another asked."""


Key: TypeAlias = tuple[str, int | None]
"""URL and pid: a server that was started again at the same place is another one."""


def key_of(instance: Instance) -> Key:
    """Return what tells an instance from others."""
    return instance.url, instance.pid


class Kind(StrEnum):
    """What came of one attempt."""

    ANSWERED = "answered"
    UNAVAILABLE = "unavailable"
    """It answered with 502, 503 or 504."""
    REFUSED = "refused"
    """No connection could be had: nothing was sent."""
    NO_ROOM = "no room"
    """No connection within the limit, as with a full backlog: nothing was sent."""
    STOPPED = "stopped"
    """Its process was seen to be stopped or paused: nothing was sent."""
    HUNG = "hung"
    """It was stopped, or did not even read the request."""
    CLOSED = "closed"
    """The connection ended before an answer began."""
    GARBAGE = "garbage"
    """What came is no answer in HTTP, or not all of one."""
    SILENT = "silent"
    """It read the request, and the caller's time was over before it answered."""
    ABANDONED = "abandoned"
    """Nothing of the instance's: the caller let go, or the request itself could not be sent."""


NOTHING_SENT = frozenset((Kind.REFUSED, Kind.NO_ROOM, Kind.STOPPED))
AMENDS = frozenset((Kind.HUNG, Kind.CLOSED, Kind.GARBAGE, Kind.UNAVAILABLE))
"""After these another instance can still make amends, if the request may be repeated."""


@record(kw_only=True)
class Errand:
    """What the policy must know of a request."""

    is_repeatable: bool
    """Doing it twice does what once does: by its method, or because its sender says so."""
    is_replayable: bool
    """Its body can be sent again."""


@record
class Verdict:
    """What one attempt tells of its instance."""

    kind: Kind
    detail: str = ""
    """Ready to show."""
    status: int | None = None
    """Of the answer, where there was one."""


@record
class Attempt:
    """One instance, what came of it, and how many seconds that took."""

    instance: Instance
    verdict: Verdict
    seconds: float = 0.0


@record(kw_only=True)
class Field:
    """What there is to choose from."""

    instances: tuple[Instance, ...]
    shut: Collection[Key] = frozenset()
    """Those whose breaker lets nothing through."""
    was_refreshed: bool = False
    """Whether it was looked for them in the course of this request."""
    may_repeat: bool = True
    """Whether the retry budget has room."""


@record
class Try:
    """Attempt this instance."""

    instance: Instance
    is_last: bool
    """There is no other left: it gets all of the caller's time, and nobody suspects it."""
    may_suspect: bool
    """If it hangs, another may be asked instead."""


class Refresh:
    """Look again for instances."""


@record
class Wait:
    """Wait before all are tried once more."""

    seconds: float


@record
class Accept:
    """Hand over the answer of this attempt, counted from 0."""

    attempt: int


class Why(StrEnum):
    """Why there is no further attempt."""

    NONE_LEFT = "every instance was tried"
    NOT_REPEATABLE = "what was sent must not be sent twice"
    NO_BUDGET = "too many requests were repeated lately"
    NO_TIME = "the caller's time is over"


@record
class GiveUp:
    """Raise what came of the attempts."""

    why: Why


Step: TypeAlias = Try | Refresh | Wait | Accept | GiveUp
Pick: TypeAlias = Callable[[Sequence[Instance]], Instance]


def next_step(errand: Errand, tried: Sequence[Attempt], field: Field, pick: Pick) -> Step:
    """Return what to do next; each instance is tried at most once.

    The first answer is taken, with one exception: after 502, 503 or 504 a request that can be repeated is put to one
    other instance. If that one fails as well, the answer that there was is taken.
    """
    if tried:
        if tried[-1].verdict.kind is Kind.ANSWERED:
            return Accept(len(tried) - 1)
        if (why := hindrance(errand, tried)) or (why := _too_dear(tried[-1], field)):
            return _end(tried, why)
    left: Sequence[Instance] = field.instances
    if tried:
        done = {key_of(each.instance) for each in tried}
        left = [each for each in left if key_of(each) not in done]
    if not left:
        has_answer = any(each.verdict.kind is Kind.UNAVAILABLE for each in tried)
        return Refresh() if not (field.was_refreshed or has_answer) else _end(tried, Why.NONE_LEFT)
    allowed = [each for each in left if key_of(each) not in field.shut] if field.shut else left
    # Where no breaker lets anything through, the breakers are more likely wrong than all the servers.
    chosen = pick(allowed or left)
    is_last = len(left) == 1
    return Try(chosen, is_last, may_suspect=not is_last and errand.is_repeatable and errand.is_replayable)


def hindrance(errand: Errand, tried: Sequence[Attempt]) -> Why | None:
    """Return why no other instance may be asked after the last attempt; None where one may."""
    kind = tried[-1].verdict.kind
    if kind in NOTHING_SENT:
        return None
    if kind is Kind.SILENT:
        return Why.NO_TIME
    if kind not in AMENDS or not (errand.is_repeatable and errand.is_replayable):
        return Why.NOT_REPEATABLE
    if kind is Kind.UNAVAILABLE and sum(each.verdict.kind is Kind.UNAVAILABLE for each in tried) > 1:
        return Why.NOT_REPEATABLE
    return None


def costs(attempt: Attempt) -> bool:
    """Whether asking another instance after this attempt burdens the servers, so that the retry budget has a say."""
    return attempt.verdict.kind in AMENDS


def _too_dear(attempt: Attempt, field: Field) -> Why | None:
    return Why.NO_BUDGET if costs(attempt) and not field.may_repeat else None


def _end(tried: Sequence[Attempt], why: Why) -> Accept | GiveUp:
    """Return the last answer that there was, be it a bad one, and only without one the failure."""
    for number in reversed(range(len(tried))):
        if tried[number].verdict.kind is Kind.UNAVAILABLE:
            return Accept(number)
    return GiveUp(why)
