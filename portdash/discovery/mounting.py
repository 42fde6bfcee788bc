"""`port://api/...` for any httpx client: which service is asked stands in the URL."""

from __future__ import annotations

from typing import Unpack

import httpx

from portdash.discovery.async_transport import AsyncFailoverTransport
from portdash.discovery.options import Options, check_options
from portdash.discovery.transport import FailoverTransport
from portdash.forks import ForkLock

SCHEME = "port://"


class PortTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Sends a request to the service that its URL names as host; each gets a transport at its first request."""

    def __init__(self, **options: Unpack[Options]) -> None:
        check_options(options)
        self._options = options
        self._lock = ForkLock()
        self._sync: dict[str, FailoverTransport] = {}
        self._async: dict[str, AsyncFailoverTransport] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer of an instance. Raises httpx.TransportError, and UsageError for a name that is none."""
        with self._lock:
            host = request.url.host
            transport = self._sync.get(host) or self._sync.setdefault(host, FailoverTransport(host, **self._options))
        return transport.handle_request(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer of an instance. Raises httpx.TransportError, and UsageError for a name that is none."""
        host, known = request.url.host, self._async
        transport = known.get(host) or known.setdefault(host, AsyncFailoverTransport(host, **self._options))
        return await transport.handle_async_request(request)

    def close(self) -> None:
        """Close all connections."""
        for transport in self._sync.values():
            transport.close()

    async def aclose(self) -> None:
        """Close all connections."""
        for transport in self._async.values():
            await transport.aclose()


def mounts(**options: Unpack[Options]) -> dict[str, PortTransport]:
    """Return what `httpx.Client(mounts=portdash.mounts())` and AsyncClient need to know `port://NAME/path`.

    The options are those of a client, for every service alike. Raises UsageError for one that is none.
    """
    return {SCHEME: PortTransport(**options)}
