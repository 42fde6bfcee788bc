"""Asking a portdash that serves its ports, and believing no more of the answer than makes sense."""

from __future__ import annotations

import json
from collections.abc import Mapping
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from portdash.config.urls import is_local, redacted
from portdash.errors import NoInstances, PortdashError, UsageError
from portdash.model.names import check_service
from portdash.record import field, record
from portdash.text import clean, shown

if TYPE_CHECKING:
    import httpx

PATH = "/api/ports"
MOST_BYTES = 1 << 20
"""Bytes of an answer that are read; more is no answer."""
_SCHEMES = ("http", "https", "http+unix")
_SPOKEN = ("http", "https", "ws", "wss")
"""How the services that an answer names may be spoken to."""
_HINT = "`portdash serve --tcp --open-read` serves it; a token goes into token= or PORTDASH_TOKEN"


@record
class Target:
    """Whom to ask."""

    url: str
    socket: str | None
    headers: Mapping[str, str]
    label: str

    @classmethod
    def of(cls, url: str, token: str | None, *, is_ours: bool) -> Target:
        """Read a URL; a token that is ours is not for a stranger's machine. Raises UsageError."""
        try:
            parts = urlsplit(url)
            host, _port = parts.hostname, parts.port
        except (ValueError, AttributeError, TypeError):
            parts = None
        if parts is None or parts.scheme not in _SCHEMES or not (host or parts.scheme == "http+unix"):
            hint = "write http://localhost:8081, or http+unix:// and the absolute path of a socket"
            raise UsageError(f"{shown(url)} is no URL of a portdash", hint=hint)
        headers = {"accept": "application/json", "accept-encoding": "identity"}
        unix = parts.scheme == "http+unix"
        if token and (unix or not is_ours or is_local(url)):
            headers["authorization"] = f"Bearer {token}"
        if unix:
            path = unquote(parts.netloc + parts.path)
            return cls(f"http://localhost{PATH}", path, headers, clean(f"unix:{path}"))
        base = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/').removesuffix(PATH)}"
        return cls(f"{base}{PATH}", None, headers, clean(redacted(base)))

    def failed(self, why: str) -> NoInstances:
        """Return what to raise when it does not answer as a portdash does."""
        return NoInstances(f"no portdash answers at {self.label}: {clean(why)}", hint=_HINT)


def ask_in_time(target: Target, timeout: float) -> bytes:
    """Return the body of the answer. In a thread of its own: a server that drips its answer keeps nobody."""
    outcome: list[bytes | Exception] = []

    def ask() -> None:
        try:
            outcome.append(_ask(target, timeout))
        except Exception as error:  # noqa: BLE001  raised again by who waits
            outcome.append(error)

    thread = Thread(target=ask, name="portdash-remote", daemon=True)
    thread.start()
    thread.join(timeout)
    found = outcome[0] if outcome else target.failed(f"nothing came within {timeout:g} s")
    if isinstance(found, PortdashError):
        raise found
    if isinstance(found, Exception):
        raise target.failed(str(found) or type(found).__name__) from found
    return found


def _ask(target: Target, timeout: float) -> bytes:
    import httpx  # noqa: PLC0415  only who asks pays for it

    transport = httpx.HTTPTransport(uds=target.socket, retries=0)
    with (
        httpx.Client(transport=transport, timeout=timeout, trust_env=False, follow_redirects=False) as client,
        client.stream("GET", target.url, headers=dict(target.headers)) as response,
    ):
        if response.status_code != httpx.codes.OK:
            raise target.failed(_refusal(response))
        body = b""
        for chunk in response.iter_raw():
            body += chunk
            if len(body) > MOST_BYTES:
                raise target.failed("the answer is too long")
        return body


def _refusal(response: httpx.Response) -> str:
    if response.status_code == 401:
        return "it wants a token"
    return f"it answered {response.status_code} {response.reason_phrase}"


@record
class Answer:
    """What a server said, as far as it makes sense."""

    ports: Mapping[str, int] = field(default_factory=dict)
    urls: Mapping[str, str] = field(default_factory=dict)
    environment: str | None = None
    problem: str = ""

    @classmethod
    def of(cls, body: bytes) -> Answer:
        """Read a body. Raises NoInstances for what is not the document of a portdash."""
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            document = None
        data = document.get("data") if isinstance(document, dict) and document.get("success") is True else None
        if not isinstance(data, dict):
            raise NoInstances("what answers there is no portdash: it sent something else than ports", hint=_HINT)
        ports = {name: port for name, port in data.items() if _is_port(port) and _is_name(name)}
        urls = data.get("urls")
        spoken = urls.items() if isinstance(urls, dict) else ()
        environment = data.get("environment")
        return cls(
            ports=ports,
            urls={name: url for name, url in spoken if name in ports and _is_url(url)},
            environment=clean(environment) if isinstance(environment, str) else None,
        )


def _is_port(value: object) -> bool:
    return type(value) is int and 1 <= value <= 65535


def _is_name(value: str) -> bool:
    try:
        return bool(check_service(value))
    except PortdashError:
        return False


def _is_url(value: object) -> bool:
    if not isinstance(value, str) or not value.isprintable():
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in _SPOKEN and bool(parts.hostname)
