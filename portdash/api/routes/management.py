"""`/api/v1/port-management`: giving ports, taking them back, and what there is of them."""

from __future__ import annotations

from litestar import Response, delete, get, post

from portdash.api.answering import AnyRequest, answer, key_of, replied, wait_if_asked
from portdash.api.bodies import AllocateBody, ResolveBody, read_body
from portdash.api.core import core_of
from portdash.model.ports import parse_port
from portdash.model.snapshot import Snapshot
from portdash.planning.utilisation import utilisation
from portdash.report.ranges import notices, range_json
from portdash.report.serialise import Json, conflict_json, document, service_json

PREFIX = "/api/v1/port-management"


@get(f"{PREFIX}/allocations")
async def allocations(request: AnyRequest) -> Response[bytes]:
    """Every service of this machine that has a port."""
    await wait_if_asked(request)
    return answer(request, (await core_of(request).board.view()).document("allocations", allocations_json))


@get(f"{PREFIX}/utilization")
async def utilization(request: AnyRequest) -> Response[bytes]:
    """How full the ranges are."""
    await wait_if_asked(request)
    return answer(request, (await core_of(request).board.view()).document("utilization", utilization_json))


@get(f"{PREFIX}/conflicts")
async def conflicts(request: AnyRequest) -> Response[bytes]:
    """Where intent and reality disagree."""
    await wait_if_asked(request)
    return answer(request, (await core_of(request).board.view()).document("conflicts", conflicts_json))


@post(f"{PREFIX}/allocate")
async def allocate(request: AnyRequest) -> Response[bytes]:
    """Give a service a port, or say which one it has."""
    body, key = read_body(await request.body(), AllocateBody), await key_of(request)
    core = core_of(request)
    return replied(await core.acts.run(core.actor.allocate, body, key))


@delete(f"{PREFIX}/release/{{port:str}}", status_code=200)
async def release(request: AnyRequest) -> Response[bytes]:
    """Give the port of a service back, and with it those that inherit it."""
    number, key = parse_port(request.path_params["port"]), await key_of(request)
    core = core_of(request)
    return replied(await core.acts.run(core.actor.release, number, key))


@post(f"{PREFIX}/resolve", status_code=200)
async def resolve(request: AnyRequest) -> Response[bytes]:
    """Make the plan that ends conflicts, and apply it."""
    body, key = read_body(await request.body(), ResolveBody), await key_of(request)
    core = core_of(request)
    return replied(await core.acts.run(core.actor.resolve, body, key))


def allocations_json(snapshot: Snapshot) -> Json:
    """Return every service with a port, this workspace's first."""
    services = [service_json(view, snapshot) for view in snapshot.services if view.assignment]
    return document(revision=snapshot.revision, assignments=services)


def utilization_json(snapshot: Snapshot) -> Json:
    """Return every range, as `portdash ranges --json` does."""
    uses = utilisation(snapshot)
    return document(revision=snapshot.revision, ranges=[range_json(use) for use in uses], notices=list(notices(uses)))


def conflicts_json(snapshot: Snapshot) -> Json:
    """Return every conflict, as `portdash conflicts --json` does."""
    found = [conflict_json(conflict, snapshot) for conflict in snapshot.conflicts]
    return document(revision=snapshot.revision, conflicts=found)


HANDLERS = (allocations, utilization, conflicts, allocate, release, resolve)
