"""That a store is closed, for the threads that wait on it."""

import contextlib
import os
import threading
from collections.abc import Iterator


class Closing:
    """Set once and for ever. Where there are eventfds, a thread can wait for it and for a file at the same time."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._files: set[int] = set()
        self.is_set = self._event.is_set
        self.wait = self._event.wait

    def set(self) -> None:
        """Wake whoever waits."""
        with self._lock:
            self._event.set()
            for file in self._files:
                os.eventfd_write(file, 1)

    @contextlib.contextmanager
    def readable(self) -> Iterator[int]:
        """Yield a descriptor that can be read once it is set."""
        with self._lock:
            made = os.eventfd(int(self._event.is_set()), os.EFD_CLOEXEC | os.EFD_NONBLOCK)
            self._files.add(made)
        try:
            yield made
        finally:
            with self._lock:
                self._files.remove(made)
                os.close(made)
