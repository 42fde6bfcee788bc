"""Asking git about files, for only it knows; nothing that a repository's configuration names is run."""

import os
import subprocess
from pathlib import Path

_MISLEADING = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
"""Variables that a git hook sets: they speak of the hook's repository, which need not be the file's."""
_GIT = ("git", "--literal-pathspecs", "--no-optional-locks", "-c", "core.fsmonitor=false")


def ls_files(*arguments: str, directory: str | Path, timeout: float) -> bytes | None:
    """Return what `git ls-files` prints in a directory; None without git, or where it gives no answer in time."""
    environ = {name: value for name, value in os.environ.items() if name not in _MISLEADING}
    try:
        done = subprocess.run(
            [*_GIT, "ls-files", *arguments],
            cwd=directory,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=timeout,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
