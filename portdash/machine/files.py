"""Reading small files that strangers wrote: never a pipe, never a device, never more than asked for."""

import os
import stat


def read_small(path: str | os.PathLike[str], *, limit: int = 64 * 1024) -> bytes | None:
    """Return at most `limit` bytes of a regular file, None when it is not one or may not be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except (OSError, ValueError):  # ValueError: a NUL byte in the path
        return None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        return read_open(descriptor, limit)
    except OSError:
        return None
    finally:
        os.close(descriptor)


def read_open(descriptor: int, limit: int) -> bytes:
    """Return what is left of an open file, at most `limit` bytes: one read of a file in /proc may be short."""
    pieces = []
    while limit > 0 and (piece := os.read(descriptor, limit)):
        pieces.append(piece)
        limit -= len(piece)
    return b"".join(pieces)
