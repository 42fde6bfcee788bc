"""How much of what a client sent its server has not read, as the kernel's socket table says it. See sock_diag(7)."""

from __future__ import annotations

import socket
import struct
import sys

from portdash.machine.diag_messages import HEADER, SEQUENCE, SOCK_DIAG_BY_FAMILY

_REQUEST = struct.Struct("=IHHII BBBBI 2s2s16s16sI8s")
"""nlmsghdr, then inet_diag_req_v2: family, protocol, extensions, padding, states, and one particular socket."""
_WAITING = struct.Struct("=I")
_WAITING_AT = HEADER.size + 4 + 48 + 4
"""After family, state, timer and retransmits, the socket's id, and when the timer expires."""
_NETLINK_SOCK_DIAG = 4
_NLM_F_REQUEST = 1
_ALL_STATES = 0xFFFFFFFF
_NO_COOKIE = b"\xff" * 8
_PATIENCE = struct.pack("@ll", 0, 100_000)
_BUFFER = 4096


def unread_bytes(reader: object, sender: object) -> int | None:
    """Return the bytes that wait to be read at one end of a TCP connection of this machine; a fifth of a millisecond.

    The arguments are the addresses of both ends, as `getsockname` gives them. None where that cannot be known: the
    reader is on another machine, in another network namespace, or the system is not Linux.
    """
    near, far = _end(reader), _end(sender)
    if sys.platform != "linux" or near is None or far is None or near[0] != far[0]:
        return None
    (family, port, address), (_family, far_port, far_address) = near, far
    request = _REQUEST.pack(
        _REQUEST.size, SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, SEQUENCE, 0,
        family, socket.IPPROTO_TCP, 0, 0, _ALL_STATES,
        port, far_port, address, far_address, 0, _NO_COOKIE,
    )  # fmt: skip
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_SOCK_DIAG) as diag:
            diag.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _PATIENCE)
            diag.send(request)
            answer = diag.recv(_BUFFER)
    except OSError:  # refused, as in some sandboxes: then nothing is known
        return None
    if len(answer) < _WAITING_AT + _WAITING.size or HEADER.unpack_from(answer)[1] != SOCK_DIAG_BY_FAMILY:
        return None
    return int(_WAITING.unpack_from(answer, _WAITING_AT)[0])


def _end(address: object) -> tuple[int, bytes, bytes] | None:
    """Return family, port and packed address, as the kernel writes them."""
    match address:
        case (str(host), int(port), *_):
            pass
        case _:
            return None
    host = host.partition("%")[0]
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        packed = socket.inet_pton(family, host)
    except OSError:
        return None
    return family, port.to_bytes(2, "big"), packed.ljust(16, b"\0")
