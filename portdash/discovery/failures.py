"""What a failure of httpx says of the instance, and the error after which there is no instance left."""

from __future__ import annotations

from collections.abc import Sequence

import httpx

from portdash.discovery.policy import Attempt, Kind, Verdict, Why
from portdash.discovery.suspicion import Watch
from portdash.errors import NoInstances
from portdash.text import clean, plural

_KINDS: tuple[tuple[type[httpx.TransportError], Kind], ...] = (
    (httpx.PoolTimeout, Kind.ABANDONED),
    (httpx.ConnectTimeout, Kind.NO_ROOM),
    (httpx.ConnectError, Kind.REFUSED),
    (httpx.UnsupportedProtocol, Kind.ABANDONED),
    (httpx.LocalProtocolError, Kind.ABANDONED),
    (httpx.TimeoutException, Kind.SILENT),
    (httpx.NetworkError, Kind.CLOSED),
    (httpx.RemoteProtocolError, Kind.CLOSED),
)
"""The first that fits."""


class AllInstancesFailed(NoInstances, httpx.ConnectError):
    """No instance of a service could answer a request, or there is none at all.

    `attempts` are those that were made, in order. It is an `httpx.ConnectError` as well, for programs that know only
    httpx. Raised where nothing was sent, or where the request may be repeated.
    """

    code = "all_instances_failed"
    default_hint = "`portdash discover NAME --all` shows how each one does, `portdash run NAME -- COMMAND` starts one"

    def __init__(self, message: str, *, hint: str | None = None, attempts: Sequence[Attempt] = ()) -> None:
        super().__init__(message, hint=hint)
        self.attempts = tuple(attempts)


def all_failed(service: str, attempts: Sequence[Attempt], why: Why, reasons: Sequence[str] = ()) -> AllInstancesFailed:
    """Return the error that lists what was tried; where there was nothing to try, `reasons` say where one looked."""
    name = clean(service)
    hint = f"`portdash discover {name} --all` shows how each does, `portdash run {name} -- COMMAND` starts one"
    if not attempts:
        looked = f": {'; '.join(reasons)}" if reasons else ""
        return AllInstancesFailed(f"no instance of {name} was found{looked}", hint=hint)
    listed = ", ".join(_told(each) for each in attempts)
    tried = f"{plural(len(attempts), 'instance')} of {name} failed"
    left = "" if why is Why.NONE_LEFT else f", and {why.value}"
    return AllInstancesFailed(f"{tried}{left}: {listed}", hint=hint, attempts=attempts)


def verdict_of(error: httpx.TransportError, watch: Watch) -> Verdict:
    """Return what an attempt that failed says of its instance."""
    kind = next((kind for type_, kind in _KINDS if isinstance(error, type_)), Kind.CLOSED)
    if watch.is_hung:
        kind = Kind.HUNG
    elif kind is Kind.CLOSED and watch.received:
        kind = Kind.GARBAGE
    return Verdict(kind, clean(str(error)))


def _told(attempt: Attempt) -> str:
    verdict = attempt.verdict
    status = f" with status {verdict.status}" if verdict.status else ""
    detail = f" ({verdict.detail})" if verdict.detail else ""
    return f"{attempt.instance.where} {verdict.kind.value}{status}{detail} after {attempt.seconds * 1000:.0f} ms"
