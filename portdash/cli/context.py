"""What stands before the command, and how a command gets at the rest of portdash with it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from portdash.cli.output import warn
from portdash.errors import UsageError
from portdash.named_tuple import NamedTuple

if TYPE_CHECKING:
    from portdash.config.settings import Flags
    from portdash.manager.allocation_log import Log, LogLine
    from portdash.manager.deps import Deps


class Globals(NamedTuple):
    """The options before any command; None and False mean `not given`. No dataclass: `get` would pay for making it."""

    config: Path | None = None
    store: str | None = None
    workspace: str | None = None
    environment: str | None = None
    read_only: bool = False
    debug: bool = False

    def flags(self) -> Flags:
        """Return them as the configuration takes them."""
        from portdash.config.settings import Flags  # noqa: PLC0415  --help needs no configuration

        return Flags(
            config=self.config,
            store=self.store,
            workspace=self.workspace,
            environment=self.environment,
            read_only=self.read_only or None,
            debug=self.debug or None,
        )

    @contextmanager
    def deps(self, log: Log | None = None, *, quiet: bool = False) -> Iterator[Deps]:
        """Open configuration, store and machine for one command. Raises ConfigError or StoreError.

        `log` hears what allocations tell; without it warnings are said, and with --debug all of it. What is wrong with
        the configuration, and that the store is away, is said here for every command, unless it is `quiet`.
        """
        from portdash.manager.allocation_log import to_logging  # noqa: PLC0415  `get` and `config` do without
        from portdash.manager.opening import open_deps  # noqa: PLC0415

        debugging = self.debug or debug_is_on(os.environ)
        deps = open_deps(
            flags=self.flags(),
            cwd=working_directory(),
            environ=os.environ,
            home=home(),
            actor="cli",
            log=log or (to_logging if debugging else _say_warning),
            tell=warn,
        )
        try:
            if not quiet:
                _say_what_to_know(deps)
            yield deps
        finally:
            deps.close()


def _say_what_to_know(deps: Deps) -> None:
    """Say what a command's answer has to be read with."""
    for warning in deps.config.warnings:
        warn(warning)
    held = deps.held
    say_unknown_workspace(deps)
    if held is not None and held.stale_since is not None:
        from portdash.report.words import age  # noqa: PLC0415  only while the store is away

        for notice in held.notices:
            warn(notice)
        ago = age(max(0.0, deps.clock.now() - held.stale_since))
        warn(f"ports are those of the last contact, {ago} ago")


def say_unknown_workspace(deps: Deps) -> None:
    """Say that nobody has heard of a workspace which was named: it may be meant, or a slip."""
    name, held = deps.place.workspace.name, deps.held
    if deps.config.workspace is None or held is None or any(each.name == name for each in held.workspaces):
        return
    known = [each.name for each in held.workspaces]
    from portdash.config.problems import nearest  # noqa: PLC0415  only for a name that is new

    near = nearest(name, known)
    more = f"; did you mean {near}?" if near else ""
    warn(f"there is no workspace {name} yet: what is assigned in it belongs to no directory{more}")


def debug_is_on(environ: Mapping[str, str]) -> bool:
    """Say whether PORTDASH_DEBUG asks for what --debug asks for."""
    return environ.get("PORTDASH_DEBUG", "").casefold() in ("1", "true", "yes", "on")


def _say_warning(line: LogLine) -> None:
    if line.is_warning:
        warn(line.text)


def working_directory() -> Path:
    """Return the working directory. Raises UsageError when it was deleted under us."""
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise UsageError("the working directory is gone", hint="change to a directory that exists") from error


def home() -> Path:
    """Return the home directory. Raises UsageError when the system knows none."""
    try:
        return Path.home()
    except RuntimeError as error:
        raise UsageError("there is no home directory", hint="set HOME") from error
