"""Whether a request may come in at all. Pure: facts of the request in, a verdict out.

Every web page that the developer opens can send requests to this machine, and a name of the attacker's that resolves to
127.0.0.1 makes them look like the server's own. So the exact Host is asked for before anything else, on every path
that there is and is not; then whatever says that a browser sends this for another site; only then the token.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import NamedTuple

from portdash.record import record

MOST_BODY = 64 * 1024
"""Bytes of a request's body."""
MOST_HEAD = 16 * 1024
"""Bytes of a request's line and headers."""
MOST_HEADERS = 100
READS = ("GET", "HEAD")
"""HEAD is GET without the body, wherever GET is (RFC 9110, 9.3.2)."""
METHODS = (*READS, "POST", "DELETE")
"""None of the others does anything here. OPTIONS is how a browser asks for leave to send a request of another site."""
WRITES = ("POST", "DELETE")
PUBLIC = frozenset(("/docs", "/openapi.json"))
"""What says nothing of this machine: a browser opens it, and a browser has no token."""
OPEN_READ = frozenset(
    (
        "/api/ports",
        "/api/health",
        "/api/v1/port-management/allocations",
        "/api/v1/port-management/utilization",
        "/api/v1/port-management/conflicts",
        "/api/v1/discovery/services",
    )
)
"""What `--open-read` tells without the token."""


@record(kw_only=True)
class Facts:
    """What counts of a request. Of a header that came more than once, every value is there, in order."""

    method: str
    path: str
    """As it will be routed, its escapes undone."""
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    fetch_sites: tuple[str, ...] = ()
    authorizations: tuple[str, ...] = ()
    content_types: tuple[str, ...] = ()
    content_encodings: tuple[str, ...] = ()
    content_lengths: tuple[str, ...] = ()
    transfer_encodings: tuple[str, ...] = ()
    head_size: int = 0
    """Bytes of its line and headers."""
    headers: int = 0
    """How many headers it has."""

    @property
    def has_body(self) -> bool:
        """Whether a body follows, as far as its headers say."""
        return bool(self.transfer_encodings) or any(each != "0" for each in self.content_lengths)


@record(kw_only=True)
class Rules:
    """What one server lets in."""

    hosts: frozenset[str]
    """The values of Host that mean this server."""
    is_token: Callable[[str], bool]
    """Says whether it is the token in force."""
    open_read: bool = False
    methods_at: Callable[[str], tuple[str, ...]] = lambda _path: METHODS
    """Says which methods do something at a path."""


class Denial(NamedTuple):
    """Why a request does not come in."""

    status: HTTPStatus
    code: str
    message: str
    hint: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


def own_hosts(port: int | None) -> frozenset[str]:
    """Return the values of Host that mean a server: on a TCP port of loopback, or, for None, on a Unix socket."""
    if port is None:
        return frozenset(("localhost",))
    names = ("127.0.0.1", "localhost", "[::1]")
    return frozenset(f"{name}:{port}" for name in names) | (frozenset(names) if port == 80 else frozenset())


def decide(facts: Facts, rules: Rules) -> Denial | None:
    """Return why the request is refused, None for one that may come in."""
    for check in _CHECKS:
        if denial := check(facts, rules):
            return denial
    return None


def _host(facts: Facts, rules: Rules) -> Denial | None:
    if len(facts.hosts) == 1 and facts.hosts[0] in rules.hosts:
        return None
    return Denial(
        HTTPStatus.MISDIRECTED_REQUEST,
        "wrong_host",
        "the Host of this request is not this server",
        f"ask {' or '.join(sorted(rules.hosts))}, exactly so",
    )


def _head(facts: Facts, _rules: Rules) -> Denial | None:
    if facts.head_size <= MOST_HEAD and facts.headers <= MOST_HEADERS:
        return None
    status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    return Denial(status, "head_too_large", "the headers are too many or too long", f"{MOST_HEADERS} are read, 16 KiB")


