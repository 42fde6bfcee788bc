"""A container as its engine describes it."""

from typing import NamedTuple

from portdash.model.listener import Container
from portdash.model.ports import IpProtocol


class Publication(NamedTuple):
    """A port of this machine that is a container's."""

    protocol: IpProtocol
    address: str
    """`0.0.0.0`, `::`, `127.0.0.1`, ...; empty for every address."""
    port: int


class Seen(NamedTuple):
    """A container and its ports."""

    container: Container
    publications: tuple[Publication, ...]
    """Those in force where it runs, else those that will be when it does."""
