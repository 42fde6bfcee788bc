"""Ports below the range for outgoing connections, a share of them for each worker of a test run.

Two workers that look for a free port at one moment would find the same one, and a port that one has just freed would
be taken by the other.
"""

import itertools
import os
import socket

_FIRST, _SHARE, _SHARES = 20_011, 1_300, 9
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_BEGIN = _FIRST + WORKER % _SHARES * _SHARE
_ports = itertools.cycle(range(_BEGIN, _BEGIN + _SHARE))
for _ in range(os.getpid() % _SHARE):  # two test runs at a time do not begin at the same port
    next(_ports)


def own_port() -> int:
    """Return a port that nobody has at any address, another one at each call."""
    for port in itertools.islice(_ports, _SHARE):
        with socket.socket(socket.AF_INET6) as probe:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            try:
                probe.bind(("::", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")
