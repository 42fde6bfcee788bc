"""`GET /openapi.json`: what there is, for programs and for the page that shows it."""

from __future__ import annotations

from functools import cache

import msgspec
from litestar import MediaType, Response, get

from portdash.api.openapi import openapi


@get("/openapi.json", sync_to_thread=False)
def schema() -> Response[bytes]:
    """What the API offers, as OpenAPI 3.1."""
    return Response(_schema(), media_type=MediaType.JSON)


@cache
def _schema() -> bytes:
    return msgspec.json.encode(openapi())


HANDLERS = (schema,)
