"""One process in a session of its own, what it prints, and its end.

What it prints comes through a pipe, or a terminal, of ours: it is shown, read for errors, and kept in a log that cannot
outgrow its limit however fast it is written. A file that the child writes itself could be none of these. The price: the
pipe breaks when we are killed, and a child that prints afterwards ends by it, as in any pipeline (SIGPIPE). A silent
one lives on; `prune` finds it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from portdash.supervisor.handing import handed

if TYPE_CHECKING:
    from portdash.supervisor.terminal import Pair

NOT_EXECUTABLE, NOT_FOUND = 126, 127
"""Exit codes of `run` for a command that cannot be started, as env(1) has them."""
_LAST_WORDS = 0.5
"""Seconds that the output of one that has ended is listened to."""
_KILLING = 5.0
"""Seconds in which what was killed is gone; what is not by then belongs to another user."""
_ON_TERMINAL = 'exec "$@" <>"$0" >&0 2>&1'
"""A session's leader gets the first terminal that it opens as the one that controls it."""

Sink = Callable[[int, bytes], None]
"""Takes what the child printed: 1 for its output, 2 for its errors."""


class CannotStart(Exception):
    """There is no such command, or it cannot be run; `status` is the exit code that says so."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Heard(asyncio.SubprocessProtocol):
    """What the event loop tells of a process: what it printed, its end, and the end of its output.

    The last two are told apart everywhere: a daemon that a process became has its output for as long as it lives.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.ended = asyncio.Event()
        """Set once it has ended and its status is known."""
        self.silent = asyncio.Event()
        """Set once nobody has its output any more, either."""

    def pipe_data_received(self, fd: int, data: bytes | str) -> None:
        """Pass on what it printed."""
        assert isinstance(data, bytes)
        self._sink(fd, data)

    def process_exited(self) -> None:
        """Note its end."""
        self.ended.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  the protocol's signature
        """Note that there is no more to come."""
        self.silent.set()


class Child:
    """A child that was started. Its group is what signals go to: it leads one, with all it starts in the usual way."""

    def __init__(self, transport: asyncio.SubprocessTransport, heard: Heard) -> None:
        self._transport = transport
        self._heard = heard
        self.pid = transport.get_pid()
        """Its pid, which is its session's and its group's too."""

    @property
    def status(self) -> int | None:
        """Its exit status as a shell has it, 128 and more for a signal; None while it runs."""
        code = self._transport.get_returncode()
        return 128 - code if code is not None and code < 0 else code

    async def wait(self) -> int:
        """Wait for its end and for all it printed; return its status."""
        await self._heard.ended.wait()
        with suppress(TimeoutError):  # what it left running may keep its output open; that is not waited for
            await asyncio.wait_for(self._heard.silent.wait(), _LAST_WORDS)
        assert self.status is not None
        return self.status

    def signal(self, number: int) -> None:
        """Send a signal to its group; what has ended meanwhile is no matter."""
        with suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self.pid, number)
            else:
                self._transport.send_signal(number)

    def is_group_alive(self) -> bool:
        """Say whether anybody of its group still lives, be it after its own end."""
        if not hasattr(os, "killpg"):
            return self.status is None
        self._collect()
        try:
            os.killpg(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True  # it became another user's
        return True

    def _collect(self) -> None:
        """Collect the dead of its group that became ours when their own parent ended: they would count as alive."""
        if self.status is None or not hasattr(os, "waitpid"):
            return  # its own end is the event loop's to collect
        with suppress(ChildProcessError):
            while os.waitpid(-self.pid, os.WNOHANG)[0]:
                pass

    async def stop(self, *, grace: float) -> None:
        """Ask its group to end, and end it after `grace` seconds."""
        if self.is_group_alive():
            self.signal(signal.SIGTERM)
            await self._gone(grace)
        if self.is_group_alive():
            self.signal(getattr(signal, "SIGKILL", signal.SIGTERM))
            await self._gone(_KILLING)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._heard.ended.wait(), _KILLING)
        with suppress(PermissionError):  # it became another user's
            self._transport.close()  # what it left running may print on; it is heard no more

    async def _gone(self, limit: float) -> None:
        """Wait until nobody of its group lives any more, at most `limit` seconds."""
        until = asyncio.get_running_loop().time() + limit
        pause = 0.005
        while self.is_group_alive() and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(pause)  # nothing announces the end of a group
            pause = min(pause * 2, 0.1)


async def start(
    command: Sequence[str],
    *,
    environ: Mapping[str, str],
    cwd: Path,
    sink: Sink,
    terminal: Pair | None = None,
    handed_socket: int | None = None,
) -> Child:
    """Start a command in a session of its own; what it prints goes to `sink`. Raises CannotStart.

    `handed_socket` is a descriptor that it finds as its third.
    """
    arguments: tuple[str, ...] = (find(command[0], environ, cwd), *command[1:])
    if handed_socket is not None:
        arguments = handed(arguments, handed_socket)
    if terminal is not None:
        arguments = ("/bin/sh", "-c", _ON_TERMINAL, terminal.name, *arguments)
    stdin = asyncio.subprocess.DEVNULL if terminal is not None or _is_a_terminal() else None
    out = asyncio.subprocess.DEVNULL if terminal is not None else asyncio.subprocess.PIPE
    try:
        transport, heard = await asyncio.get_running_loop().subprocess_exec(
            lambda: Heard(sink),
            *arguments,
            stdin=stdin,
            stdout=out,
            stderr=out,
            env=environ,
            cwd=cwd,
            start_new_session=True,
            pass_fds=() if handed_socket is None else (handed_socket,),
        )
    except OSError as error:
        raise CannotStart(f"{command[0]} cannot be started: {_why(error, cwd)}", NOT_EXECUTABLE) from error
    return Child(transport, heard)


def _why(error: OSError, cwd: Path) -> str:
    """Return why a program that is there was not started: the system has one error for it and for its directory."""
    return (error.strerror or str(error)) if cwd.is_dir() else f"its directory {cwd} is gone"


def find(program: str, environ: Mapping[str, str], cwd: Path) -> str:
    """Return the path of a program. Raises CannotStart with the status that env(1) would end with."""
    has_directory = os.sep in program or (os.altsep is not None and os.altsep in program)
    wanted = str(cwd / program) if has_directory else program
    found = shutil.which(wanted, path=environ.get("PATH", os.defpath))
    if found is not None:
        return found
    if has_directory and os.path.lexists(wanted):
        raise CannotStart(f"{program} cannot be run: it is not an executable file", NOT_EXECUTABLE)
    raise CannotStart(f"there is no command {program or repr(program)}", NOT_FOUND)


def _is_a_terminal() -> bool:
    """Say whether our input is a terminal, from which a session of its own could not read."""
    return sys.stdin is not None and sys.stdin.isatty()
