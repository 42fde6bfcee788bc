"""Asking a server what it is: first what its process suggests, its greeting, then HTTP; as little as will do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from portdash.health.endpoint import Endpoint
from portdash.health.fingerprints.matching import Found, match, match_banner, rows_for
from portdash.health.fingerprints.table import HTTPS_HINTS, PORTS, ROWS, VITE_PING, Row
from portdash.health.handshakes import HANDSHAKES, NEVER_CONNECTED, Exchange
from portdash.health.handshakes.exchange import LARGEST, Answer, visit
from portdash.health.http_client import NotHttp, Response, fetch
from portdash.health.http_reading import TLS_ALERT
from portdash.model.health import HealthState

_GREETING = 0.05
"""Seconds that a server has to speak first."""
_MOST_FOLLOWING = 2
"""Further questions after what GET / told."""


async def ask(
    endpoint: Endpoint,
    guess: Found | None,
    *,
    timeout: float,  # noqa: ASYNC109  for one answer
    may_greet: bool = True,
) -> Found | None:
    """Return what a server turns out to be, or else `guess`: what its process says it is.

    `may_greet` says whether a server without a guess is given time to speak first.

    Each question has `timeout` seconds. Nothing is asked of a kind that is not connected to, or that answers no
    question, or whose log would mention it though its process has said enough.
    """
    if guess is None:
        return await _of_unknown(endpoint, timeout, may_greet=may_greet)
    if guess.kind in NEVER_CONNECTED:
        return guess
    handshake = HANDSHAKES.get(guess.kind)
    if handshake is not None:
        found = await _by_handshake(endpoint, guess.kind, timeout)
    else:
        found = await _first_of(endpoint, _questions(guess.kind), timeout)
    return _together(guess, found) if found else guess


async def _of_unknown(
    endpoint: Endpoint,
    timeout: float,  # noqa: ASYNC109  for one answer
    *,
    may_greet: bool,
) -> Found | None:
    suspect = PORTS.get(endpoint.port)
    if suspect in NEVER_CONNECTED:
        return None
    if suspect and (found := await _by_handshake(endpoint, suspect, timeout)):
        return found
    greeting = await _greeting(endpoint, timeout) if may_greet else b""
    if greeting is None:
        return None
    return match_banner(greeting) if greeting else await _by_http(endpoint, timeout)


async def _by_handshake(endpoint: Endpoint, kind: str, timeout: float) -> Found | None:  # noqa: ASYNC109
    handshake = HANDSHAKES[kind]
    if not isinstance(handshake, Exchange) or handshake.is_noted:
        return None
    health, version = await handshake.ask(endpoint, timeout)
    if health.state is HealthState.UNHEALTHY:
        return None
    return Found(kind, version, None, (f"it answers as {handshake.title} does",))


async def _greeting(endpoint: Endpoint, timeout: float) -> bytes | None:  # noqa: ASYNC109
    """Return what a server says to somebody who says nothing; None where it cannot be connected to."""
    heard = b""

    async def listen(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> Answer:
        nonlocal heard
        try:
            async with asyncio.timeout(_GREETING):
                heard = await reader.read(LARGEST)
        except TimeoutError:
            pass
        return Answer("")

    health, _ = await visit(endpoint, timeout, listen)
    return heard if health.state is HealthState.HEALTHY else None


async def _by_http(endpoint: Endpoint, timeout: float) -> Found | None:  # noqa: ASYNC109
    first = ("/", VITE_PING)
    response = await _get(endpoint, first, timeout)
    if response is None:
        return None
    if _asks_for_tls(response):
        behind = await _get(endpoint, first, timeout, tls=True)
        response = behind if isinstance(behind, Response) else response
    if isinstance(response, bytes):
        return match_banner(response) if response else None
    found = match(response, rows_for(first))
    if found is None:
        return None
    more = [row for row in ROWS if found.kind in row.after][:_MOST_FOLLOWING]
    better = await _first_of(endpoint, more, timeout)
    return _together(found, better) if better else found


def _asks_for_tls(response: Response | bytes) -> bool:
    """Say whether a server may speak nothing but TLS: it says so, answers with an alert, or hangs up without a word."""
    if isinstance(response, bytes):
        return not response or response.startswith(TLS_ALERT)
    return HTTPS_HINTS.search(response.body.decode("utf-8", "replace")) is not None


def _questions(kind: str) -> tuple[Row, ...]:
    """Return the rows that can tell more of a server than its process does: a version, a name, a kind built on it."""
    own = tuple(row for row in ROWS if row.kind == kind and row.tells_more)
    return (*(row for row in ROWS if kind in row.after), *own)


async def _first_of(endpoint: Endpoint, rows: Iterable[Row], timeout: float) -> Found | None:  # noqa: ASYNC109
    for question in dict.fromkeys(row.question for row in rows):
        response = await _get(endpoint, question, timeout)
        if isinstance(response, Response):
            wanted = [row for row in rows_for(question) if row.kind != "http"]
            if found := match(response, wanted):
                return found
    return None


async def _get(
    endpoint: Endpoint,
    question: tuple[str, str],
    timeout: float,  # noqa: ASYNC109
    *,
    tls: bool = False,
) -> Response | bytes | None:
    """Return the answer, the first bytes of one that is no HTTP, or None where there is none in time."""
    path, accept = question
    try:
        return await fetch(endpoint, path, headers={"Accept": accept}, timeout=timeout, tls=tls)
    except NotHttp as error:
        return error.head
    except (TimeoutError, OSError):
        return None


def _together(first: Found, then: Found) -> Found:
    """Return the later finding, completed by what the earlier one knew of the same kind, and both their facts."""
    same = then.kind == first.kind
    return Found(
        then.kind,
        then.version or (first.version if same else None),
        then.name or (first.name if same else None),
        (*then.facts, *first.facts),
    )
