"""Documents as answers: with the store's revision, an ETag, and a link to the wait for the next one."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from litestar import MediaType, Request, Response

from portdash.api.board import Document
from portdash.api.core import core_of
from portdash.api.problems import BadRequest
from portdash.api.retries import Key, Reply, read_key
from portdash.report.serialise import iso

LONGEST_WAIT = 60.0
"""Seconds that a request may wait for another revision."""
DEFAULT_WAIT = 30.0
AnyRequest = Request[Any, Any, Any]


def answer(request: AnyRequest, document: Document) -> Response[bytes]:
    """Return a document, or 304 where the client has it already."""
    headers = {
        "etag": document.etag,
        "portdash-revision": str(document.revision),
        "link": f'<{request.scope["path"]}?since={document.revision}&timeout={DEFAULT_WAIT:g}>; rel="next"',
    }
    if document.stale_since is not None:
        headers["portdash-stale-since"] = iso(document.stale_since)
    if _has(request.headers.get("if-none-match"), document.etag):
        return Response(b"", status_code=HTTPStatus.NOT_MODIFIED, headers=headers, media_type=MediaType.JSON)
    return Response(document.body, headers=headers, media_type=MediaType.JSON)


async def wait_if_asked(request: AnyRequest) -> None:
    """Where `since` is the store's revision, wait for another one, `timeout` seconds at most. Raises BadRequest."""
    said = query_of(request, "since", "timeout")
    since, timeout = said.get("since"), _seconds(said.get("timeout"))
    if since is None:
        return
    if not since.isascii() or not since.isdigit() or len(since) > 15:
        raise BadRequest("since is no revision", hint="take it from Portdash-Revision or the Link of an answer")
    await core_of(request).follower.wait(int(since), timeout)


def query_of(request: AnyRequest, *known: str) -> dict[str, str]:
    """Return the parameters of a query. Raises BadRequest for one that is not `known`, or said twice."""
    pairs = list(request.query_params.multi_items())
    said = dict(pairs)
    if len(said) < len(pairs) or not said.keys() <= set(known):
        hint = f"there are {' and '.join(known)}, each once" if known else "leave them out"
        raise BadRequest("the query has parameters that are not known, or one of them twice", hint=hint)
    return {name: str(value) for name, value in said.items()}


async def key_of(request: AnyRequest) -> Key | None:
    """Return the idempotency key of a request. Raises BadRequest."""
    said = request.headers.getall("idempotency-key", [])
    if len(said) > 1:
        raise BadRequest("there are two Idempotency-Keys", hint="send one")
    header = said[0] if said else None
    return read_key(header, method=request.method, path=request.scope["path"], body=await request.body())


def replied(reply: Reply) -> Response[bytes]:
    """Return the answer of a write."""
    return Response(reply.body, status_code=reply.status, media_type=MediaType.JSON)


def _seconds(text: str | None) -> float:
    if text is None:
        return DEFAULT_WAIT
    if text.isascii() and text.isdigit() and len(text) < 4 and int(text) <= LONGEST_WAIT:
        return float(text)
    raise BadRequest("timeout is no number of seconds", hint=f"a whole number from 0 to {LONGEST_WAIT:g}")


def _has(header: str | None, etag: str) -> bool:
    """Whether If-None-Match names the document; weak and strong are the same here."""
    return header is not None and (
        header.strip() == "*" or etag in (each.strip().removeprefix("W/") for each in header.split(","))
    )
