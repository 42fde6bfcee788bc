"""The stage for `run`: our terminal, the child's output on it, and the way to the background."""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from portdash.cli.background import detached
from portdash.cli.context import Globals, home, working_directory
from portdash.cli.output import say, talk
from portdash.config.paths import state_dir
from portdash.config.services import RestartOn
from portdash.config.settings import Flags
from portdash.errors import UsageError
from portdash.manager.deps import Deps
from portdash.manager.wishes import Wish
from portdash.model.names import base_name
from portdash.model.plan import Strategy
from portdash.record import record
from portdash.supervisor.announcing import READY, Announcement
from portdash.supervisor.child import CannotStart, find
from portdash.supervisor.declared import declared_command
from portdash.supervisor.handing import check_can_hand
from portdash.supervisor.injection import inject
from portdash.supervisor.last_end import LastEnd, note_end
from portdash.supervisor.orders import Order, check_not_running, key_of, only_one
from portdash.supervisor.supervise import Supervisor
from portdash.supervisor.upness import running_words
from portdash.text import clean

_LARGEST_MANIFEST = 1024 * 1024


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
    if stage.hands_socket:
        check_can_hand("`run --fd`")
    if stage.detaches and READY not in os.environ:
        check_can_hand("`run -d`")
        return detached()
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
        with only_one(state, key, how=partial(running_words, deps, wish.name)):
            check_not_running(deps, key)
            command, cwd = command_of(deps, wish, stage, cwd)
            if stage.injects and not stage.hands_socket:
                found = inject(command, scripts=_scripts(cwd))
                if found.framework:
                    say(f"portdash: {found.framework} is told its port: {clean(' '.join(found.command))}")
                command = found.command
            try:
                find(command[0], os.environ, cwd)  # before anything is kept for it
            except CannotStart as error:
                note_end(state, key, LastEnd(deps.clock.now(), error.status), talk)
                raise
            order = Order(
                wish=wish,
                command=command,
                cwd=cwd,
                strategy=Strategy(stage.strategy) if stage.strategy else None,
                restart=_restart(deps, wish, stage),
                hands_socket=stage.hands_socket,
            )
            return asyncio.run(_supervised(deps, order, state, options.flags()))


def command_of(deps: Deps, wish: Wish, stage: Stage, cwd: Path) -> tuple[tuple[str, ...], Path]:
    """Return what is run, and where: what was said, else what the service declares. Raises UsageError."""
    if stage.command:
        return stage.command, cwd
    declared, command = declared_command(deps.config, wish.name)
    return command, declared.root or cwd


def _restart(deps: Deps, wish: Wish, stage: Stage) -> RestartOn | None:
    """Return after which end it is started again: as was said, else as the service declares."""
    if stage.restart:
        return RestartOn.FAILURE
    declared = deps.config.service(base_name(wish.name))
    words = declared.restart_on if declared else ()
    return next((each for each in (RestartOn.EXIT, RestartOn.FAILURE) if each in words), None)


async def _supervised(deps: Deps, order: Order, state: Path, flags: Flags) -> int:
    with ExitStack() as stack:
        if url := deps.config.registry:
            from portdash.discovery.announcing import announcing  # noqa: PLC0415  only where there is a registry

            interval = deps.config.health.interval
            stack.callback(announcing(order.wish.name, url, flags, interval=interval).stop)
        started = stack.enter_context(closing(Announcement()))
        if _is_interactive():
            from portdash.cli.on_terminal import supervise_on_terminal, talk_raw  # noqa: PLC0415  POSIX only

            stack.enter_context(_hooks(deps, talk_raw))
            return await supervise_on_terminal(deps, order, state, started.tell)
        stack.enter_context(_hooks(deps, talk))
        supervisor = Supervisor(deps, order, state_dir=state, sink=_pass_on, say=talk, started=started.tell)
        status = await supervisor.run()
        started.end(order.wish.name)
        return status


def _hooks(deps: Deps, say: Callable[[str], None]) -> AbstractContextManager[None]:
    """Run the configured hooks while inside, unless another process does."""
    if not deps.config.hooks:
        return nullcontext()
    from portdash.supervisor.hooks.runner import hooks_on_duty  # noqa: PLC0415  only where there are any

    return hooks_on_duty(deps, say=say)


def _is_interactive() -> bool:
    if sys.platform == "win32":
        return False
    from portdash.supervisor.terminal import is_interactive  # noqa: PLC0415  POSIX only

    return is_interactive()


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
