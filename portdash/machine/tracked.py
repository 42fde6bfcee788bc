"""Whether git keeps a file: asked of git itself, for only it knows."""

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

TIMEOUT = 5.0
"""Seconds that git may take."""
MISLEADING = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
"""Variables that a git hook sets: they speak of the hook's repository, which need not be the file's."""


def tracked_by_git(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Return which of these files are in git's index; without git, or where it gives no answer, none.

    Nothing that the repository's configuration names is run.
    """
    return tuple(path for path in paths if _is_tracked(path))


def _is_tracked(path: Path) -> bool:
    environ = {name: value for name, value in os.environ.items() if name not in MISLEADING}
    git = ["git", "--literal-pathspecs", "-c", "core.fsmonitor=false"]
    try:
        done = subprocess.run(
            [*git, "ls-files", "--error-unmatch", "--", path.name],
            cwd=path.parent,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
