"""What is known of a container from the process that holds its port, where no engine tells more."""

import os
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from portdash.machine.procfs import PROC, read, real_uid
from portdash.model.carriers import is_carrier
from portdash.model.listener import Container, Listener
from portdash.model.ports import IpProtocol
from portdash.text import clean

_ONLY_CARRIERS = {"docker-proxy": "docker", "conmon": "podman", "rootlessport": "podman"}
"""Those that hold nothing but published ports, and the engine whose they are."""
_PROXY = "docker-proxy"
_LONGEST = 4096


class Forward(NamedTuple):
    """What docker-proxy's command line says: which port it holds, and where it sends what comes."""

    protocol: IpProtocol
    address: str
    port: int
    target: str
    """`172.17.0.2:80`."""


def may_carry(listener: Listener) -> bool:
    """Say whether a listener's process may hold the port for a container; a hidden one may if it is root's."""
    if listener.owner is None:
        return listener.user in (None, "root")
    return is_carrier(listener.owner.name or "")


def told_by_owner(listener: Listener) -> Container | None:
    """Return the container that the process which holds its port tells of, None where it may be no container's."""
    owner = listener.owner
    engine = _ONLY_CARRIERS.get((owner.name or "").casefold()) if owner else None
    if engine is None or owner is None:
        return None
    command = owner.command or ()
    if forward := read_proxy(command):
        return told_by(forward)
    options = _options(command)
    if "-c" in options and options["-c"].isalnum():  # conmon has the id and the name
        return Container(id="", name=options.get("-n") or options["-c"][:12], engine=engine)
    return Container(id="", name="unnamed container", engine=engine)


def told_by(forward: Forward) -> Container:
    """Return what is known of a container from its proxy alone: where it is in the engine's network."""
    return Container(id="", name=f"container at {forward.target}")


def read_proxy(command: Sequence[str]) -> Forward | None:
    """Return what a docker-proxy's arguments say, None when they are none of a docker-proxy."""
    if not command or command[0].rpartition("/")[2] != _PROXY:
        return None
    options = _options(command)
    port, target = options.get("-host-port", ""), options.get("-container-port", "")
    if not (port.isdigit() and target.isdigit() and options.get("-proto") in ("tcp", "udp")):
        return None
    inside = options.get("-container-ip", "?")
    host = f"[{inside}]" if ":" in inside else inside
    return Forward(IpProtocol(options["-proto"]), options.get("-host-ip", ""), int(port), f"{host}:{target}")


def running_proxies(*, proc: str = PROC) -> Iterator[Forward]:
    """Yield what every docker-proxy says that root runs: whose sockets they hold is hidden from other users."""
    try:
        names = os.listdir(proc)  # noqa: PTH208  thousands of names, and no more than that
    except OSError:
        return
    for name in names:
        if name.isdigit() and (read(f"{proc}/{name}/comm", 32) or b"").strip() == _PROXY.encode():
            command = (read(f"{proc}/{name}/cmdline", _LONGEST) or b"").split(b"\0")
            forward = read_proxy([clean(each) for each in command])
            if forward and real_uid(int(name), proc=proc) == 0:
                yield forward


def _options(command: Sequence[str]) -> dict[str, str]:
    """Return each argument with the one after it, where that is no option."""
    return {word: value for word, value in pairwise(command) if word.startswith("-")}
