"""The stage for `run`: our terminal, the child's output on it, and the way to the background."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from pathlib import Path

from portdash.cli.context import Globals, home, working_directory
from portdash.cli.output import say
from portdash.config.paths import state_dir
from portdash.errors import ExitCode, UsageError
from portdash.manager.deps import Deps
from portdash.manager.wishes import Wish
from portdash.model.names import base_name
from portdash.model.plan import Strategy
from portdash.record import record
from portdash.supervisor.child import CannotStart, find
from portdash.supervisor.injection import inject
from portdash.supervisor.orders import Order, check_not_running, key_of, only_one
from portdash.supervisor.supervise import Supervisor
from portdash.text import clean

READY = "PORTDASH_READY_FD"
"""Variable that names the descriptor on which a detached `run` says how its start went."""
_LARGEST_MANIFEST = 1024 * 1024
_CHUNK = 65536
_ANSWER = 3
"""Numbers in the answer: port, pid, and whether it listens."""


@record(kw_only=True)
class Stage:
    """What was said of the run beside what port it wants."""

    command: tuple[str, ...]
    strategy: str | None
    another: bool
    hands_socket: bool
    restart: bool
    injects: bool
    detaches: bool


def run_service(options: Globals, wish: Wish, stage: Stage) -> int:
    """Run the service here, or in the background; return the exit code."""
    if stage.detaches and READY not in os.environ:
        return _detached()
    try:
        return _run_here(options, wish, stage)
    except CannotStart as error:
        say(f"portdash: error: {clean(str(error))}")
        return error.status


def _run_here(options: Globals, wish: Wish, stage: Stage) -> int:
    cwd, state = working_directory(), state_dir(os.environ, home())
    with options.deps(quiet=READY in os.environ) as deps:
        if deps.config.read_only:
            raise UsageError("read-only: nothing is run", hint="leave out --read-only")
        if stage.another:
            wish = replace(wish, name=_free_instance(deps, wish))
        key = key_of(deps, wish)
        with only_one(state, key):
            check_not_running(deps, key)
            command, cwd = _command(deps, wish, stage, cwd)
            if stage.injects and not stage.hands_socket:
                found = inject(command, scripts=_scripts(cwd))
                if found.framework:
                    say(f"portdash: {found.framework} is told its port: {clean(' '.join(found.command))}")
                command = found.command
            find(command[0], os.environ, cwd)  # before anything is kept for it
            order = Order(
                wish=wish,
                command=command,
                cwd=cwd,
                strategy=Strategy(stage.strategy) if stage.strategy else None,
                restart=stage.restart,
                hands_socket=stage.hands_socket,
            )
            return asyncio.run(_supervised(deps, order, state))


def _command(deps: Deps, wish: Wish, stage: Stage, cwd: Path) -> tuple[tuple[str, ...], Path]:
    """Return what is run, and where: what was said, else what the service declares. Raises UsageError."""
    if stage.command:
        return stage.command, cwd
    name = clean(base_name(wish.name))
    declared = deps.config.service(base_name(wish.name))
    if declared is None or declared.command is None:
        raise UsageError(
            "there is nothing to run", hint=f"write `portdash run {name} -- COMMAND`, or declare its command"
        )
    if not declared.may_start:
        raise UsageError(
            f"the command of {name} comes from a file that is not trusted", hint="see it, then `portdash trust`"
        )
    return declared.command, declared.root or cwd


async def _supervised(deps: Deps, order: Order, state: Path) -> int:
    with ExitStack() as stack:
        started = stack.enter_context(closing(_Announcement()))
        if _is_interactive():
            from portdash.cli.on_terminal import supervise_on_terminal  # noqa: PLC0415  POSIX only

            return await supervise_on_terminal(deps, order, state, started.tell)
        supervisor = Supervisor(deps, order, state_dir=state, sink=_pass_on, say=_talk, started=started.tell)
        return await supervisor.run()


def _is_interactive() -> bool:
    if sys.platform == "win32":
        return False
    from portdash.supervisor.terminal import is_interactive  # noqa: PLC0415  POSIX only

    return is_interactive()


def _talk(line: str) -> None:
    say(f"portdash: {line}")
    sys.stderr.flush()


def _pass_on(number: int, data: bytes) -> None:
    """Write what the child printed where it would have gone itself; who reads no more is no reason to end."""
    stream = sys.stdout if number == 1 else sys.stderr
    with suppress(OSError, ValueError):
        stream.buffer.write(data)
        stream.buffer.flush()


def _free_instance(deps: Deps, wish: Wish) -> str:
    """Return the name of the service's first instance that does not run."""
    first = base_name(wish.name)
    snapshot = deps.observer.snapshot()
    for number in range(1, 1000):
        name = first if number == 1 else f"{first}@{number}"
        view = snapshot.service(key_of(deps, replace(wish, name=name)))
        if view is None or not (view.is_running or view.key in snapshot.leases):
            return name
    raise UsageError(f"{clean(first)} has a thousand instances already", hint="stop some of them")


def _scripts(directory: Path) -> Mapping[str, str]:
    """Return the scripts of the package.json in a directory, none where there is none that can be read."""
    try:
        with (directory / "package.json").open("rb") as file:
            found = json.loads(file.read(_LARGEST_MANIFEST)).get("scripts", {})
        return {name: text for name, text in found.items() if isinstance(text, str)}
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}


class _Announcement:
    """Tells the process that waits for it how the start went."""

    def __init__(self) -> None:
        text = os.environ.pop(READY, "")
        self._descriptor = int(text) if text.isdigit() else None

    def tell(self, port: int, pid: int, *, listens: bool) -> None:
        """Say where the service listens, or that it does not yet, once; nobody hears what is said from then on."""
        if self._descriptor is not None:
            with suppress(OSError):
                os.write(self._descriptor, f"{port} {pid} {int(listens)}\n".encode())
            sys.stderr.flush()
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2)
            os.close(nowhere)
            self.close()

    def close(self) -> None:
        """Say nothing more."""
        if self._descriptor is not None:
            with suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None


def _detached() -> int:
    """Start the same command in the background, and come back when the service listens or the start has failed.

    Without the working directory among the places of modules: what lies in a checkout is not to be imported.

    What is said until then is passed on. One that does not listen for a long time runs on, and that is no success.
    """
    reader, writer = os.pipe()
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "portdash", *sys.argv[1:]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, READY: str(writer)},
            pass_fds=(writer,),
            start_new_session=True,
        )
    finally:
        os.close(writer)
    assert process.stderr is not None
    while data := os.read(process.stderr.fileno(), _CHUNK):  # ends when it has ended, or has said all there is to hear
        sys.stderr.buffer.write(data)
        sys.stderr.flush()
    with os.fdopen(reader, "rb") as answers:
        answer = [int(each) for each in answers.readline().split()]
    if len(answer) != _ANSWER:
        return process.wait()
    port, _, listens = answer
    say(f"portdash: in the background: pid {process.pid}")
    sys.stdout.write(f"{port}\n")
    return ExitCode.YES if listens else ExitCode.NO
