"""`/api/v1/discovery/services/{name}`: starting, stopping and restarting what portdash runs, and what it printed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import closing
from itertools import chain

from litestar import MediaType, Response, get, post

from portdash.api.acting import LONGEST_LINE
from portdash.api.answering import AnyRequest, key_of, query_of, replied
from portdash.api.bodies import Body, read_body
from portdash.api.core import core_of
from portdash.api.problems import BadRequest
from portdash.api.retries import Key, Reply
from portdash.errors import NoSuchService, Refused
from portdash.manager.deps import Deps
from portdash.manager.finding import find_service
from portdash.manager.supervising import restart, stop
from portdash.model.names import split_qualified
from portdash.report.serialise import Json, document
from portdash.supervisor.log_lines import LogReader, shown
from portdash.supervisor.logs import log_path
from portdash.text import clean

PREFIX = "/api/v1/discovery/services"
DEFAULT_LINES, MOST_LINES = 100, 1000


@post(f"{PREFIX}/{{name:str}}/start", status_code=200)
async def start_service(request: AnyRequest) -> Response[bytes]:
    """Run the command that a service of this workspace declares, and tell whether it listens."""
    return await _acted(request, core_of(request).actor.start)


@post(f"{PREFIX}/{{name:str}}/stop", status_code=200)
async def stop_service(request: AnyRequest) -> Response[bytes]:
    """Let a service that portdash runs end."""
    actor = core_of(request).actor
    return await _acted(request, lambda name, key: actor.ask(name, stop, key))


@post(f"{PREFIX}/{{name:str}}/restart", status_code=200)
async def restart_service(request: AnyRequest) -> Response[bytes]:
    """Let a service that portdash runs end, and start again on the port it has."""
    actor = core_of(request).actor
    return await _acted(request, lambda name, key: actor.ask(name, restart, key))


@get(f"{PREFIX}/{{name:str}}/log")
async def service_log(request: AnyRequest) -> Response[Json]:
    """Return the latest lines that a service printed."""
    name, count = _name(request), _count(query_of(request, "lines").get("lines"))
    told = await asyncio.to_thread(log_json, core_of(request).deps, name, count)
    return Response(told, media_type=MediaType.JSON)


def log_json(deps: Deps, name: str, count: int) -> Json:
    """Return the latest lines, without colours and commands. Raises NoSuchService, Refused, StoreError."""
    view = find_service(deps.observer.snapshot(), name)
    unknown = NoSuchService(
        f"nothing is known of what {clean(view.name)} prints",
        hint="what `portdash run` or `portdash up` has started is kept",
    )
    if deps.state_dir is None:
        raise unknown
    try:
        with closing(LogReader(log_path(deps.state_dir, view.key), count)) as reader:
            lines = list(chain(reader.read(), reader.rest()))[-count:]
    except FileNotFoundError:
        raise unknown from None
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise Refused(
            f"the log of {clean(view.name)} cannot be read: {why}", hint="look what stands in its place"
        ) from error
    told = [shown(line, colours=False)[:LONGEST_LINE] for line in lines]
    return document(name=clean(view.name), workspace=clean(view.key.workspace), lines=told)


async def _acted(request: AnyRequest, act: Callable[[str, Key | None], Reply]) -> Response[bytes]:
    """Return what came of an act on the service in the path, under the key of the request."""
    read_body(await request.body(), Body)
    name, key = _name(request), await key_of(request)
    return replied(await core_of(request).acts.run(act, name, key))


def _name(request: AnyRequest) -> str:
    """Return the name in the path. Raises InvalidName."""
    name = str(request.path_params["name"])
    split_qualified(name)
    return name


def _count(text: str | None) -> int:
    if text is None:
        return DEFAULT_LINES
    if text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= MOST_LINES:
        return int(text)
    raise BadRequest("lines is no number of lines", hint=f"a whole number from 1 to {MOST_LINES}")


HANDLERS = (start_service, stop_service, restart_service, service_log)
