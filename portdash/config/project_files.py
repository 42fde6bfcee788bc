"""Where the project files of a directory are. `portdash get` pays for this module: nothing is read, little imported."""

import os
from pathlib import Path

from portdash.config.paths import PROJECT_FILE


def project_files(cwd: Path, home: Path) -> list[Path]:
    """Return the project files at and above a directory, nearest first.

    The search ends at the home directory, which is looked at itself; outside it, at the root of the file system.
    """
    ends = {home, Path(os.path.realpath(home))}
    found = []
    for directory in (cwd, *cwd.parents):
        if os.path.lexists(directory / PROJECT_FILE):
            found.append(directory / PROJECT_FILE)
        if directory in ends:
            break
    return found
