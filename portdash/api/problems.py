"""Errors as problem documents (RFC 9457), with the code, message and hint that the command line has for them."""

from __future__ import annotations

from http import HTTPStatus

import msgspec

from portdash.errors import (
    ConfigError,
    LockedDown,
    NoCommand,
    NoPortAvailable,
    NoSuchService,
    NotTrusted,
    PortdashError,
    Refused,
    StoreError,
    Unanswered,
    UsageError,
)
from portdash.supervisor.orders import AlreadyRunning
from portdash.text import clean

MEDIA_TYPE = "application/problem+json"
_LONGEST = 1000


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong, for a program and for a person."""

    type: str = "about:blank"
    title: str
    """The status in words."""
    status: int
    detail: str
    """The message."""
    code: str
    """Stable, and the same as on the command line."""
    message: str
    hint: str
    """What to do next."""


class KillNotAllowed(Refused):
    """Ending a process was asked of a server that may not."""

    code = "kill_not_allowed"
    default_hint = "`portdash serve --allow-kill` may; `portdash resolve --terminate` does it from the command line"


class KeyReused(UsageError):
    """An Idempotency-Key came with another request than before."""

    code = "key_reused"
    default_hint = "a key stands for one request: make a new one"


class BadRequest(UsageError):
    """A body or parameter that is not what the schema says."""

    code = "bad_request"
    default_hint = "GET /openapi.json says what may be asked"


class TooManyStreams(PortdashError):
    """No more streams are told events at the same time."""

    code = "too_many_streams"
    default_hint = "close some, or ask again later"


_STATUS: tuple[tuple[type[PortdashError], HTTPStatus], ...] = (
    (KillNotAllowed, HTTPStatus.FORBIDDEN),
    (LockedDown, HTTPStatus.FORBIDDEN),
    (NotTrusted, HTTPStatus.FORBIDDEN),
    (NoCommand, HTTPStatus.CONFLICT),
    (AlreadyRunning, HTTPStatus.CONFLICT),
    (UsageError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (ConfigError, HTTPStatus.CONFLICT),
    (NoSuchService, HTTPStatus.NOT_FOUND),
    (NoPortAvailable, HTTPStatus.CONFLICT),
    (Refused, HTTPStatus.CONFLICT),
    (StoreError, HTTPStatus.SERVICE_UNAVAILABLE),
    (Unanswered, HTTPStatus.GATEWAY_TIMEOUT),
    (TooManyStreams, HTTPStatus.SERVICE_UNAVAILABLE),
)
"""The first that fits counts."""


def status_of(error: PortdashError) -> HTTPStatus:
    """Return the HTTP status that an error is answered with."""
    found = (status for kind, status in _STATUS if isinstance(error, kind))
    return next(found, HTTPStatus.INTERNAL_SERVER_ERROR)


def problem(status: HTTPStatus, code: str, message: str, hint: str) -> bytes:
    """Return the document of one error, as JSON."""
    said = clean(message, limit=_LONGEST)
    return msgspec.json.encode(
        Problem(
            title=status.phrase,
            status=status.value,
            detail=said,
            code=code,
            message=said,
            hint=clean(hint, limit=_LONGEST),
        )
    )
