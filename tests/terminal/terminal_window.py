"""A real portdash in a real terminal: its bytes are kept, and a screen is made of them."""

import os
import select
import signal
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pexpect
import pyte

LIMIT = 180.0
"""Seconds after which a text that does not appear is an error; a busy machine is slow to start Python."""
PAUSE = 0.5
"""Seconds between a key and the same key again: an `esc` still unread when another key comes would make it alt."""


class Terminal:
    """A dashboard in a pseudo-terminal."""

    def __init__(
        self, arguments: list[str], *, size: tuple[int, int], cwd: Path, program: list[str] | None = None
    ) -> None:
        command, *first = program or [sys.executable, "-m", "portdash"]
        columns, rows = size
        environ = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        environ.pop("COLUMNS", None)  # the terminal itself says how wide it is
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.sent = b""
        """Every byte the program wrote so far."""
        self.child = pexpect.spawn(
            command,
            [*first, *arguments],
            dimensions=(rows, columns),
            timeout=LIMIT,
            env=environ,
            cwd=str(cwd),
            use_poll=True,
        )

    @property
    def text(self) -> str:
        """What stands on the screen."""
        lines = (self.screen.buffer[y] for y in range(self.screen.lines))
        # Not `display`, which cannot read a line on which half of a wide character was written over.
        return "\n".join("".join(line[x].data for x in range(self.screen.columns)) for line in lines)

    def wait_for(self, text: str) -> None:
        """Read until `text` stands on the screen."""
        until = time.monotonic() + LIMIT
        while text not in self.text:
            assert time.monotonic() < until, f"{text!r} did not appear:\n{self.text}"
            self._read()

    def _read(self, timeout: float = 5) -> None:
        try:
            read = self.child.read_nonblocking(65536, timeout=timeout)
        except pexpect.TIMEOUT:
            return
        self.sent += read
        self._stream.feed(read)

    def press(self, *keys: str) -> None:
        """Type keys one by one."""
        for key in keys:
            self.child.send(key)

    def press_until(self, key: str, answer: str) -> None:
        """Press a key, again as long as a dialog takes it for typed ahead, until `answer` stands on the screen."""
        self._press_until(key, lambda: answer in self.text, f"{answer!r} did not appear")

    def press_while(self, key: str, answer: str) -> None:
        """Press a key, again as long as a dialog takes it for typed ahead, until `answer` is gone from the screen."""
        self._press_until(key, lambda: answer not in self.text, f"{answer!r} did not go")

    def _press_until(self, key: str, is_so: Callable[[], bool], error: str) -> None:
        until = time.monotonic() + LIMIT
        while not is_so():
            assert time.monotonic() < until, f"{error}:\n{self.text}"
            self.press(key)
            again = time.monotonic() + PAUSE
            while not is_so() and (left := again - time.monotonic()) > 0:
                self._read(left)

    def wait_for_end(self) -> int:
        """Read to the end; return the exit status, or minus the signal that ended it."""
        while True:
            try:
                self._read()
            except pexpect.EOF:
                break
        self.child.wait()
        return self.child.exitstatus if self.child.exitstatus is not None else -(self.child.signalstatus or 0)

    def stop_reading(self, *keys: str) -> None:
        """Type keys, whose drawings nobody reads, until the program cannot write another byte."""
        drawn_on = os.open(Path(f"/proc/{self.child.pid}/fd/2").readlink(), os.O_WRONLY | os.O_NOCTTY)
        try:
            ready = select.poll()
            ready.register(drawn_on, select.POLLOUT)
            until = time.monotonic() + LIMIT
            while ready.poll(1000 * PAUSE):
                assert time.monotonic() < until, "it can still write"
                self.press(*keys)
        finally:
            os.close(drawn_on)

    def end_unread(self) -> int:
        """Wait for the end without reading; return the exit status, or minus the signal that ended it."""
        ended = os.pidfd_open(self.child.pid)
        try:
            end = select.poll()
            end.register(ended, select.POLLIN)
            assert end.poll(1000 * LIMIT), "it goes on"
        finally:
            os.close(ended)
        self.child.wait()
        return self.child.exitstatus if self.child.exitstatus is not None else -(self.child.signalstatus or 0)

    def end(self) -> None:
        """End it where it still runs. pexpect itself gives a killed process a tenth of a second to be gone."""
        if self.child.isalive():
            self.child.kill(signal.SIGKILL)
            self.child.wait()
        self.child.close()

    @property
    def is_cooked(self) -> bool:
        """Whether the terminal echoes what is typed, and gives it on by lines, as a shell wants it."""
        flags: int = termios.tcgetattr(self.child.child_fd)[3]
        return bool(flags & termios.ICANON and flags & termios.ECHO)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.child.kill(number)

    def resize(self, columns: int, rows: int) -> None:
        """Let the window have another size."""
        self.screen.resize(rows, columns)
        self.child.setwinsize(rows, columns)


Open = Callable[..., Terminal]
