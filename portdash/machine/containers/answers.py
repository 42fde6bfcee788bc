"""What an engine's answers hold of use, decoded strictly: docker and podman, whatever their version.

Paths have no version: engines refuse those too old or too new for them, and take an unversioned one as their own.
"""

import os
from collections.abc import Iterator
from typing import Annotated, NamedTuple, TypeVar

import msgspec

from portdash.machine.containers.seen import Publication, Seen
from portdash.machine.containers.talking import Answer, EngineError, Trouble
from portdash.model.listener import Container
from portdash.model.ports import IpProtocol
from portdash.text import clean

LIST = "/containers/json?all=1"
"""Path of the list of all containers, running or not; newest first."""

Id = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{12,64}$")]
_Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
_PROTOCOLS = {each.value: each for each in IpProtocol}
_PUBLISHING = frozenset(("running", "paused"))
_LEAVING = frozenset(("dead", "removing"))


class _Listed(msgspec.Struct, rename="pascal"):
    id: Id
    names: list[str] | None = None
    image: str = ""
    state: str = ""
    status: str = ""
    labels: dict[str, str] | None = None
    ports: "list[_ListedPort] | None" = None


class _ListedPort(msgspec.Struct, rename="pascal"):
    ip: str = msgspec.field(name="IP", default="")
    public_port: _Port = 0
    type: str = "tcp"


class _Binding(msgspec.Struct, rename="pascal"):
    host_ip: str | None = ""
    host_port: str | None = ""


class _Complaint(msgspec.Struct):
    message: str = ""


class _Policy(msgspec.Struct, rename="pascal"):
    name: str | None = ""


_Ports = dict[str, list[_Binding] | None] | None
"""Host ports by what they are inside, such as `80/tcp`."""


class _HostConfig(msgspec.Struct, rename="pascal"):
    port_bindings: _Ports = None
    restart_policy: _Policy | None = None
    network_mode: str = ""


class _State(msgspec.Struct, rename="pascal"):
    running: bool = False


class _Network(msgspec.Struct, rename="pascal"):
    ports: _Ports = None


class Inspected(msgspec.Struct, rename="pascal"):
    """One container in full."""

    id: Id
    host_config: _HostConfig = msgspec.field(default_factory=_HostConfig)
    state: _State = msgspec.field(default_factory=_State)
    network_settings: _Network = msgspec.field(default_factory=_Network)

    @property
    def reserved(self) -> tuple[Publication, ...]:
        """The ports it has whenever it runs; those that its engine chooses anew each time are none."""
        return tuple(_publications(self.host_config.port_bindings))

    def uses(self, protocol: IpProtocol, port: int) -> bool:
        """Say whether a port of this machine is one it publishes now, or may be as it has the machine's own network."""
        published = {(each.protocol, each.port) for each in _publications(self.network_settings.ports)}
        return self.host_config.network_mode == "host" or (protocol, port) in published

    @property
    def restarts(self) -> str:
        """Name of its restart policy, empty where it has none."""
        name = (self.host_config.restart_policy or _Policy()).name or ""
        return "" if name == "no" else clean(name)


def _publications(ports: _Ports) -> Iterator[Publication]:
    for inside, bindings in (ports or {}).items():
        protocol = _PROTOCOLS.get(inside.partition("/")[2] or "tcp")
        for binding in bindings or ():
            if protocol and binding.host_port and _is_port(binding.host_port):
                yield Publication(protocol, binding.host_ip or "", int(binding.host_port))


_Read = TypeVar("_Read")


class Listed(NamedTuple):
    """A container of the list, with what is not known of it yet."""

    seen: Seen
    is_stopped: bool
    """Its ports are not in the list, and have to be asked for."""


def read_list(answer: Answer) -> list[Listed]:
    """Return the containers of a list. Raises EngineError."""
    engine = engine_of(answer)
    return [
        _listed(each, engine) for each in read_answer(answer, list[_Listed]) if each.state.casefold() not in _LEAVING
    ]


def engine_of(answer: Answer) -> str:
    """Return `docker` or `podman`."""
    return "podman" if answer.server.startswith("Libpod") else "docker"


def read_answer(answer: Answer, kind: type[_Read]) -> _Read:
    """Return the document of an answer. Raises EngineError."""
    if answer.status != 200:
        raise EngineError(Trouble.NONSENSE, f"it answers {answer.status}")
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise EngineError(Trouble.NONSENSE, "its answer is not what engines answer") from error


def complaint(answer: Answer) -> str:
    """Return what an engine says of its refusal, cleaned; its status where it says nothing."""
    try:
        said = msgspec.json.decode(answer.body, type=_Complaint).message
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        said = ""
    return clean(said or f"it answers {answer.status}")


def _listed(each: _Listed, engine: str) -> Listed:
    labels = each.labels or {}
    running = each.state.casefold() in _PUBLISHING
    container = Container(
        id=each.id,
        name=clean((each.names or [""])[0].lstrip("/")) or each.id[:12],
        engine=engine,
        compose_project=_label(labels, "com.docker.compose.project"),
        compose_service=_label(labels, "com.docker.compose.service"),
        directory=_directory(labels),
        image=clean(each.image) or None,
        health=_health(each.status) if running else None,
        running=running,
    )
    publications = dict.fromkeys(
        Publication(_PROTOCOLS[port.type], port.ip, port.public_port)
        for port in each.ports or ()
        if port.public_port and port.type in _PROTOCOLS
    )
    return Listed(Seen(container, tuple(publications) if running else ()), not running)


def _label(labels: dict[str, str], name: str) -> str | None:
    return clean(labels[name]) if labels.get(name) else None


def _directory(labels: dict[str, str]) -> str | None:
    """Return where its project is: of compose, else of the editor that made it as a place to work in.

    Links are followed, as in the working directories it is compared with.
    """
    for name in ("com.docker.compose.project.working_dir", "devcontainer.local_folder"):
        path = labels.get(name, "")
        if path.startswith("/") and "\0" not in path:
            return os.path.realpath(path)
    return None


def _health(status: str) -> str | None:
    """Return `healthy`, `unhealthy` or `starting` from `Up 4 seconds (healthy)`; only the list itself has it so."""
    word = status.rpartition("(")[2].removesuffix(")").removeprefix("health: ")
    return word if word in ("healthy", "unhealthy", "starting") else None


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) <= 65535
