"""Clients by workspace: each project's own server of a service, one client for each."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from portdash.discovery.checking import check_kind
from portdash.discovery.client import Client
from portdash.forks import ForkLock
from portdash.model.names import split_qualified


class Workspaces:
    """Keeps a client of `service` for each workspace, and gives the same one as long as an instance may be asked.

        Workspaces("api").client("shop").get("/users")

    The options are those of `Client`; with `start`, a workspace that has no instance gets one. Safe for any number of
    threads: while one looks for instances in a workspace, the others wait for it only there.
    """

    def __init__(self, service: str, **options: Any) -> None:  # noqa: ANN401  what `Client` takes
        split_qualified(service)
        self._service = service
        self._options = options
        self._lock = ForkLock()
        self._seats: dict[str, _Seat] = {}

    def client(self, workspace: str) -> Client:
        """Return the client of a workspace; a new one looks first. Raises NoInstances and StoreError.

        One that had instances and has none any more is closed, and a new one takes its place.
        """
        check_kind("workspace", workspace)
        while True:
            with self._lock:
                seat = self._seats.get(workspace) or self._seats.setdefault(workspace, _Seat())
            with seat.lock:
                if seat.is_given_up:
                    continue
                try:
                    return self._settle(seat, workspace)
                finally:
                    if seat.client is None:
                        self._give_up(seat, workspace)

    def close(self) -> None:
        """Close all clients, each once nobody looks for its instances any more."""
        with self._lock:
            seats, self._seats = self._seats, {}
        for seat in seats.values():
            with seat.lock:
                seat.is_given_up = True
                seat.close()

    def _give_up(self, seat: _Seat, workspace: str) -> None:
        """Keep nothing of a workspace that never had an instance: its name may be anything that somebody has said."""
        seat.is_given_up = True
        with self._lock:
            if self._seats.get(workspace) is seat:
                del self._seats[workspace]

    def _settle(self, seat: _Seat, workspace: str) -> Client:
        if seat.client is not None and seat.client.healthy:
            return seat.client
        client = Client(self._service, workspace=workspace, **self._options)
        try:
            client.discover()
        except BaseException:
            client.close()
            raise
        seat.close()
        seat.client = client
        return client

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Seat:
    """The place of the client of one workspace; whoever changes it holds its lock."""

    def __init__(self) -> None:
        self.lock = ForkLock()
        self.client: Client | None = None
        self.is_given_up = False
        """Who waited for the lock takes another."""

    def close(self) -> None:
        """Close the client, where there is one."""
        if self.client is not None:
            self.client.close()
            self.client = None
