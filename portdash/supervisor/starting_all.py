"""Starting several services for a face that lives on: by one `up -d` in a process apart, whose course is told here.

So all is as `up -d` does it (what comes along, ports in one batch, health, what is held back), and what is started
belongs to nobody: it outlives the face, and leaves no dead process behind with it.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from tempfile import TemporaryFile
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
from portdash.text import clean

_CALLED_OFF = "the start was called off"
_ENDED_ALL = 128 + signal.SIGTERM
"""Exit code of an `up` that was asked to end, and has ended all that it had started."""


def start_all(deps: Deps, keys: Sequence[ServiceKey], *, tell: Tell, cancel: Cancel | None = None) -> bool:
    """Start services with what they depend on, and wait until all are up or have failed; say whether all are up.

    `tell` hears, in this thread, how far each has come, those that come along as well. Called off, all that was started
    by then is ended, and told as ENDED. Raises, before anything is started: NoCommand, NotTrusted, LockedDown,
    UsageError, NoSuchService, Refused (also where there is no port for one), ConfigError, StoreError.
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
        code = _bring_up(place, names, course, errors, cancel or Cancel())
        course.end(code, _error(errors) or f"`portdash up` ended with status {code}")
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


def _bring_up(place: OpenedAt, names: Sequence[str], course: _Course, errors: IO[bytes], cancel: Cancel) -> int:
    """Run the `up -d`, and return its exit code. It is ended where we are interrupted."""
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as lines:
        try:
            process = subprocess.Popen(
                [*PROGRAM, *place.arguments, "up", "-d", *names],
                cwd=place.cwd,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env=told_to({name: value for name, value in os.environ.items() if name != LEASE}, writer),
                pass_fds=(writer,),
                start_new_session=True,
            )
        except OSError as error:
            raise no_process(names[0], error) from error
        finally:
            os.close(writer)
        with process:
            try:
                with cancel.ending_by(process.terminate):
                    for line in lines:
                        if line.endswith(b"\n"):  # else it was killed while it told
                            course.hear(read_line(line))
            except BaseException:
                process.terminate()
                raise
        return process.returncode


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
            progress = replace(progress, said=(printed or [progress.said])[-1])
        self._last[progress.name] = progress
        self._tell(progress)

    def end(self, code: int, error: str) -> None:
        """Tell what became of those of which nothing is known yet. Raises Refused where nothing was begun."""
        is_ended = code in (_ENDED_ALL, -signal.SIGTERM)
        if not is_ended and not any(self._last.values()):
            raise Refused(error, hint="`portdash up -d` says the same, and more with --debug")
        for name, last in self._last.items():
            if last is None:
                how, why = (How.HELD_BACK, _CALLED_OFF) if is_ended else (How.FAILED, error)
            elif last.how is How.BEGUN or (last.how is How.UP and code == _ENDED_ALL):
                how, why = (How.ENDED, _CALLED_OFF) if is_ended else (How.FAILED, error)
            else:
                continue
            self._last[name] = Progress(name=name, how=how, why=why)
            self._tell(Progress(name=name, how=how, why=why))


def _error(errors: IO[bytes]) -> str:
    """Return the last error of the `up` itself; those of its parts stand behind their names."""
    errors.seek(0)
    said = [line.decode("utf-8", "replace").strip() for line in errors]
    own = [line.removeprefix(TALK + ERROR) for line in said if line.startswith(TALK + ERROR)]
    return clean(own[-1], limit=None) if own else ""
