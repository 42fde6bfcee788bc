"""The page at `/docs`: every route of the OpenAPI document, readable without a network, without a script. Pure."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from hashlib import sha256
from html import escape
from typing import NamedTuple

from portdash.text import clean

_STYLE = """
:root{color-scheme:light dark;--line:#8884;--dim:#777;--mark:#06c}
@media(prefers-color-scheme:dark){:root{--dim:#999;--mark:#6bf}}
body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}
code,summary{font-family:ui-monospace,monospace;font-size:.9rem}
details{border-top:1px solid var(--line);padding:.4rem 0}summary{cursor:pointer}
b{display:inline-block;min-width:4.5rem;color:var(--mark)}
p{margin:.4rem 0}p,table{margin-left:1rem}small{color:var(--dim)}
table{border-collapse:collapse}td{padding:.1rem 1rem .1rem 0;vertical-align:top}
"""
_METHODS = ("get", "post", "put", "patch", "delete")
_CURL = 'curl -H "Authorization: Bearer $(cat "$(portdash token path)")" http://localhost:8081/api/ports'

Document = Mapping[str, object]


class Page(NamedTuple):
    """A page and the policy under which a browser shows it."""

    body: bytes
    policy: str


def docs_page(document: Document) -> Page:
    """Return the page of an OpenAPI document. Whatever the document says is text there."""
    digest = b64encode(sha256(_STYLE.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )
    return Page("\n".join(_lines(document)).encode(), policy)


def _lines(document: Document) -> Iterator[str]:
    info = _table(document, "info")
    title = f"{_text(info.get('title'))} {_text(info.get('version'))}"
    yield f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
    yield f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
    yield f"<h1>{title}</h1><p><small>{_text(info.get('summary'), limit=2000)}</small></p>"
    yield f"<p><code>{_text(_CURL)}</code></p>"
    yield '<p>For programs: <a href="/openapi.json">openapi.json</a>; for Prometheus: <code>/metrics</code></p>'
    group = None
    for path, item in sorted(_table(document, "paths").items()):
        if (first := _group(path)) != group:
            group = first
            yield f"<h2>{_text(group)}</h2>"
        for method in _METHODS:
            operation = _table(item, method)
            if operation:
                yield from _operation(method, path, operation, document)
    yield "</body></html>"


def _group(path: str) -> str:
    """Return what routes stand under: `/api/v1/discovery`, or `/` for those that have no family."""
    parts = path.split("/")
    return "/".join(parts[:4]) if path.startswith("/api/v1/") and len(parts) > 4 else "/"


def _operation(method: str, path: str, operation: Document, document: Document) -> Iterator[str]:
    yield f"<details><summary><b>{method.upper()}</b>{_text(path)}</summary>"
    yield f"<p>{_text(operation.get('summary'), limit=2000)}</p>"
    rows = [*_parameters(operation, document), *_body(operation, document), *_responses(operation)]
    if rows:
        yield "<table>"
        yield from (f"<tr><td><code>{name}</code><td><small>{kind}</small><td>{about}" for name, kind, about in rows)
        yield "</table>"
    yield "</details>"


def _parameters(operation: Document, document: Document) -> Iterator[tuple[str, str, str]]:
    for given in _list(operation, "parameters"):
        each = _resolved(given, document)
        yield _text(each.get("name")), _text(each.get("in")), _text(each.get("description"), limit=500)


def _body(operation: Document, document: Document) -> Iterator[tuple[str, str, str]]:
    schema = _resolved(
        _table(_table(_table(operation, "requestBody"), "content"), "application/json").get("schema"), document
    )
    for name, given in _table(schema, "properties").items():
        yield _text(name), "body", _text(_resolved(given, document).get("description"), limit=500)


def _responses(operation: Document) -> Iterator[tuple[str, str, str]]:
    for status, answer in sorted(_table(operation, "responses").items()):
        yield _text(status), "answer", _text(_table({"": answer}, "").get("description"), limit=500)


def _resolved(value: object, document: Document) -> Document:
    """Return a part of the document, or what it refers to."""
    if not isinstance(value, dict):
        return {}
    reference = value.get("$ref")
    if not isinstance(reference, str):
        return value
    found: object = document
    for part in reference.removeprefix("#/").split("/"):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _table(value: object, key: str) -> Document:
    found = value.get(key) if isinstance(value, Mapping) else None
    return found if isinstance(found, dict) else {}


def _list(value: Document, key: str) -> list[object]:
    found = value.get(key)
    return found if isinstance(found, list) else []


def _text(value: object, *, limit: int = 256) -> str:
    return escape(clean(str(value), limit=limit)) if value is not None else ""
