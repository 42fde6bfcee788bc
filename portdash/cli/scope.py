"""Which environment, workspace and store `get` asks, found without the configuration where there is none.

Most calls stand in a project without a portdash.toml, under no variable of ours. What is built in counts there, and the
reader of configuration, which costs more than all the rest of the command, is not even imported. A test holds both
ways against each other.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from portdash.cli.context import Globals
from portdash.config.paths import default_store_url, user_file
from portdash.config.project_files import project_files
from portdash.named_tuple import NamedTuple

ENVIRONMENT = "development"
"""The environment that is built in."""
_SAYS_NOTHING_HERE = frozenset(("PORTDASH_EXPORTED", "PORTDASH_DEBUG"))


class Scope(NamedTuple):
    """What completes a service's name. No dataclass: `get` would pay for making it."""

    environment: str
    store: str
    """Its URL."""
    workspace: str | None = None
    """Name given by flag or variable; it stands as it is. None: the project of the working directory decides."""


def find_scope(options: Globals, *, cwd: Path, environ: Mapping[str, str], home: Path) -> Scope:
    """Return the scope in force in `cwd`. Raises ConfigError."""
    if _nothing_is_said(options, cwd=cwd, environ=environ, home=home):
        return Scope(ENVIRONMENT, default_store_url(environ, home))
    from portdash.config.loading import load  # noqa: PLC0415  see above

    config = load(cwd=cwd, environ=environ, flags=options.flags(), home=home)
    return Scope(config.environment, config.store, config.workspace)


def _nothing_is_said(options: Globals, *, cwd: Path, environ: Mapping[str, str], home: Path) -> bool:
    """Whether neither an option, nor a variable, nor a file says anything. A file that is no good is said something."""
    if options.config or options.store or options.workspace or options.environment:
        return False
    if any(name.startswith("PORTDASH_") and name not in _SAYS_NOTHING_HERE for name in environ):
        return False
    return not os.path.lexists(user_file(environ, home)) and not project_files(cwd, home)
