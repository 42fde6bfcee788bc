"""`GET /api/ports` and `GET /api/health`, for the clients of another port manager."""

from __future__ import annotations

from litestar import MediaType, Response, get

from portdash.api.answering import AnyRequest, answer, query_of, wait_if_asked
from portdash.api.compat import health_json, ports_json
from portdash.api.core import core_of
from portdash.api.problems import BadRequest

_WORDS = {"true": True, "false": False}


@get("/api/ports")
async def ports(request: AnyRequest) -> Response[bytes]:
    """Ports and URLs of the services of this workspace."""
    await wait_if_asked(request)
    view = await core_of(request).board.view()
    return answer(request, view.document("ports", ports_json))


@get("/api/health")
async def health(request: AnyRequest) -> Response[object]:
    """How the services of this workspace do, by what the kernel and containers' engines say."""
    core, said = core_of(request), query_of(request, "detailed").get("detailed", "false")
    if said not in _WORDS:
        raise BadRequest("detailed is neither true nor false", hint="ask /api/health?detailed=true")
    view = await core.board.view()
    body = health_json(view.snapshot, now=core.deps.clock.now(), detailed=_WORDS[said])
    return Response(body, media_type=MediaType.JSON)


HANDLERS = (ports, health)
