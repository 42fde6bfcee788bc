"""Docker's contexts: which engine the user has chosen for the docker client."""

from hashlib import sha256
from typing import NamedTuple, TypeVar

import msgspec

from portdash.machine.files import read_small

_LARGEST = 1024 * 1024


class Context(NamedTuple):
    """A context and the URL of its engine, both as they stand."""

    name: str
    host: str


class _Settings(msgspec.Struct, rename="camel"):
    current_context: str = ""


class _Endpoint(msgspec.Struct, rename="pascal"):
    host: str = ""


class _Endpoints(msgspec.Struct):
    docker: _Endpoint = msgspec.field(default_factory=_Endpoint)


class _Meta(msgspec.Struct, rename="pascal"):
    endpoints: _Endpoints = msgspec.field(default_factory=_Endpoints)


_Read = TypeVar("_Read", bound=msgspec.Struct)


def current_context(directory: str, name: str | None) -> Context | None:
    """Return the context `name`, else the one chosen in docker's `directory`; None for docker's own default.

    A context that is not there, or cannot be read, is none: docker's client itself complains of it.
    """
    name = name or _decoded(f"{directory}/config.json", _Settings).current_context
    if name in ("", "default"):
        return None
    digest = sha256(name.encode("utf-8", "surrogateescape")).hexdigest()
    host = _decoded(f"{directory}/contexts/meta/{digest}/meta.json", _Meta).endpoints.docker.host
    return Context(name, host) if host else None


def _decoded(path: str, kind: type[_Read]) -> _Read:
    data = read_small(path, limit=_LARGEST)
    try:
        return msgspec.json.decode(data or b"{}", type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return kind()
