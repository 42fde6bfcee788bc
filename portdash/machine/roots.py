"""Which directory is the root of the project that a directory lies in.

`portdash get` pays for this module: nothing heavy is imported.
"""

import os
import stat
from pathlib import Path, PurePath

PROJECT_FILE = "portdash.toml"
MANIFESTS = ("package.json", "pyproject.toml", "Cargo.toml", "go.mod", "composer.json", "pom.xml", "Gemfile")
"""Files that say a directory is a project, in the order in which they are asked for its name."""

_NEVER = frozenset(
    ("/", "/usr", "/usr/local", "/var", "/etc", "/tmp", "/var/tmp", "/home", "/opt", "/srv", "/mnt", "/root")  # noqa: S108
)
_HOMES = ("/home", "/Users")


def find_root(directory: str, home: Path) -> str | None:
    """Return the root of the project that an absolute directory lies in, None outside any."""
    if not mode_of(directory) or not PurePath(directory).is_absolute():
        return None
    homes = {str(home), os.path.realpath(home)}
    manifest: str | None = None
    for place in map(str, (PurePath(directory), *PurePath(directory).parents)):
        if _is_file(f"{place}/{PROJECT_FILE}"):
            return place
        if place in homes:
            break
        if not _may_be_root(place):
            continue
        if mode_of(f"{place}/.git"):
            return place
        if manifest is None and any(_is_file(f"{place}/{name}") for name in MANIFESTS):
            manifest = place
    return manifest


def is_common_ground(directory: str, home: Path) -> bool:
    """Say whether a directory is the system's or a home: a project file there would govern too much."""
    return not _may_be_root(directory) or directory in (str(home), os.path.realpath(home))


def _may_be_root(directory: str) -> bool:
    """Say whether a directory may be a project without a file of ours: the system's own and homes are none."""
    return directory not in _NEVER and directory.rpartition("/")[0] not in _HOMES


def _is_file(path: str) -> bool:
    return stat.S_ISREG(mode_of(path))


def mode_of(path: str) -> int:
    """Return the mode of a file or directory, 0 where there is none or it may not be seen."""
    try:
        return os.stat(path).st_mode  # noqa: PTH116 (asked dozens of times a look; pathlib doubles the cost)
    except (OSError, ValueError):
        return 0
