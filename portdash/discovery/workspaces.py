"""Clients by workspace: each project's own server of a service, one client for each."""

from __future__ import annotations

from threading import Lock
from types import TracebackType
from typing import Any, Self

from portdash.discovery.client import Client


class Workspaces:
    """Keeps a client of `service` for each workspace, and gives the same one as long as an instance may be asked.

        Workspaces("api").client("shop").get("/users")

    The options are those of `Client`; with `start`, a workspace that has no instance gets one. Safe for any number of
    threads.
    """

    def __init__(self, service: str, **options: Any) -> None:  # noqa: ANN401  what `Client` takes
        self._service = service
        self._options = options
        self._lock = Lock()
        self._clients: dict[str, Client] = {}

    def client(self, workspace: str) -> Client:
        """Return the client of a workspace; a new one looks first. Raises NoInstances and StoreError.

        One that had instances and has none any more is closed, and a new one takes its place.
        """
        with self._lock:
            known = self._clients.get(workspace)
            if known is not None and known.healthy:
                return known
            client = Client(self._service, workspace=workspace, **self._options)
            try:
                client.discover()
            except BaseException:
                client.close()
                raise
            if known is not None:
                known.close()
            self._clients[workspace] = client
            return client

    def close(self) -> None:
        """Close all clients."""
        with self._lock:
            while self._clients:
                self._clients.popitem()[1].close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
