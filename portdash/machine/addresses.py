"""Addresses of this machine, as a person writes them, and whether a port can be bound on one of them."""

import errno
import socket
import sys
from ipaddress import IPv6Address, ip_address

from portdash.errors import UsageError
from portdash.machine.availability import IN_USE, NEEDS_PRIVILEGE, bind_error
from portdash.model.ports import IpProtocol
from portdash.text import clean

NOT_HERE = "no address of this machine"
LOCALHOST = ("127.0.0.1", "::1")


def read_address(text: str) -> tuple[str, ...]:
    """Return the IP addresses, in their usual form, that a person means: `localhost` is two. Raises UsageError."""
    plain = text.strip()
    if plain.casefold() == "localhost":
        return LOCALHOST
    if plain == "*":
        return ("::",)
    try:
        return (str(ip_address(plain.removeprefix("[").removesuffix("]"))),)
    except ValueError as error:
        raise UsageError(
            f"{clean(text, limit=60)!r} is no address",
            hint="write an IP address such as 127.0.0.1, ::1 or 0.0.0.0, or localhost",
        ) from error


def bind_error_on(protocol: IpProtocol, address: str, port: int) -> str | None:
    """Bind `port` on one address for an instant, never listening; return the refusal, None when it is free there.

    Raises PortdashError when the kernel's answer says nothing about the port.
    """
    is_v6 = isinstance(ip_address(address), IPv6Address)
    kind = socket.SOCK_STREAM if protocol is IpProtocol.TCP else socket.SOCK_DGRAM
    try:
        with socket.socket(socket.AF_INET6 if is_v6 else socket.AF_INET, kind) as probe:
            if protocol is IpProtocol.TCP and sys.platform != "win32":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if is_v6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if address == "::" else 1)
            probe.bind((address, port))
    except OSError as error:
        if error.errno in (errno.EADDRINUSE, 10048):
            return IN_USE
        if error.errno in (errno.EACCES, errno.EPERM, 10013):
            return NEEDS_PRIVILEGE
        if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EINVAL, 10049, 10047):
            return NOT_HERE
        return bind_error(protocol, port)  # which says what is wrong
    return None
