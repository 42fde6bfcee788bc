"""URLs in a configuration: of stores and of services. Checked here, opened elsewhere, and never shown with secrets."""

import os
import re
from base64 import b64encode
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from portdash.config.problems import Rejected, suggestion

STORE_SCHEMES = ("sqlite", "json", "redis", "rediss", "memory")
REGISTRY_SCHEMES = ("redis", "rediss", "http", "https")
_STORE_HINT = "a store is sqlite:///ABSOLUTE/FILE, json:PATH, redis://HOST:PORT/DB, rediss://HOST:PORT/DB or memory:"


def parse_store(text: str, *, directory: Path, home: Path) -> str:
    """Return the URL of a store in its full form, with an absolute path.

    A path after `json:` counts from `directory`, that of the file or shell that names it. Raises Rejected.
    """
    scheme, colon, rest = text.strip().partition(":")
    scheme = scheme.lower()
    if not colon or scheme not in STORE_SCHEMES:
        raise Rejected("not a store portdash knows", hint=_store_hint(scheme))
    if scheme == "memory":
        if rest.strip("/"):
            raise Rejected("nothing follows memory:", hint=_STORE_HINT)
        return "memory:"
    if scheme == "sqlite":
        return f"sqlite:///{_sqlite_path(rest)}"
    if scheme == "json":
        return f"json:{resolve_path(rest, directory=directory, home=home)}"
    return f"{scheme}:{_redis_rest(text.strip(), rest)}"


def parse_url(text: str, *, schemes: tuple[str, ...] = ()) -> str:
    """Return a URL that has a scheme and a host. Raises Rejected."""
    parts = _split(text)
    if not parts.scheme or not parts.hostname:
        raise Rejected("not a URL with a host", hint="write it in full, as in http://localhost:1234")
    if schemes and parts.scheme.lower() not in schemes:
        raise Rejected(f"{parts.scheme} is not possible here", hint=suggestion(parts.scheme, schemes, what="possible"))
    return text


def parse_cluster(text: str) -> tuple[str, ...]:
    """Return the registries in a list separated by commas. Raises Rejected."""
    return tuple(parse_url(part.strip(), schemes=REGISTRY_SCHEMES) for part in text.split(","))


def is_local(url: str) -> bool:
    """Say whether a checked URL stays on this machine: localhost, or an address of its loopback."""
    host = (_split(url).hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_registry(url: str) -> bool:
    """Say whether a checked URL is one of a server that keeps who announces what."""
    return url.partition(":")[0].lower() in ("redis", "rediss")


def basic_auth(user: str, password: str) -> str | None:
    """Return what the Authorization header says for the user name and password of a URL, decoded; None for neither."""
    pair = f"{user}:{password}".encode("utf-8", "surrogateescape")
    return f"Basic {b64encode(pair).decode('ascii')}" if user or password else None


def resolve_path(text: str, *, directory: Path, home: Path) -> Path:
    """Return an absolute path: relative ones count from `directory`, `~/` is the home directory. Raises Rejected."""
    if not text or "\0" in text:
        raise Rejected("not a path")
    path = home / text[2:] if text.startswith("~/") or text == "~" else directory / text
    return Path(os.path.normpath(path))


def redacted(url: str) -> str:
    """Return a URL without user name, password and, but for http, query: whatever may be a secret becomes `***`."""
    scheme, mark, rest = url.partition("://")
    if not mark:
        return url
    if scheme.lower() in ("http", "https", "ws", "wss"):
        host, slash, path = rest.partition("/")
        return f"{scheme}://{_bare(host)}{slash}{re.sub(r'(?<==)[^&#]+', '***', path)}"
    rest, query, _ = _bare(rest).partition("?")
    return f"{scheme}://{rest}{'?***' if query else ''}"


def _bare(text: str) -> str:
    """Without what stands before the last `@`; a password may hold slashes and at signs where it was not quoted."""
    return f"***@{text.rpartition('@')[2]}" if "@" in text else text


def _split(text: str) -> SplitResult:
    if not text.isprintable() or " " in text:
        raise Rejected("a URL holds no spaces or control characters")
    try:
        parts = urlsplit(text)
        port = parts.port
        host = parts.hostname or ""
    except ValueError:  # its text may repeat a password
        raise Rejected("not a URL, or its port is not a number") from None
    if port == 0:
        raise Rejected("0 is not a port")
    try:
        host.encode("idna")  # as whoever connects does, and then it is no OSError
    except UnicodeError:
        raise Rejected("its host cannot be looked up", hint="a part between two dots has 1 to 63 characters") from None
    return parts


def _sqlite_path(rest: str) -> str:
    """The path after `sqlite:`. Three slashes and four mean the same, since the path is always absolute."""
    if not rest.startswith("///") or len(rest) < 5 or "\0" in rest:
        raise Rejected("not the absolute path of a file", hint=_STORE_HINT)
    path = rest[3:]
    if path.startswith("~") or path.endswith("/"):
        raise Rejected("not the absolute path of a file", hint=_STORE_HINT)
    return path if path.startswith("/") or re.match(r"[A-Za-z]:[/\\]", path) else f"/{path}"


def _redis_rest(text: str, rest: str) -> str:
    parts = _split(text)
    database = parts.path.strip("/")
    if not parts.hostname:
        raise Rejected("no host is named", hint=_STORE_HINT)
    if database and not (database.isascii() and database.isdigit() and len(database) <= 5):
        raise Rejected("the database is not a number", hint=_STORE_HINT)
    return rest


def _store_hint(scheme: str) -> str:
    near = suggestion(scheme, STORE_SCHEMES) if scheme.isalpha() else None
    return f"{near} {_STORE_HINT}" if near and near.startswith("did") else _STORE_HINT
