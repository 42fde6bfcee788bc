"""Noticing that a configuration file was edited, and reading it anew; one that makes no sense changes nothing."""

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from portdash.config.paths import PROJECT_FILE, TRUSTED, user_file
from portdash.config.settings import Config
from portdash.errors import PortdashError
from portdash.manager.deps import Deps
from portdash.text import clean

Load = Callable[[], Config]
"""Reads the configuration as it was read at the start. Raises ConfigError."""
Stamp = tuple[tuple[str, int, int, int], ...]


class Reloading:
    """Keeps the configuration of a dashboard or server that runs as its files say. Not for several threads."""

    def __init__(self, load: Load, deps: Deps) -> None:
        self._load = load
        self._watched = frozenset(_candidates(deps))
        self._files: Iterable[Path] | None = None
        self._paths: list[str] = []
        """All that is watched, with the files of the configuration that was looked at last."""
        self._stamp = self._look(deps.config)
        self.error = ""
        """What is wrong with the files as they are now; empty while they are in force."""
        self.gone: tuple[Path, ...] = ()
        """Files that counted until the last change, and are there no more."""

    def renewed(self, deps: Deps) -> Deps:
        """Return the same `deps` while no file has changed, or it cannot be used; else others with what it says.

        Costs a call of stat for each file. The store, the workspace and the environment stay those of the start.
        """
        stamp = self._look(deps.config)
        if stamp == self._stamp:
            return deps
        self._stamp = stamp
        try:
            config = self._load()
        except (PortdashError, OSError) as error:
            self.error = clean(error.message if isinstance(error, PortdashError) else str(error))
            return deps
        if config.environment != deps.config.environment:
            self.error = f"the environment is {clean(config.environment)} by now: start anew for that"
            return deps
        self.error = ""
        self.gone = tuple(path for path in deps.config.files if path not in config.files)
        # Files may have been added, and are watched from now on.
        self._stamp = self._look(config)
        return replace(deps, config=replace(config, store=deps.config.store))

    def _look(self, config: Config) -> Stamp:
        found = []
        if config.files != self._files:
            self._files, self._paths = config.files, sorted({*map(str, self._watched), *map(str, config.files)})
        for path in self._paths:
            with suppress(OSError):  # not there, or not to be read: reading it says so
                state = os.stat(path)  # noqa: PTH116  it is asked for at each look
                found.append((path, state.st_mtime_ns, state.st_size, state.st_ino))
        return tuple(found)


def reloading_of(deps: Deps) -> Reloading | None:
    """Return what keeps the configuration that something was opened with; None where no file was read for it."""
    if deps.opened is None:
        return None
    from portdash.config.loading import load  # noqa: PLC0415  only who waits for changes by itself

    flags, cwd = deps.opened
    return Reloading(partial(load, cwd=cwd, environ=deps.environ, flags=flags, home=_home(deps)), deps)


def _candidates(deps: Deps) -> Iterable[Path]:
    """Yield the files that would count if they were there, and the one that says which projects are trusted."""
    yield user_file(deps.environ, _home(deps))
    if deps.state_dir:
        yield deps.state_dir / TRUSTED  # trust makes more of a file count
    if deps.place.workspace.root:
        yield Path(deps.place.workspace.root) / PROJECT_FILE


def _home(deps: Deps) -> Path:
    return Path(deps.environ.get("HOME") or str(Path.home()))
