"""The sockets that a server of the API listens on: loopback alone, and a Unix socket for its own user alone."""

from __future__ import annotations

import errno
import os
import socket
import stat
import struct
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from portdash.errors import PortdashError, Refused, StoreBusy, UsageError
from portdash.store.locking import lock_file
from portdash.text import clean

NAME = "portdash.sock"
"""The Unix socket's name in the runtime directory."""
LOCK = ".lock"
"""Ends the name of the file that is locked for as long as a server lives; it is never removed."""
BACKLOG = 128
_LONGEST = 100
"""Bytes of a Unix socket's path that every system takes."""
_PATIENCE = 0.5
"""Seconds to wait for the lock: one that has just been let go may be passed on by who gave up waiting for it."""
_ANSWER = 1.0
"""Seconds for somebody to answer on a socket that is there already."""


class AlreadyServing(PortdashError):
    """Another server is there."""

    code = "already_serving"
    default_hint = "use that one, end it, or serve on another path with --uds"


def has_unix_sockets() -> bool:
    """Say whether this system has them."""
    return hasattr(socket, "AF_UNIX")


@contextmanager
def unix_socket(path: Path) -> Iterator[socket.socket]:
    """Listen on `path`, for nobody else, until the block ends; what a crashed server left there is replaced.

    Raises AlreadyServing while somebody answers there, UsageError for a path that no socket can have, Refused.
    """
    if len(os.fsencode(path)) > _LONGEST:
        raise UsageError(f"{clean(str(path))} is too long for a socket", hint="name a shorter path with --uds")
    _make_directory(path.parent)
    with ExitStack() as stack:
        try:
            stack.enter_context(lock_file(f"{path}{LOCK}", patience=_PATIENCE, store=str(path)))
        except StoreBusy as error:
            raise AlreadyServing(f"another portdash serves on {clean(str(path))}") from error
        _clear(path)
        sock = stack.enter_context(_bound(path))
        stack.callback(_remove, path, path.lstat().st_ino)
        sock.listen(BACKLOG)
        yield sock


def loopback_sockets(port: int) -> list[socket.socket]:
    """Listen on 127.0.0.1 and, where there is one, ::1. Raises Refused."""
    found = [_tcp(socket.AF_INET, "127.0.0.1", port)]
    if socket.has_ipv6:
        try:
            found.append(_tcp(socket.AF_INET6, "::1", port))
        except Refused as error:
            if not isinstance(error.__cause__, OSError) or error.__cause__.errno == errno.EADDRINUSE:
                found[0].close()
                raise
    return found


def is_own_peer(sock: socket.socket) -> bool:
    """Say whether who connected is our own user or root; true where the system does not tell, and for TCP."""
    if sys.platform != "linux" or sock.family != socket.AF_UNIX:
        return True
    _, uid, _ = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return uid in (0, os.geteuid())


def _make_directory(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = directory.stat()
    except OSError as error:
        raise _impossible(f"no socket can be made in {clean(str(directory))}", error) from error
    others_write = found.st_mode & 0o022 and not found.st_mode & stat.S_ISVTX
    if others_write:
        raise Refused(
            f"others may write in {clean(str(directory))}, and could put a socket of theirs there",
            hint="name a path in a directory of your own with --uds",
        )


def _clear(path: Path) -> None:
    """Remove a socket on which nobody answers. Raises AlreadyServing, and Refused for anything else that is there."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise Refused(f"{clean(str(path))} is there, and is no socket", hint="name another path with --uds")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_ANSWER)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except OSError as error:
            raise AlreadyServing(f"somebody holds {clean(str(path))}: {error.strerror or error}") from error
    raise AlreadyServing(f"somebody answers on {clean(str(path))}")


def _remove(path: Path, inode: int) -> None:
    """Remove our socket, and not what somebody has put in its place."""
    with suppress(OSError):
        if path.lstat().st_ino == inode:
            path.unlink()


def _bound(path: Path) -> socket.socket:
    """Return a socket bound at `path` that was never for anybody else, not for a moment."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        sock.bind(str(path))
    except OSError as error:
        sock.close()
        raise _impossible(f"no socket can be made at {clean(str(path))}", error) from error
    finally:
        os.umask(before)
    return sock


def _impossible(what: str, error: OSError) -> Refused:
    return Refused(f"{what}: {error.strerror}", hint="name a path in a directory of your own with --uds")


def _tcp(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    # Named, because asyncio sends small answers at once only on what says that it is TCP.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name != "nt":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((address, port))
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise Refused(
            f"{address}:{port} cannot be served on: {error.strerror}", hint=f"`portdash who {port}` says who has it"
        ) from error
    return sock
