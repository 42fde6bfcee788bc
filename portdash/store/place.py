"""The store's file and its directory: found, made, and left alone when something else stands there."""

import contextlib
import os
from pathlib import Path

from portdash.store import trouble
from portdash.store.seal import LONGEST, describe, lock_path_of, read_seal

# os.stat and os.open rather than pathlib: what is looked at here is one path, as it is, in a hot path.


def look(path: str) -> os.stat_result | None:
    """Return the state of the store's file, None when it is missing or still empty. Raises StoreError.

    An empty file is one whose maker crashed. But if it has a seal, it was a store once, and somebody emptied it.
    """
    found = _state_of(path)
    if found is None or found.st_size:
        return found
    if not read_seal(lock_path_of(path)):
        return None
    found = _state_of(path)  # again: the very first commit may have come between, and its seal with it
    if found is not None and not found.st_size:
        raise trouble.damaged(path, "it is empty, and was not")
    return found


def _state_of(path: str) -> os.stat_result | None:
    try:
        found = os.stat(path)  # noqa: PTH116
    except FileNotFoundError:
        return None
    except OSError as error:
        raise trouble.from_os(error, path, writing=False) from error
    trouble.check_kind(path, found)
    return found


def make_directory(path: str) -> None:
    """Make the directory that the store's file goes into, for this user alone. Raises StoreError."""
    directory = os.path.dirname(path)  # noqa: PTH120 (before every change, and mostly there)
    if os.path.isdir(directory):  # noqa: PTH112
        return
    try:
        Path(directory).mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise trouble.from_os(error, str(Path(path).parent), writing=True) from error


def make_file(path: str, lock: int) -> os.stat_result:
    """Return the state of the store's file, made empty if it is missing. Raises StoreError.

    The caller holds the lock file, open as `lock`. The seal goes first: a crash leaves an empty file without one.
    """
    if found := look(path):
        return found
    try:
        os.truncate(lock, 0)
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        return os.stat(path)  # noqa: PTH116
    except OSError as error:
        raise trouble.from_os(error, path, writing=True) from error


def seal_of(lock: int) -> bytes:
    """Return what the open lock file notes, empty when its disk does not give it out: then the file is checked."""
    try:
        os.lseek(lock, 0, os.SEEK_SET)
        return os.read(lock, LONGEST)
    except OSError:
        return b""


def note_seal(path: str, lock: int) -> None:
    """Note in the open lock file what the store's file looks like now, unless it is empty."""
    # The change is stored already: a seal that cannot be written only means that the file is checked next time.
    with contextlib.suppress(OSError):
        found = os.stat(path)  # noqa: PTH116
        if found.st_size:
            seal = describe(found)
            os.lseek(lock, 0, os.SEEK_SET)
            os.write(lock, seal)
            if os.fstat(lock).st_size != len(seal):  # to cut costs more than all else here
                os.truncate(lock, len(seal))
