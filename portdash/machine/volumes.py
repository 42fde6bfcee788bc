"""Whether a directory that is not there is gone, or merely out of sight, as on a volume that is not mounted now."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from portdash.machine.files import read_small
from portdash.text import clean

FSTAB = "/etc/fstab"
_FSTAB_LIMIT = 256 * 1024
_REMOVABLE = ("/mnt", "/media", "/run/media", "/Volumes")
"""Directories below which volumes come and go."""


def why_unseen(path: str, *, fstab: str = FSTAB, removable: tuple[str, ...] = _REMOVABLE) -> str | None:
    """Return why an absolute directory may be there though it is not seen; None where it is seen, or gone for good.

    It may be there where we may not look, on a volume that `fstab` names or that belongs below a directory of
    `removable` ones and is not mounted, and where whole parts of the path are missing from an empty directory, which
    is what a place looks like that something is to be mounted on.
    """
    try:
        path = os.path.realpath(path)
        os.stat(path)  # noqa: PTH116 (asked by the observer, too)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except ValueError:
        return None
    except OSError as error:
        return f"it cannot be seen: {error.strerror or type(error).__name__}"
    else:
        return None
    return _without_volume(path, fstab, removable)


def _without_volume(path: str, fstab: str, removable: tuple[str, ...]) -> str | None:
    """Return which volume a missing directory may be on, None where there is no sign of one."""
    nearest = next(place for place in _above(path) if os.path.lexists(place))
    for mount in _mount_points(fstab):
        if _is_below(path, mount) and not os.path.ismount(mount):
            return f"{clean(mount)} is not mounted, which {fstab} names"
    is_empty = _is_empty(nearest)
    base = next((each for each in removable if _is_below(path, each)), None)
    if base is not None and (nearest == base or is_empty) and not _has_volume(nearest, base):
        return f"no volume is mounted where it was, below {base}"
    if is_empty and nearest != os.path.dirname(path):  # noqa: PTH120
        return f"{clean(nearest)} is empty, as where a volume is not mounted"
    return None


def _above(path: str) -> Iterator[str]:
    """Yield the directories above a path, nearest first."""
    yield from map(str, Path(path).parents)


def _is_below(path: str, directory: str) -> bool:
    return path == directory or path.startswith(f"{directory.rstrip('/')}/")


def _has_volume(place: str, base: str) -> bool:
    """Say whether something is mounted between `base` and `place`, `place` included."""
    return any(os.path.ismount(each) for each in (place, *_above(place)) if each != base and _is_below(each, base))


def _is_empty(directory: str) -> bool:
    """Say whether a directory holds nothing; one that may not be listed does not count as empty."""
    try:
        with os.scandir(directory) as entries:
            return next(entries, None) is None
    except OSError:
        return False


def _mount_points(fstab: str) -> Iterator[str]:
    """Yield where volumes belong, but for the root. Spaces in names are written as octal escapes there."""
    for line in os.fsdecode(read_small(fstab, limit=_FSTAB_LIMIT) or b"").splitlines():
        fields = line.split()
        if len(fields) >= 2 and not fields[0].startswith("#"):
            mount = re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), fields[1])
            if mount.startswith("/") and mount != "/":
                yield os.path.normpath(mount)
