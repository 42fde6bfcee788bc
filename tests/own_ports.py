"""Ports below the range for outgoing connections, a share of them for each worker of a test run.

Two workers that look for a free port at one moment would find the same one, and a port that one has just freed would
be taken by the other.
"""

import itertools
import os
import socket

_FIRST, _SHARE, _SHARES = 20_011, 1_300, 9
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_ports = itertools.cycle(range(_FIRST + WORKER % _SHARES * _SHARE, _FIRST + (WORKER % _SHARES + 1) * _SHARE))


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
