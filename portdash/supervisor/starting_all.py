"""Starting several services for a face that lives on: by one `up -d` in a process apart, whose course is told here.

So all is as `up -d` does it (what comes along, ports in one batch, health, what is held back), and what is started
belongs to nobody: it outlives the face, and leaves no dead process behind with it. So does the `up -d`: a face that
goes in the midst lets it go.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from functools import partial
from socket import SHUT_RD, socket, socketpair
from tempfile import TemporaryFile
from threading import Thread
from typing import IO

from portdash.errors import NoCommand, Refused
from portdash.manager.deps import Deps
from portdash.manager.wishes import Wish
from portdash.model.assignment import ServiceKey
from portdash.model.marks import LEASE
from portdash.record import replace
from portdash.supervisor.background import ERROR, PROGRAM, TALK
from portdash.supervisor.cancelling import Cancel
from portdash.supervisor.log_since import LogSince
from portdash.supervisor.logs import log_path
from portdash.supervisor.orders import key_of
from portdash.supervisor.progress import How, Progress, Tell, read_line, told_to
from portdash.supervisor.starting import OpenedAt, as_declared_now, no_process, opened_at
from portdash.supervisor.together import parts_of
from portdash.supervisor.up import ENDS_ALL
from portdash.text import clean

_CALLED_OFF, _INTERRUPTED = "the start was called off", "who waited for it was interrupted"


def start_all(
    deps: Deps, keys: Sequence[ServiceKey], *, tell: Tell, cancel: Cancel | None = None, leave: Cancel | None = None
) -> bool:
    """Start services with what they depend on, and wait until all are up or have failed; say whether all are up.

    `tell` hears, in this thread, how far each has come, those that come along as well. Called off by `cancel`, all that
    was started by then is ended, and told as ENDED. `leave` calls off the waiting alone: what was begun goes on by
    itself, nothing more is told of it, and False is returned.

    Raises, before anything is started: NoCommand, NotTrusted, LockedDown, UsageError, NoSuchService, Refused (also
    where there is no port for one), ConfigError, StoreError.
    """
    deps = as_declared_now(deps)
    names = _names(deps, keys)
    parts = [part.name for part in parts_of(deps, names)]
    place = opened_at(deps, names[0])
    with ExitStack() as stack:
        logs = {name: LogSince(log_path(place.state_dir, key_of(deps, Wish(name=name)))) for name in parts}
        for log in logs.values():
            stack.callback(log.close)
        course = _Course(parts, logs, tell)
        errors = stack.enter_context(TemporaryFile())
        cancel = cancel or Cancel()
        code = _bring_up(place, names, course, errors, cancel=cancel, leave=leave or Cancel())
        if code is None:
            return False
        called_off = _CALLED_OFF if cancel.is_asked else ""
        course.end(code, _error(errors) or f"`portdash up` ended with status {code}", called_off)
    return course.is_all_up


def _names(deps: Deps, keys: Sequence[ServiceKey]) -> list[str]:
    """Return what the services are called here; all of them are of this workspace. Raises NoCommand."""
    for key in keys:
        if key.workspace != deps.place.workspace.name:
            raise NoCommand(
                f"{clean(key.service)} is a service of another workspace",
                hint="go there, its command is declared in its files",
            )
    if not keys:
        raise NoCommand("no service is named: there is nothing to run")
    return [key.service for key in keys]


def _bring_up(
    place: OpenedAt, names: Sequence[str], course: _Course, errors: IO[bytes], *, cancel: Cancel, leave: Cancel
) -> int | None:
    """Run the `up -d`, and return its exit code, None where it is left alone. It is ended where we are interrupted."""
    ours, theirs = socketpair()  # and no pipe: who waits for the next line of a socket can be told to wait no longer
    with ours, ours.makefile("rb") as lines:
        try:
            process = subprocess.Popen(
                [*PROGRAM, *place.arguments, "up", "-d", *names],
                cwd=place.cwd,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env=told_to({name: value for name, value in os.environ.items() if name != LEASE}, theirs.fileno()),
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        except OSError as error:
            raise no_process(names[0], error) from error
        finally:
            theirs.close()
        try:
            with cancel.ending_by(process.terminate), leave.ending_by(partial(_hear_no_more, ours)):
                for line in lines:
                    if line.endswith(b"\n"):  # else it was killed while it told
                        course.hear(read_line(line))
        except BaseException:
            process.terminate()
            if _signalled(code := process.wait()):  # else it was faster
                course.end(code, "", _INTERRUPTED)
            raise
    if leave.is_asked:
        Thread(target=process.wait, name="portdash-left", daemon=True).start()  # should we live on, it has to be reaped
        return None
    return process.wait()


def _hear_no_more(ours: socket) -> None:
    with suppress(OSError):  # the other side has ended at this moment
        ours.shutdown(SHUT_RD)


class _Course:
    """What was told of each part so far."""

    def __init__(self, names: Sequence[str], logs: dict[str, LogSince], tell: Tell) -> None:
        self._logs = logs
        self._tell = tell
        self._last: dict[str, Progress | None] = dict.fromkeys(names)

    @property
    def is_all_up(self) -> bool:
        """Whether each is up, or ran already."""
        return all(last is not None and last.how in (How.UP, How.RUNS) for last in self._last.values())

    def hear(self, progress: Progress) -> None:
        """Pass on what is told; of one that never listened the last that it has printed."""
        if progress.how is How.FAILED and progress.port is None and (log := self._logs.get(progress.name)):
            printed = [line for line in log.added() if line.strip()]
            progress = replace(progress, said=clean((printed or [progress.said])[-1]))
        self._last[progress.name] = progress
        self._tell(progress)

    def end(self, code: int, error: str, called_off: str) -> None:
        """Tell what became of those of which nothing is known yet. Raises Refused where nothing was begun.

        `called_off` is why it was asked to end, where it was us who asked.
        """
        signalled = _signalled(code)
        if not signalled and not any(self._last.values()):
            raise Refused(error, hint="`portdash up -d` says the same, and more with --debug")
        early = called_off or f"`portdash up` was ended by {signalled}"
        for name, last in self._last.items():
            if last is None:
                how, why = (How.HELD_BACK, early) if signalled else (How.FAILED, error)
            elif last.how is How.BEGUN or (last.how is How.UP and signalled and code > 0):
                how, why = (How.ENDED, early) if signalled else (How.FAILED, error)
            else:
                continue
            self._last[name] = Progress(name=name, how=how, why=why)
            self._tell(Progress(name=name, how=how, why=why))


def _signalled(code: int) -> str:
    """Return the signal that asked an `up` to end, empty where none did.

    Where it has an exit code of its own, it has ended all that it had started; else the signal came before that.
    """
    numbers = {name: getattr(signal, name, None) for name in ENDS_ALL}
    return next((name for name, number in numbers.items() if number and code in (128 + number, -number)), "")


def _error(errors: IO[bytes]) -> str:
    """Return the last error of the `up` itself; those of its parts stand behind their names."""
    errors.seek(0)
    said = [line.decode("utf-8", "replace").strip() for line in errors]
    own = [line.removeprefix(TALK + ERROR) for line in said if line.startswith(TALK + ERROR)]
    return clean(own[-1], limit=None) if own else ""
