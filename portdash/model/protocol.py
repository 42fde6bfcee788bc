"""The two protocols that have ports here. A module of its own: `portdash get` needs no more of ports than this."""

from enum import StrEnum


class IpProtocol(StrEnum):
    """The transport a port belongs to; TCP 53 and UDP 53 are two ports."""

    TCP = "tcp"
    UDP = "udp"
