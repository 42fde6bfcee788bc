"""The first look, taken while Textual is loaded: much of it is the kernel's work, and the table is there sooner."""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread

from portdash.model.snapshot import Snapshot


class LookAhead:
    """Looks once, in a thread that keeps nobody from quitting. `take` returns or raises what came of it."""

    def __init__(self, look: Callable[[], Snapshot]) -> None:
        self._look = look
        self._seen: Future[Snapshot] = Future()
        Thread(target=self._run, name="portdash-first-look", daemon=True).start()

    def _run(self) -> None:
        try:
            self._seen.set_result(self._look())
        except Exception as error:  # noqa: BLE001  it is raised again where the look is wanted
            self._seen.set_exception(error)

    def take(self) -> Snapshot:
        """Wait for it."""
        return self._seen.result()
