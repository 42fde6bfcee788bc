"""Whether git keeps a file."""

from collections.abc import Iterable
from pathlib import Path

from portdash.machine.git import ls_files

TIMEOUT = 5.0
"""Seconds that git may take."""


def tracked_by_git(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Return which of these files are in git's index; without git, or where it gives no answer, none."""
    return tuple(path for path in paths if _is_tracked(path))


def _is_tracked(path: Path) -> bool:
    arguments = ("--error-unmatch", "--", path.name)
    return ls_files(*arguments, directory=path.parent, timeout=TIMEOUT) is not None
