"""`GET /openapi.json` and `GET /docs`: what there is, for programs and for people."""

from __future__ import annotations

from functools import cache

import msgspec
from litestar import MediaType, Response, get

from portdash.api.docs import Page, docs_page
from portdash.api.openapi import openapi


@get("/openapi.json", sync_to_thread=False)
def schema() -> Response[bytes]:
    """What the API offers, as OpenAPI 3.1."""
    return Response(_schema(), media_type=MediaType.JSON)


@get("/docs", sync_to_thread=False)
def docs() -> Response[bytes]:
    """Every route on one page, which needs nothing else."""
    page = _page()
    return Response(page.body, media_type=MediaType.HTML, headers={"content-security-policy": page.policy})


@cache
def _page() -> Page:
    return docs_page(openapi())


@cache
def _schema() -> bytes:
    return msgspec.json.encode(openapi())


HANDLERS = (schema, docs)
