"""The configuration in force, by the short way where there is nothing to read. A test holds both ways together."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from portdash.config.origins import BUILT_IN
from portdash.config.paths import default_store_url
from portdash.config.settings import Config, Flags
from portdash.config.silence import is_silent


def config_in_force(*, cwd: Path, environ: Mapping[str, str], flags: Flags, home: Path) -> Config:
    """Return what `loading.load` returns. Raises ConfigError, or UnknownEnvironment."""
    if flags == Flags() and is_silent(cwd=cwd, environ=environ, home=home):
        return Config(store=default_store_url(environ, home), origins=MappingProxyType({"environment": BUILT_IN}))
    from portdash.config.loading import load  # noqa: PLC0415  see `silence`

    return load(cwd=cwd, environ=environ, flags=flags, home=home)
