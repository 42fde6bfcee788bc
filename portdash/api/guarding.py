"""The layer round the whole application: the gate before, limits on a body, headers and a log line after."""

from __future__ import annotations

import asyncio
import logging
from time import perf_counter
from typing import TYPE_CHECKING

from litestar.enums import HttpMethod, ScopeType

from portdash.api.catalogue import methods_at
from portdash.api.gate import MOST_BODY, WRITES, Denial, Facts, Rules, decide, ending, own_hosts, too_large, too_slow
from portdash.api.problems import MEDIA_TYPE, problem
from portdash.text import clean

if TYPE_CHECKING:
    from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send
    from litestar.types.asgi_types import HTTPReceiveMessage, WebSocketReceiveMessage

    from portdash.api.settings import Settings

_log = logging.getLogger("portdash.api")

BODY_PATIENCE = 10.0
"""Seconds in which a whole body has to come."""
POLICY_VIOLATION = 1008
"""How a websocket is closed that nobody offers."""

Headers = list[tuple[bytes, bytes]]

SECURITY_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)
"""On every answer; one that has a policy of its own keeps that."""


class Guard:
    """Lets in what the gate lets in."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._tcp, self._unix = (
            Rules(
                hosts=own_hosts(port),
                is_token=settings.token.matches,
                open_read=settings.open_read,
                methods_at=methods_at,
            )
            for port in (settings.port, None)
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == ScopeType.WEBSOCKET:
            await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": None})
            return
        answer = _Answer(send)
        facts = facts_of(scope)
        try:
            denial = decide(facts, self._rules(scope))
            if denial is None and facts.method in WRITES:
                body = await _body(receive)
                if isinstance(body, Denial):
                    denial = body
                else:
                    receive = _replaying(body, receive)
            if denial is not None:
                await _refuse(denial, answer, is_last=facts.has_body)
                return
            if facts.method == "HEAD":
                await _only_head(self._app, scope, receive, answer)
            else:
                await self._app(scope, receive, answer)
        except asyncio.CancelledError:  # the server ends, and has waited as long as it does
            if answer.has_begun:
                raise
            await _refuse(ending(), answer, is_last=True)
        finally:
            answer.log(facts)

    def _rules(self, scope: Scope) -> Rules:
        """Return the rules of the socket on which the request came in: a Unix socket has no port."""
        server = scope.get("server")
        return self._unix if server is not None and server[1] is None else self._tcp


async def _only_head(app: ASGIApp, scope: HTTPScope, receive: Receive, send: Send) -> None:
    """Answer HEAD as GET is answered: the server leaves out the body. One that never ends is ended where it begins."""
    ended = asyncio.Event()

    async def send_first(message: Message) -> None:
        if ended.is_set():
            return
        if message["type"] == "http.response.body":
            await send({**message, "more_body": False})
            ended.set()
        else:
            await send(message)

    got: HTTPScope = {**scope, "method": HttpMethod.GET}
    answering = asyncio.ensure_future(app(got, receive, send_first))
    reading = asyncio.ensure_future(ended.wait())
    try:
        await asyncio.wait((answering, reading), return_when=asyncio.FIRST_COMPLETED)
        if answering.done():
            answering.result()
    finally:
        for task in (answering, reading):
            task.cancel()
        await asyncio.gather(answering, reading, return_exceptions=True)


def facts_of(scope: HTTPScope) -> Facts:
    """Return what the gate wants to know of a request."""
    found: dict[bytes, tuple[str, ...]] = {}
    size = len(scope.get("raw_path") or b"") + len(scope["query_string"])
    headers = list(scope["headers"])
    for name, value in headers:
        size += len(name) + len(value) + 4
        if name in _WANTED:
            found[name] = (*found.get(name, ()), value.decode("latin-1").strip())
    values = {field: found.get(name, ()) for name, field in _WANTED.items()}
    return Facts(
        method=scope["method"],
        path=scope["path"],
        head_size=size,
        headers=len(headers),
        hosts=values["hosts"],
        origins=values["origins"],
        fetch_sites=values["fetch_sites"],
        authorizations=values["authorizations"],
        content_types=values["content_types"],
        content_encodings=values["content_encodings"],
        content_lengths=values["content_lengths"],
        transfer_encodings=values["transfer_encodings"],
    )


_WANTED = {
    b"host": "hosts",
    b"origin": "origins",
    b"sec-fetch-site": "fetch_sites",
    b"authorization": "authorizations",
    b"content-type": "content_types",
    b"content-encoding": "content_encodings",
    b"content-length": "content_lengths",
    b"transfer-encoding": "transfer_encodings",
}


class _Answer:
    """Sends the answer on with the headers that every answer has, and remembers how it went."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._started = perf_counter()
        self._status = 0

    async def __call__(self, message: Message) -> None:
        """Send one message."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            message["headers"] = guarded_headers(message.get("headers", ()))
        await self._send(message)

    @property
    def has_begun(self) -> bool:
        """Whether any of it was sent."""
        return self._status != 0

    def log(self, facts: Facts) -> None:
        """Tell what was asked and how it was answered. The query is not told: somebody may have put a token there."""
        if _log.isEnabledFor(logging.INFO):
            took = (perf_counter() - self._started) * 1000
            _log.info("%s %s %d %.1f ms", clean(facts.method, limit=20), clean(facts.path), self._status, took)


def guarded_headers(headers: object) -> Headers:
    """Return an answer's headers with those that are missing."""
    own: Headers = list(headers)  # type: ignore[call-overload]  # whatever the framework has them in
    names = {name.lower() for name, _ in own}
    return [*own, *(header for header in SECURITY_HEADERS if header[0] not in names)]


async def _refuse(denial: Denial, send: _Answer, *, is_last: bool) -> None:
    """Answer with the refusal; `is_last` ends the connection, for a body that nobody is going to read."""
    body = problem(denial.status, denial.code, denial.message, denial.hint)
    headers: Headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        *denial.headers,
    ]
    if is_last:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": denial.status.value, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _body(receive: Receive) -> bytes | Denial:
    """Return the whole body of a request, or why it is not wanted."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_PATIENCE):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    return too_slow()  # who sent it has left
                body += message.get("body", b"")
                if len(body) > MOST_BODY:
                    return too_large()
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        return too_slow()


def _replaying(body: bytes, receive: Receive) -> Receive:
    """Return what hands out a body that was read, and then whatever comes."""
    first = True

    async def replay() -> HTTPReceiveMessage | WebSocketReceiveMessage:
        nonlocal first
        if first:
            first = False
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return replay
