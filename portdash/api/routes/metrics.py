"""`GET /metrics`, for Prometheus and what reads its format."""

from __future__ import annotations

import asyncio

from litestar import Response, get

from portdash.api.answering import AnyRequest
from portdash.api.core import Core, core_of
from portdash.api.metrics import exposition
from portdash.model.snapshot import Snapshot


@get("/metrics")
async def metrics(request: AnyRequest) -> Response[bytes]:
    """Figures of services, ranges, listeners and conflicts, in the text format of Prometheus."""
    core = core_of(request)
    snapshot = (await core.board.view()).snapshot
    body, media_type = await asyncio.to_thread(_figures, core, snapshot, request.headers.get("accept", ""))
    if media_type.startswith("text/"):
        media_type = media_type.removesuffix("; charset=utf-8")  # the framework says it itself
    return Response(body, media_type=media_type)


def _figures(core: Core, snapshot: Snapshot, accept: str) -> tuple[bytes, str]:
    return exposition(snapshot, core.tally.count(snapshot), accept=accept)


HANDLERS = (metrics,)
