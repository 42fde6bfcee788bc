"""A `run` that is left in the background by a process which wants no more of it than how its start went."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile
from threading import Event, Thread
from typing import IO, NamedTuple

from portdash.model.marks import LEASE
from portdash.supervisor.cancelling import Cancel

PROGRAM = (sys.executable, "-P", "-m", "portdash")
"""Portdash itself, without the working directory among the places of modules: a checkout's are not to be imported."""
PATIENCE = 90.0
"""Seconds until a start is ended that has come to nothing: within 30 `run` says itself that nobody listens, and where
its port is taken it tries the next one."""
_END = 30.0
"""Seconds that its end may take: 10 for its child, and some for what that leaves behind."""
TALK, ERROR, _GONE = "portdash: ", "error: ", "in the background: "
"""Before what portdash itself says, what of it is an error, and what says that it has gone there."""


class Left(NamedTuple):
    """How it went."""

    code: int
    """Of `run -d`: 0 where it listens."""
    port: int | None
    """Where it listens, or may yet; None when it has ended."""
    said: tuple[str, ...]
    """What portdash said of it, a line each."""
    error: str | None = None
    """Why it came to nothing, where portdash itself could not start it or gave it up."""
    complaint: str | None = None
    """The last line that the child has printed on its standard error."""
    is_left_alone: bool = False
    """Whether nobody waits for it any more: it goes on by itself, and how it goes is not known."""


def leave_running(
    arguments: Sequence[str], *, cwd: Path, patience: float = PATIENCE, leave: Cancel | None = None
) -> Left:
    """Start `portdash ARGUMENTS`, a `run -d`, and wait until its service listens or has failed. Raises OSError.

    It belongs to nobody then: it outlives us, and leaves no dead process behind with us. What takes longer than
    `patience` seconds is ended, and has failed; an interruption of the wait ends it, too. `leave` calls off the waiting
    alone.
    """
    with TemporaryFile() as printed, TemporaryFile() as complained:  # and no pipes: it may go on without us
        process = subprocess.Popen(
            [*PROGRAM, *arguments],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=complained,
            env={name: value for name, value in os.environ.items() if name != LEASE},  # it is no part of what runs us
            start_new_session=True,
        )
        leave = leave or Cancel()
        over = _Over(process)
        try:
            with leave.ending_by(over.set):
                is_over = over.wait(patience)
        except KeyboardInterrupt:
            _ask_to_end(process)
            raise
        if process.returncode is None and leave.is_asked:
            return Left(code=0, port=None, said=(), is_left_alone=True)
        if not is_over:
            _ask_to_end(process)
            if not over.wait(_END):
                process.kill()
                process.wait()
        out, err = _read(printed), _read(complained)
    if not is_over:
        late = f"it did not listen within {patience:g} s, and was ended"
        return Left(code=process.returncode or 1, port=None, said=_said(err), error=late)
    said = _said(err)
    errors = [line.removeprefix(ERROR) for line in said if line.startswith(ERROR)]
    complaints = [line for line in _lines(err) if not line.startswith(TALK)]
    return Left(
        code=process.returncode,
        port=_port(out),
        said=said,
        error=errors[-1] if errors else None,
        complaint=complaints[-1] if complaints else None,
    )


class _Over(Event):
    """Set once a process has ended, which is reaped then."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        super().__init__()
        self._process = process
        Thread(target=self._see, name="portdash-start", daemon=True).start()

    def _see(self) -> None:
        self._process.wait()
        self.set()


def _read(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


def _ask_to_end(process: "subprocess.Popen[bytes]") -> None:
    """Have it end what it has started. Not by SIGINT: who was begun in the background of a script ignores that one."""
    process.terminate()


def _port(out: bytes) -> int | None:
    text = out.decode("ascii", "replace").strip()
    return int(text) if text.isdigit() else None


def _lines(err: bytes) -> list[str]:
    return [line for line in err.decode("utf-8", "replace").splitlines() if line.strip()]


def _said(err: bytes) -> tuple[str, ...]:
    """Return what portdash said between what its child printed."""
    said = (line.removeprefix(TALK) for line in _lines(err) if line.startswith(TALK))
    return tuple(line for line in said if not line.startswith(_GONE))
