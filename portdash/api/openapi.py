"""The catalogue as an OpenAPI 3.1 document."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec

from portdash import __version__
from portdash.api.catalogue import ROUTES, Parameter, Route
from portdash.api.problems import MEDIA_TYPE, Problem

Json = dict[str, Any]
_REFERENCE = "#/components/schemas/{name}"
_EXAMPLE = {
    "type": "about:blank",
    "title": "Not Found",
    "status": 404,
    "detail": "no service has port 3000",
    "code": "no_such_service",
    "message": "no service has port 3000",
    "hint": "`portdash check 3000` says who uses it",
}


def openapi(routes: tuple[Route, ...] = ROUTES) -> Json:
    """Return the document."""
    types = [Problem, *(kind for route in routes for kind in (route.answer, route.body) if kind)]
    unique = list(dict.fromkeys(types))
    schemas, components = msgspec.json.schema_components(unique, ref_template=_REFERENCE)
    references = dict(zip(unique, schemas, strict=True))
    paths: Json = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, references)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "portdash",
            "version": __version__,
            "summary": "Which service should have which port, which process really has it, and how to put it right",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": paths,
        "security": [{"token": []}],
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route, references: dict[Any, Json]) -> Json:
    said: Json = {
        "operationId": _identity(route),
        "summary": route.text,
        "parameters": [_parameter(each) for each in route.parameters],
        "responses": {str(status): _response(route, status, references) for status in route.statuses},
    }
    said["responses"]["default"] = {
        "description": "It could not be done.",
        "content": {MEDIA_TYPE: {"schema": references[Problem], "example": _EXAMPLE}},
    }
    if route.body:
        content = {"schema": references[route.body], "example": route.body_example}
        said["requestBody"] = {"required": True, "content": {"application/json": content}}
    return said


def _response(route: Route, status: int, references: dict[Any, Json]) -> Json:
    said: Json = {"description": HTTPStatus(status).phrase}
    if status == HTTPStatus.NOT_MODIFIED or route.answer is None:
        return said
    content: Json = {}
    if route.media == "application/json":
        content["schema"] = references[route.answer]
        if route.example is not None:
            content["example"] = route.example
    else:  # of each event, as those who read streams have it
        data = {"type": "string", "contentMediaType": "application/json", "contentSchema": references[route.answer]}
        fields = {"id": {"type": "string"}, "event": {"type": "string"}, "data": data}
        content["schema"] = {"type": "object", "properties": fields, "required": ["event", "data"]}
    said["content"] = {route.media: content}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:  # the store may be out of reach, as everywhere
        said["content"][MEDIA_TYPE] = {"schema": references[Problem], "example": _EXAMPLE}
    return said


def _parameter(parameter: Parameter) -> Json:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.place == "path",
        "description": parameter.text,
        "schema": dict(parameter.schema),
    }


def _identity(route: Route) -> str:
    """Return a name for the operation that a client's generator can use: `get_api_ports`."""
    words = [word.strip("{}").replace("-", "_") for word in route.path.split("/") if word]
    return "_".join((route.method.lower(), *(word for word in words if word not in ("api", "v1")))) or route.method
