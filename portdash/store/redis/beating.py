"""Keeping leases alive: a process that leases ports renews them for as long as it lives and keeps its store open."""

import logging
import threading
from collections.abc import Callable

from portdash.errors import StoreError
from portdash.model.assignment import Lease, ServiceKey
from portdash.model.history import Operation
from portdash.model.storage import Batch, DropLease, TakeLease

_log = logging.getLogger(__name__)


class Heart:
    """Renews each lease once in `every` seconds, until `stopped`; one that is over is let go.

    Its thread runs only while there is a lease, and does not keep the process alive. It keeps alive whatever `beat` is
    a method of: a lease is the process's, also when the program has dropped the store that it was taken through.
    """

    def __init__(self, *, every: float, stopped: threading.Event) -> None:
        self._every = every
        self._stopped = stopped
        self._guard = threading.Lock()
        self._leases: dict[ServiceKey, Lease] = {}
        self._thread: threading.Thread | None = None

    def follow(self, batch: Batch, operation: Operation, beat: Callable[[Lease], bool]) -> None:
        """Take note of the leases that a stored batch began and ended; `beat` renews one, or says that it is over."""
        with self._guard:
            for op in batch.ops:
                if isinstance(op, TakeLease):
                    self._leases[op.lease.key] = op.lease
                elif isinstance(op, DropLease):
                    self._leases.pop(op.key, None)
            for change in operation.changes:
                if change.after is None:
                    self._leases.pop(change.key, None)
            if self._leases and self._thread is None:
                self._thread = threading.Thread(target=self._run, args=(beat,), name="portdash-heartbeat", daemon=True)
                self._thread.start()

    def _run(self, beat: Callable[[Lease], bool]) -> None:
        while not self._stopped.wait(self._every):
            for lease in self._held():
                if not _is_alive(lease, beat):
                    self._let_go(lease)
            with self._guard:
                if not self._leases:
                    self._thread = None
                    return

    def _held(self) -> tuple[Lease, ...]:
        with self._guard:
            return tuple(self._leases.values())

    def _let_go(self, lease: Lease) -> None:
        with self._guard:
            if self._leases.get(lease.key) == lease:
                del self._leases[lease.key]


def _is_alive(lease: Lease, beat: Callable[[Lease], bool]) -> bool:
    try:
        return beat(lease)
    except StoreError as error:  # the server is away: what becomes of the lease shows when it is back
        _log.debug("no heartbeat: %s", error.message)
        return True
