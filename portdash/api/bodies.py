"""What may be asked in a body, read strictly: a number is a whole number, and what nobody knows is refused."""

from __future__ import annotations

import json
from typing import Annotated, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from portdash.api.problems import BadRequest
from portdash.model.plan import Strategy
from portdash.model.ports import IpProtocol

Port = Annotated[int, Meta(ge=1, le=65535)]
_INSTANCE = r"[A-Za-z][A-Za-z0-9._-]{0,62}(@([2-9]|[1-9][0-9]{1,2}))?"
Name = Annotated[str, Meta(pattern=rf"^([A-Za-z0-9][A-Za-z0-9._-]{{0,62}}(~[0-9a-f]{{4}})?/)?{_INSTANCE}$")]
"""A service, also one of another workspace: `web`, `web@2`, `shop/web`."""
Word = Annotated[str, Meta(min_length=1, max_length=63)]
Line = Annotated[str, Meta(max_length=200)]
Ports = Annotated[list[Port], Meta(max_length=64)]

B = TypeVar("B", bound="Body")


class Body(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of a request."""


class AllocateBody(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A port for one service, by name and wishes; `service_name`, `service_type` and `preferred_port` are read, too."""

    name: Name | UnsetType = UNSET
    """May be qualified, as in `shop/web`."""
    service_name: Name | UnsetType = UNSET
    type: Word | UnsetType = UNSET
    service_type: Word | UnsetType = UNSET
    preferred: Port | Ports | UnsetType = UNSET
    preferred_port: Port | UnsetType = UNSET
    base: Port | UnsetType = UNSET
    range: Annotated[list[Port], Meta(min_length=2, max_length=2)] | UnsetType = UNSET
    """First and last port."""
    exclude: Ports | UnsetType = UNSET
    inherit_from: Annotated[str, Meta(pattern=f"^{_INSTANCE}$")] | UnsetType = UNSET
    purpose: Line | UnsetType = UNSET
    priority: Annotated[int, Meta(ge=1, le=99)] | UnsetType = UNSET
    pin: bool | UnsetType = UNSET
    protocol: IpProtocol | UnsetType = UNSET
    strategy: Strategy | None = None

    def wish(self) -> dict[str, object]:
        """Return what is said, in the words it was said in; empty lists say nothing."""
        said = {name: getattr(self, name) for name in self.__struct_fields__ if name != "strategy"}
        return {name: value for name, value in said.items() if value is not UNSET and value != []}


class ResolveBody(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The way out of conflicts: of one service, or of all."""

    service: Name | None = None
    strategy: Strategy | None = None
    dry_run: bool = False
    """Make the plan, and do nothing."""
    terminate: bool = False
    """Agree to end processes that are not portdash's; only where the server may."""


def read_body(raw: bytes, kind: type[B]) -> B:
    """Return a body as `kind`; nothing at all stands for an empty one. Raises BadRequest, which says what is wrong."""
    try:
        found = msgspec.json.decode(raw or b"{}", type=kind)
    except msgspec.ValidationError as error:
        raise BadRequest(str(error)) from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BadRequest("the body is no JSON document", hint="send one JSON object in UTF-8") from error
    json.loads(raw or b"{}", object_pairs_hook=_said_once)
    return found


def _said_once(pairs: list[tuple[str, object]]) -> None:
    """Raise BadRequest for a name that an object has twice, of which each reader may take another one."""
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise BadRequest("the body says something twice", hint="leave one of them out")
