"""The thread that waits for the store, asleep, so that what another process changes is looked at within the second."""

from collections.abc import Callable
from threading import Event, Thread

from portdash.dashboard.desk import Desk
from portdash.errors import PortdashError

TURN = 5.0
"""Seconds for which the store is waited for at a time; it is also how long the thread may outlive its use."""


class StoreWatch:
    """Calls `changed` once when the store has another revision than was last expected, then waits for a new one.

    `expect` and `stop` may be called anywhere. While the store cannot be waited for, each `expect` is one attempt.
    """

    def __init__(self, desk: Desk, changed: Callable[[], object]) -> None:
        self._desk = desk
        self._changed = changed
        self._revision: int | None = None
        self._told = Event()
        self._stopped = Event()

    def start(self) -> None:
        """Begin, in a thread that keeps nobody from quitting."""
        Thread(target=self._run, name="portdash-store", daemon=True).start()

    def expect(self, revision: int) -> None:
        """Say which revision has been seen."""
        self._revision = revision
        self._told.set()

    def stop(self) -> None:
        """Call nobody from now on."""
        self._stopped.set()
        self._told.set()

    def _run(self) -> None:
        while not self._stopped.is_set():  # asked after each clear, which may have wiped out what `stop` has set
            self._told.wait()
            if self._stopped.is_set():
                return
            revision = self._revision
            assert revision is not None
            try:
                has_changed = self._desk.wait_for_change(revision, TURN)
            except PortdashError:
                # The next look says what is wrong with the store, or that all is well again.
                self._told.clear()
                continue
            if has_changed and revision == self._revision:
                self._told.clear()
                self._changed()
