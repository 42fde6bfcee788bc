"""Requests to the application, byte for byte as an attacker would send them, without a socket between."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from litestar import Litestar

from portdash.api.app import create_app
from portdash.api.settings import Settings
from portdash.api.token import FixedToken
from portdash.demo.scene import demo_deps
from portdash.manager.deps import Deps

PORT = 8081
TOKEN = "0123456789abcdef0123456789abcdef"  # noqa: S105  of a server that does not live longer than its test
HOST = ("host", f"localhost:{PORT}")
BEARER = ("authorization", f"Bearer {TOKEN}")
JSON = ("content-type", "application/json")

Header = tuple[str, str]


@dataclass
class Answer:
    """What came back."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def code(self) -> str:
        """The code of a problem document, empty for anything else."""
        return str(self.json.get("code", "")) if "problem+json" in self.headers.get("content-type", "") else ""

    @property
    def json(self) -> Any:  # noqa: ANN401  whatever JSON can be
        """The document."""
        return json.loads(self.body)


def application(deps: Deps | None = None, *, open_read: bool = False, allow_kill: bool = False) -> Litestar:
    """Return the application on the invented machine, or on `deps`."""
    settings = Settings(token=FixedToken(TOKEN), port=PORT, open_read=open_read, allow_kill=allow_kill)
    return create_app(deps or demo_deps(), settings)


def routes(app: Litestar) -> list[tuple[str, str]]:
    """Return every method and path that the application has, with something in the place of parameters."""
    found = set()
    for route in app.routes:
        for method in getattr(route, "methods", ()):
            if method in ("GET", "POST", "DELETE"):
                path = "/".join("3000" if part.startswith("{") else part for part in route.path.split("/"))
                found.add((method, path))
    return sorted(found)


async def ask(app: Litestar, method: str, target: str, headers: Sequence[Header], body: bytes = b"") -> Answer:
    """Send one request as it is, and return what came back. A body of several parts comes in pieces of 16 KiB."""
    path, _, query = target.partition("?")
    answer, pieces = Answer(), [body[start : start + 16384] for start in range(0, len(body), 16384)] or [b""]

    async def receive() -> dict[str, object]:
        piece = pieces.pop(0) if pieces else None
        if piece is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    async def send(message: Any) -> None:  # noqa: ANN401  one of many messages of ASGI
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode().lower(): value.decode() for name, value in message["headers"]}
        else:
            answer.body += message.get("body", b"")

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode("utf-8", "surrogateescape"),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers],
        "server": ("127.0.0.1", PORT),
        "client": ("127.0.0.1", 50_000),
        "state": {},
        "extensions": {},
    }
    await app(scope, receive, send)  # type: ignore[arg-type]
    return answer
