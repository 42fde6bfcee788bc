"""Which directory is the root of the project that a directory lies in.

`portdash get` pays for this module: nothing heavy is imported.
"""

import os
import stat
from pathlib import Path, PurePath

PROJECT_FILE = "portdash.toml"
MANIFESTS = (
    *("package.json", "pyproject.toml", "Cargo.toml", "go.mod", "composer.json", "pom.xml", "Gemfile"),
    *("build.gradle.kts", "build.gradle", "mix.exs", "deno.json"),
)
"""Files that say a directory is a project, the commonest first: they are looked for in this order."""

_NEVER = frozenset(
    ("/", "/usr", "/usr/local", "/var", "/etc", "/tmp", "/var/tmp", "/home", "/opt", "/srv", "/mnt", "/root")  # noqa: S108
)
_HOMES = ("/home", "/Users")
_OF_PROGRAMS = ("/usr/", "/var/lib/", "/proc/", "/run/", "/snap/", "/nix/store/", "/Library/", "/System/")
"""Directories of programs and of what they keep: a manifest there is a package's own. A repository may be anywhere."""
_DEPENDENCIES = ("/node_modules/", "/site-packages/", "/.venv/", "/.cargo/registry/", "/go/pkg/mod/")
"""What lies below one of these was fetched: its manifest is not that of the project it was fetched for."""


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
        if manifest is None and has_manifest(place):
            manifest = place
    return manifest


def find_package(directory: str, root: str) -> str | None:
    """Return the nearest directory with a manifest at or above `directory` and below `root`; None where there is none.

    In a repository of many packages that is the one meant.
    """
    place = directory
    while len(place) > len(root) and place.startswith(root):
        if has_manifest(place):
            return place
        place = place.rpartition("/")[0]
    return None


def has_manifest(place: str) -> bool:
    """Say whether a directory is a package that people work on, by the files in it."""
    below = f"{place}/"
    if below.startswith(_OF_PROGRAMS) or any(each in below for each in _DEPENDENCIES):
        return False
    return any(_is_file(f"{place}/{name}") for name in MANIFESTS)


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
