"""Keeping a port between the choice and the server's own bind: a socket that is bound and never listens.

The kernel gives a bound port to no outgoing connection and to nobody who asks for any port, while a server that sets
SO_REUSEADDR, as nearly all do, binds and listens over it. One that does not meets it as `address already in use`: then
the hold has to be dropped. It keeps no other SO_REUSEADDR server away; between services, the store decides.
"""

import errno
import socket
import sys
from types import TracebackType
from typing import Self

_NO_SUCH_FAMILY = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT)


class Hold:
    """A TCP port that is kept until it is dropped. Ends with the process at the latest; no child inherits it."""

    def __init__(self, port: int, kept: socket.socket) -> None:
        self.port = port
        self._socket: socket.socket | None = kept

    @property
    def is_kept(self) -> bool:
        """Whether it still keeps the port."""
        return self._socket is not None

    def drop(self) -> None:
        """Let go of the port; dropping twice is fine."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.drop()


def hold_port(port: int, *, platform: str = sys.platform) -> Hold | None:
    """Keep a TCP port; None where the system has no such thing. Raises OSError when it is taken."""
    if platform != "linux":  # elsewhere a bound socket keeps the server itself away, or keeps nobody away
        return None
    try:
        return Hold(port, _bound(socket.AF_INET6, "::", port))
    except OSError as error:
        if error.errno not in _NO_SUCH_FAMILY:
            raise
    return Hold(port, _bound(socket.AF_INET, "0.0.0.0", port))  # noqa: S104 (it never listens)


def listening(port: int, *, host: str = "127.0.0.1") -> socket.socket:
    """Return a listening TCP socket to be handed to a child, so that there is no gap at all. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":  # there it would let two servers share the port
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(socket.SOMAXCONN)
    except BaseException:
        made.close()
        raise
    return made


def keeps_away(port: int, *, platform: str = sys.platform) -> bool:
    """Say whether a server that sets no SO_REUSEADDR cannot have a TCP port now, be it for connections that linger."""
    places = ((socket.AF_INET6, "::"), (socket.AF_INET, "0.0.0.0"))  # noqa: S104 (it never listens)
    for family, address in places if platform == "linux" else (*places, (socket.AF_INET, "127.0.0.1")):
        try:
            _bound(family, address, port, shares=False).close()
        except OSError as error:
            if error.errno not in _NO_SUCH_FAMILY:
                return True
    return False


def _bound(family: socket.AddressFamily, address: str, port: int, *, shares: bool = True) -> socket.socket:
    kept = socket.socket(family, socket.SOCK_STREAM)
    try:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, shares)
        if family == socket.AF_INET6:
            kept.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        kept.bind((address, port))
    except BaseException:
        kept.close()
        raise
    return kept
