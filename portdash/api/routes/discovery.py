"""`/api/v1/discovery`: which services and servers there are, and how one of them is."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from litestar import MediaType, Response, get, post

from portdash.api.answering import AnyRequest, answer, query_of, wait_if_asked
from portdash.api.asking import ask
from portdash.api.bodies import Body, read_body
from portdash.api.core import core_of
from portdash.model.names import split_qualified
from portdash.model.snapshot import Snapshot
from portdash.report.serialise import Json, document, listener_json, service_json

PREFIX = "/api/v1/discovery"


@get(f"{PREFIX}/services")
async def services(request: AnyRequest) -> Response[bytes]:
    """Every service with who listens for it, and every listener besides."""
    await wait_if_asked(request)
    return answer(request, (await core_of(request).board.view()).document("services", services_json))


@post(f"{PREFIX}/services/refresh", status_code=200)
async def refresh(request: AnyRequest) -> Response[bytes]:
    """Look again now, and tell what there is."""
    read_body(await request.body(), Body)
    board = core_of(request).board
    view = await asyncio.to_thread(lambda: board.look(anew=True))
    return answer(request, view.document("services", services_json))


@get([f"{PREFIX}/services/{{name:str}}/health", f"{PREFIX}/services/{{workspace:str}}/{{name:str}}/health"])
async def service_health(request: AnyRequest) -> Response[Json]:
    """Ask one service how it is: 200 where requests may be sent to it, else 503."""
    query_of(request)
    core, said = core_of(request), request.path_params
    name = "/".join(said[each] for each in ("workspace", "name") if each in said)
    split_qualified(name)
    asked = await ask(await asyncio.to_thread(core.board.deps), core.board, name)
    status = HTTPStatus.OK if asked.is_ready else HTTPStatus.SERVICE_UNAVAILABLE
    return Response(asked.json(), status_code=status, media_type=MediaType.JSON)


def services_json(snapshot: Snapshot) -> Json:
    """Return every service of this machine, and every listener, without the arguments of its process."""
    return document(
        revision=snapshot.revision,
        services=[service_json(view, snapshot) for view in snapshot.services],
        listeners=[listener_json(seen, snapshot) for seen in snapshot.listeners],
    )


HANDLERS = (services, refresh, service_health)
