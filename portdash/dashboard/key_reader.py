"""Textual's driver for Linux, with a reader of keys that sleeps until one comes.

Textual's own looks ten times a second whether it is to end, and whether what it has read so far was the key `escape`
and not the beginning of a sequence. Of a dashboard at rest that was a seventh of the cost. Here an event that has a
file says when to end, and the clock is asked only for a moment after something was typed.
"""

import os
import selectors
import signal
import time
import weakref
from codecs import getincrementaldecoder
from contextlib import suppress
from threading import Event
from typing import TYPE_CHECKING

from textual import constants
from textual._parser import ParseError
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

if TYPE_CHECKING:
    from typing import Any

    from textual.app import App

_TICK = 0.1
"""Seconds between two looks at a sequence that has begun, as in Textual."""
_UNDECIDED = constants.ESCAPE_DELAY + _TICK
"""Seconds after which all that was typed has been told."""


class WakingEvent(Event):
    """An event that can be waited for together with files: its own can be read while it is set."""

    def __init__(self) -> None:
        super().__init__()
        self._file = os.eventfd(0)
        weakref.finalize(self, os.close, self._file)

    def fileno(self) -> int:
        """Return the file."""
        return self._file

    def set(self) -> None:
        """Set it, and wake who waits for the file."""
        super().set()
        os.eventfd_write(self._file, 1)

    def clear(self) -> None:
        """Take it back."""
        if self.is_set():
            os.eventfd_read(self._file)
        super().clear()


class SleepingDriver(LinuxDriver):
    """Reads the terminal as `LinuxDriver` does; its thread wakes for keys, and to end."""

    def __init__(
        self, app: "App[Any]", *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self.exit_event: WakingEvent = WakingEvent()

    def start_application_mode(self) -> None:
        """Take the terminal. SIGCONT asks for it also where nobody gave it back: after SIGSTOP, and of a hung-up one.

        Who reads it by then ends first: of two only one would hear of the end, and the other keep the process for ever.
        """
        thread = self._key_thread
        if thread is not None and thread.is_alive():
            self.exit_event.set()
            thread.join()
            self.exit_event.clear()
        super().start_application_mode()  # type: ignore[no-untyped-call]

    def _get_terminal_size(self) -> tuple[int, int]:
        """Return the size that the app takes the terminal to have.

        Textual's own asks standard output, which may be a file, and takes another size for none. Of two sizes at its
        start an app draws the one and the other for ever.
        """
        return self._app.console.size

    def run_input_thread(self) -> None:
        """Tell of keys and all else that the terminal says, until told to end."""
        decode, parser = getincrementaldecoder("utf-8")().decode, XTermParser(self._debug)
        until = 0.0
        with selectors.PollSelector() as selector:
            selector.register(self.exit_event.fileno(), selectors.EVENT_READ)
            keys = selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                is_undecided = time.monotonic() < until
                ready = selector.select(_TICK if is_undecided else None)
                if any(key == keys for key, _mask in ready):
                    data = os.read(self.fileno, 4096)
                    if not data:  # it is closed, and would be ready for ever: nobody types any more
                        selector.unregister(self.fileno)
                        self._tell_if_gone()
                    if text := decode(data):
                        for message in parser.feed(text):
                            self.process_message(message)
                    until = time.monotonic() + _UNDECIDED
                for message in parser.tick():
                    self.process_message(message)
        with suppress(EOFError, ParseError):
            for _message in parser.feed(""):
                pass

    def _tell_if_gone(self) -> None:
        """Have the process leave when its terminal has gone: a shell that ignores SIGHUP passes none on."""
        if self.input_tty and not os.isatty(self.fileno):
            os.kill(os.getpid(), signal.SIGHUP)  # to the process, not to this thread: the first thread has to wake
