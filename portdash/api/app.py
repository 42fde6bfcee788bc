"""The application: routes, errors as problem documents, and the guard round all of it."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from litestar import Litestar, Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException

from portdash.api import problems
from portdash.api.catalogue import methods_at
from portdash.api.core import Core
from portdash.api.guarding import Guard
from portdash.api.routes import compat, discovery, events, management, meta, metrics, services
from portdash.api.settings import Settings
from portdash.errors import PortdashError
from portdash.manager.deps import Deps
from portdash.text import clean

_log = logging.getLogger("portdash.api")
_CODES = {HTTPStatus.NOT_FOUND: "no_such_route", HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed"}
_MODULES = (compat, management, discovery, services, events, metrics, meta)
RETRY_AFTER = "1"
"""Seconds after which a store that could not be used may be asked again."""


def create_app(deps: Deps, settings: Settings) -> Litestar:
    """Return the application that serves `deps`. Who runs it calls `close` of its state's `core` to end streams."""
    core = Core(deps, settings)
    app = Litestar(
        route_handlers=[handler for module in _MODULES for handler in module.HANDLERS],
        exception_handlers={
            PortdashError: _known_error,
            HTTPException: _http_error,
            Exception: _unknown_error,
        },
        lifespan=[core.running],
        state=State({"core": core}),
        openapi_config=None,
        logging_config=None,
    )
    app.asgi_handler = Guard(app.asgi_handler, settings)  # before routing, so that it sees what has no route, too
    return app


def _known_error(_request: Request[Any, Any, Any], error: PortdashError) -> Response[bytes]:
    status = problems.status_of(error)
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        _log.warning("%s", clean(error.message))
    headers = {"retry-after": RETRY_AFTER} if status is HTTPStatus.SERVICE_UNAVAILABLE else {}
    return _problem(status, error.code, error.message, error.hint, headers)


def _http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Answer what the framework refuses; its own words could repeat what was sent."""
    status = HTTPStatus(error.status_code)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _unknown_error(request, error)
    code = _CODES.get(status, "bad_request")
    # The framework would offer OPTIONS, which the gate does not let in, and knows nothing of HEAD, which is GET to it.
    methods = methods_at(request.scope["path"]) if status is HTTPStatus.METHOD_NOT_ALLOWED else ()
    allowed = {"allow": ", ".join(methods)} if methods else {}
    return _problem(status, code, status.phrase, "GET /openapi.json lists what there is", allowed)


def _unknown_error(_request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    _log.error("a request failed: %s", clean(f"{type(error).__name__}: {error}"), exc_info=error)
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return _problem(status, "error", "this request failed, and that is our mistake", "the server's log says more", {})


def _problem(status: HTTPStatus, code: str, message: str, hint: str, headers: dict[str, str]) -> Response[bytes]:
    body = problems.problem(status, code, message, hint)
    return Response(body, status_code=status, headers=headers, media_type=problems.MEDIA_TYPE)