def _path(facts: Facts, _rules: Rules) -> Denial | None:
    if facts.path.startswith("/") and "\0" not in facts.path and ".." not in facts.path.split("/"):
        return None
    return Denial(HTTPStatus.BAD_REQUEST, "bad_path", "this is no path of this server", "GET /openapi.json lists them")


def _method(facts: Facts, rules: Rules) -> Denial | None:
    if facts.method in METHODS:
        return None
    allowed = ", ".join(rules.methods_at(facts.path))
    status, headers = HTTPStatus.METHOD_NOT_ALLOWED, ((b"allow", allowed.encode()),)
    return Denial(status, "method_not_allowed", "this method does nothing here", f"use one of {allowed}", headers)


def _origin(facts: Facts, rules: Rules) -> Denial | None:
    own = {f"http://{host}" for host in rules.hosts}
    if len(facts.origins) <= 1 and own.issuperset(facts.origins):
        return None
    return Denial(
        HTTPStatus.FORBIDDEN,
        "foreign_origin",
        "a page of another origin sent this",
        "a page reads through its own dev server, which sends no Origin; what writes is a program with the token",
    )


def _site(facts: Facts, _rules: Rules) -> Denial | None:
    if len(facts.fetch_sites) <= 1 and {"none", "same-origin"}.issuperset(facts.fetch_sites):
        return None
    return Denial(
        HTTPStatus.FORBIDDEN,
        "cross_site",
        "a browser sent this for another site",
        "ask from the page's own server, as a dev server's proxy does",
    )


def _token(facts: Facts, rules: Rules) -> Denial | None:
    if facts.method in READS and (facts.path in PUBLIC or (rules.open_read and facts.path in OPEN_READ)):
        return None
    if len(facts.authorizations) == 1:
        scheme, _, token = facts.authorizations[0].partition(" ")
        if scheme.casefold() == "bearer" and rules.is_token(token.strip()):
            return None
    return Denial(
        HTTPStatus.UNAUTHORIZED,
        "no_token",
        "the token is missing or wrong" if facts.authorizations else "this needs the token",
        'send "Authorization: Bearer TOKEN"; `portdash token path` says where it is kept',
        ((b"www-authenticate", b'Bearer realm="portdash"'),),
    )


def _length(facts: Facts, _rules: Rules) -> Denial | None:
    lengths = facts.content_lengths
    if len(lengths) > 1 or (lengths and facts.transfer_encodings):
        return Denial(HTTPStatus.BAD_REQUEST, "bad_length", "the length of the body is said twice", "say it once")
    if lengths and not (lengths[0].isascii() and lengths[0].isdigit()):
        return Denial(HTTPStatus.BAD_REQUEST, "bad_length", "the length of the body is no number", "send its bytes")
    if lengths and (len(lengths[0]) > 9 or int(lengths[0]) > MOST_BODY):
        return too_large()
    return None


def _json(facts: Facts, _rules: Rules) -> Denial | None:
    if facts.method not in WRITES or not (facts.has_body or facts.content_types):
        return None
    kind = facts.content_types[0] if len(facts.content_types) == 1 else ""
    name, _, parameter = (part.strip().casefold() for part in kind.partition(";"))
    if name == "application/json" and parameter in ("", "charset=utf-8") and not facts.content_encodings:
        return None
    return Denial(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "not_json",
        "a body has to be JSON, in UTF-8 and not compressed",
        'send "Content-Type: application/json"',
    )


def too_large() -> Denial:
    """Return the refusal of a body that is too long."""
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    return Denial(status, "body_too_large", "the body is too long", f"at most {MOST_BODY // 1024} KiB are read")


def too_slow() -> Denial:
    """Return the refusal of a body that does not come."""
    return Denial(HTTPStatus.REQUEST_TIMEOUT, "too_slow", "the body did not come in time", "send it at once")


def ending() -> Denial:
    """Return the answer to what is not done when the server has to end."""
    return Denial(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "server_ending",
        "the server ended before this was done",
        "what was begun may yet be done: look what there is before you ask again",
    )


_CHECKS = (_host, _head, _path, _method, _origin, _site, _token, _length, _json)
"""In this order: who asks under a wrong name learns nothing else, and nothing is read of a body before the token."""
