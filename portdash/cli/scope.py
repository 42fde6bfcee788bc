"""Which environment, workspace and store `get` asks, found without the configuration where there is none.

A test holds both ways against each other.
"""

from collections.abc import Mapping
from pathlib import Path

from portdash.cli.context import Globals
from portdash.config.paths import default_store_url
from portdash.config.silence import is_silent
from portdash.named_tuple import NamedTuple

ENVIRONMENT = "development"
"""The environment that is built in."""
_SAYS_NOTHING_HERE = ("PORTDASH_DEBUG",)


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
    """Whether neither an option, nor a variable, nor a file says anything."""
    if (options.config, options.store, options.workspace, options.environment) != (None,) * 4:
        return False  # an empty one says something, too: that a script's variable was empty
    return is_silent(cwd=cwd, environ=environ, home=home, besides=_SAYS_NOTHING_HERE)
