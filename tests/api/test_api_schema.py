import msgspec
import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute

from portdash.api.app import create_app
from portdash.api.catalogue import ROUTES, Route, methods_at
from portdash.api.gate import OPEN_READ, PUBLIC
from portdash.api.openapi import openapi
from portdash.api.settings import Settings
from portdash.manager.deps import Deps

ELSEWHERE = PUBLIC | {"/metrics"}
"""Routes that are no part of what the schema tells."""


def offered(app: Litestar) -> set[tuple[str, str]]:
    """Every method and path that is routed, in the schema's spelling."""
    found = set()
    for route in app.routes:
        assert isinstance(route, HTTPRoute)
        path = route.path.replace(":str}", "}")
        found |= {(str(method), path) for method in route.methods if method != "OPTIONS" and path not in ELSEWHERE}
    return found


def test_the_schema_tells_every_route_and_no_other(deps: Deps, settings: Settings):
    assert offered(create_app(deps, settings)) == {(route.method, route.path) for route in ROUTES}


@pytest.mark.parametrize(
    "route", [each for each in ROUTES if each.example], ids=lambda route: f"{route.method} {route.path}"
)
def test_an_example_is_an_answer(route: Route):
    assert route.answer
    msgspec.convert(route.example, route.answer)
    if route.body:
        msgspec.convert(route.body_example, route.body)


def test_the_document_is_whole():
    document = openapi()
    assert document["openapi"] == "3.1.0"
    text = msgspec.json.encode(document).decode()
    for name in document["components"]["schemas"]:
        assert f'"#/components/schemas/{name}"' in text
    identities = [each["operationId"] for path in document["paths"].values() for each in path.values()]
    assert len(set(identities)) == len(identities) == len(ROUTES)
    for path, methods in document["paths"].items():
        for operation in methods.values():
            named = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
            assert {f"{{{name}}}" for name in named} == {part for part in path.split("/") if part.startswith("{")}


def test_no_route_takes_a_command_or_a_path():
    text = msgspec.json.encode([each["properties"] for name, each in openapi()["components"]["schemas"].items()
                                if name.endswith("Body")]).decode()  # fmt: skip
    assert not [word for word in ("command", "argv", "cwd", "path", "file", "directory", "exec") if word in text]


def test_what_is_open_is_a_list_that_is_there():
    assert {("GET", path) for path in OPEN_READ} <= {(route.method, route.path) for route in ROUTES}


def test_a_path_knows_its_methods():
    assert methods_at("/api/ports") == ("GET", "HEAD")
    assert methods_at("/api/v1/port-management/release/3000") == ("DELETE",)
    assert methods_at("/api/v1/port-management/resolve") == ("POST",)
    assert methods_at("/api/v1/port-management/resolve/") == ("POST",)
    assert methods_at("/docs") == ("GET", "HEAD")
