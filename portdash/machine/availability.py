"""Is this port free? Asked of the kernel, by a bind that lasts an instant: never a listen, never a connect.

On Linux one bind of the IPv6 wildcard that answers IPv4 too sees every listener on any address. SO_REUSEADDR is set for
TCP, as nearly all servers do, so that connections of a server that has ended are not in the way.
"""

import _socket as socket  # without the enumerations of the module above it, which cost more than a dozen binds
import errno
import sys
from contextlib import closing

from portdash.errors import PortdashError
from portdash.model.ports import IpProtocol, check_port

IN_USE = "in use"
NEEDS_PRIVILEGE = "needs a privilege"
RESERVED = "reserved by the system"

_NO_SUCH_FAMILY = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT)
_IN_USE = frozenset((errno.EADDRINUSE, 10048))
_SO_EXCLUSIVEADDRUSE = ~socket.SO_REUSEADDR
"""As Windows defines it; the socket module has the name on Windows only."""
_DENIED = frozenset((errno.EACCES, errno.EPERM, 10013))


def bind_error(protocol: IpProtocol, port: int, *, platform: str = sys.platform) -> str | None:
    """Bind `port` on every local address for an instant; return the kernel's refusal, None when it is free.

    Raises InvalidPort, or PortdashError when the kernel's answer says nothing about the port.
    """
    check_port(port)
    bound, missing = 0, OSError(errno.EAFNOSUPPORT, "no internet protocol is set up")
    for family, address in _places(platform):
        try:
            _bind(protocol, family, address, port, platform)
        except OSError as error:
            if error.errno not in _NO_SUCH_FAMILY:
                return _refusal(error, protocol, port, platform)
            missing = error
            continue
        bound += 1
        if platform == "linux":
            break  # the first that could be bound stands for all
    if not bound:
        raise _puzzled(missing, protocol, port) from missing
    return None


def _places(platform: str) -> tuple[tuple[int, str], ...]:
    """Return the addresses to try: elsewhere than on Linux a wildcard may be bound beside a listener on one address."""
    wildcards = ((socket.AF_INET6, "::"), (socket.AF_INET, "0.0.0.0"))  # noqa: S104 (it never listens)
    if platform == "linux":
        return wildcards
    return (*wildcards, (socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))


def _bind(protocol: IpProtocol, family: int, address: str, port: int, platform: str) -> None:
    kind = socket.SOCK_STREAM if protocol is IpProtocol.TCP else socket.SOCK_DGRAM
    with closing(socket.socket(family, kind)) as probe:
        if platform == "win32":  # SO_REUSEADDR would let two servers share the port there
            probe.setsockopt(socket.SOL_SOCKET, _SO_EXCLUSIVEADDRUSE, 1)
        elif protocol is IpProtocol.TCP:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if platform == "linux" else 1)
        probe.bind((address, port))


def _refusal(error: OSError, protocol: IpProtocol, port: int, platform: str) -> str:
    if error.errno in _IN_USE:
        return IN_USE
    if error.errno in _DENIED:
        return RESERVED if platform == "win32" else NEEDS_PRIVILEGE
    raise _puzzled(error, protocol, port) from error


def _puzzled(error: OSError, protocol: IpProtocol, port: int) -> PortdashError:
    hint = "check that IPv4 or IPv6 is set up: `ip address show lo`"
    if error.errno in (errno.EMFILE, errno.ENFILE):
        hint = "too many files are open: raise `ulimit -n`, or close something"
    reason = error.strerror or str(error)
    return PortdashError(f"whether {protocol} port {port} is free cannot be told: {reason}", hint=hint)
