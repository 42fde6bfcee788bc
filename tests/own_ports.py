"""Ports below the range for outgoing connections, a share of them for each process that runs tests.

Two that look for a free port at one moment would find the same one, and a port that one has just freed would be taken
by the other: workers of one test run, and those of another run on this machine.
"""

import fcntl
import functools
import itertools
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

_SHARES = 16
_FIRST, _EACH = 20_011, 700
_FIRST_BASE, _BASES, _WIDTH = 10_200, 30, 20
_held: list[int] = []
"""Locks are held until the process ends."""


def own_port() -> int:
    """Return a port that nobody has at any address, another one at each call."""
    for port in itertools.islice(_ports(), _EACH):
        with socket.socket(socket.AF_INET6) as probe:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            try:
                probe.bind(("::", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")


def own_base() -> int:
    """Return the first of twenty ports in a row, others at each call, from which a search for a free one may begin."""
    return next(_bases())


@functools.cache
def _ports() -> Iterator[int]:
    begin = _FIRST + _share() * _EACH
    return itertools.cycle(range(begin, begin + _EACH))


@functools.cache
def _bases() -> Iterator[int]:
    begin = _FIRST_BASE + _share() * _BASES * _WIDTH
    return itertools.cycle(range(begin, begin + _BASES * _WIDTH, _WIDTH))


@functools.cache
def _share() -> int:
    """Return the number of a share that no other process has; where all are had, one that others have as well."""
    for share in range(_SHARES):
        path = Path(tempfile.gettempdir()) / f"portdash-test-ports-{os.getuid()}-{share}.lock"
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        _held.append(lock)
        return share
    return os.getpid() % _SHARES
