"""Leaving when told to by SIGTERM, SIGHUP or SIGQUIT, even where nobody reads any more what is drawn.

Textual draws through a queue that has an end. While nobody reads the terminal (its window hangs, a multiplexer is
stopped), the queue is full, and the event loop waits in it for ever: what asyncio calls for a signal is never called.
Handlers of the interpreter are, for they run in the midst of such a wait.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from queue import Empty, SimpleQueue
from threading import Thread, current_thread, main_thread
from time import monotonic
from types import FrameType
from typing import Self

from portdash.dashboard.first_frame import ENDING

PATIENCE = 3.0
"""Seconds that leaving in order may take."""
BUSY_PATIENCE = 60.0
"""Seconds for which a plan that is being carried out is waited for: ending one process takes several."""


class Leaving:
    """A context in which a signal means to leave: in order, else, after a while, by ending the process.

    The exit code is 128 and the number of the signal either way. `is_busy` says whether a plan is being carried out,
    which is waited for; it is called in another thread.
    """

    def __init__(
        self, is_busy: Callable[[], bool], *, patience: float = PATIENCE, busy_patience: float = BUSY_PATIENCE
    ) -> None:
        self._is_busy = is_busy
        self._patience = patience
        self._busy_patience = busy_patience
        # The one queue that a signal handler may use: it may interrupt a thread that holds another queue's lock.
        self._told: SimpleQueue[int | None] = SimpleQueue()
        self._asked: int | None = None
        self._leave: Callable[[int], object] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._restore: Callable[[], None] = lambda: None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Take the signals over. Where this is not the first thread, they stay as they are."""
        if current_thread() is main_thread():
            self._restore = _terminal_restorer()
            for number in ENDING:
                self._stack.callback(signal.signal, number, signal.signal(number, self._signalled))
            Thread(target=self._see_to_it, name="portdash-leaving", daemon=True).start()
            self._stack.callback(self._told.put, None)
        return self

    def __exit__(self, *_exception: object) -> None:
        """Give the signals back: it was left in order."""
        self._stack.close()

    def attend(self, leave: Callable[[int], object]) -> None:
        """Have `leave` called with the exit code, in the running event loop, when there is a signal or was one."""
        self._loop, self._leave = asyncio.get_running_loop(), leave
        if self._asked is not None:
            leave(128 + self._asked)

    def _signalled(self, number: int, _frame: FrameType | None) -> None:
        self._asked = number
        self._told.put(number)
        if self._loop is not None and self._leave is not None:
            with suppress(RuntimeError):  # the loop is closed: it has been left by now
                self._loop.call_soon_threadsafe(self._leave, 128 + number)

    def _see_to_it(self) -> None:
        """Wait for a signal, and end the process when leaving in order comes to nothing."""
        number = self._told.get()
        began = idle_since = monotonic()
        while number is not None:
            now = monotonic()
            if self._is_busy() and now - began < self._busy_patience:
                idle_since = now
            elif now - idle_since >= self._patience:
                self._restore()
                os._exit(128 + number)
            with suppress(Empty):
                if self._told.get(timeout=min(0.1, self._patience)) is None:
                    return


def _terminal_restorer() -> Callable[[], None]:
    """Return what gives the terminal the settings that it has now."""
    try:
        import termios  # noqa: PLC0415  Windows has none

        terminal = sys.__stdin__.fileno() if sys.__stdin__ else -1
        settings = termios.tcgetattr(terminal)
    except (ImportError, OSError, ValueError, termios.error):
        return lambda: None

    def restore() -> None:
        with suppress(OSError, termios.error):
            if os.tcgetpgrp(terminal) == os.getpgrp():  # else it is somebody else's just now, and asking would stop us
                termios.tcsetattr(terminal, termios.TCSANOW, settings)

    return restore
