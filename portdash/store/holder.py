"""Who has a lock on the store's files just now, as the kernel tells it: for who has waited for long enough."""

import os

from portdash.store.seal import lock_path_of
from portdash.text import clean

_LOCKS = "/proc/locks"


def holder_of(path: str) -> str:
    """Return `python3 (pid 4121)`, the holder of a lock on the store at `path`; empty where that cannot be told."""
    try:
        with open(_LOCKS, encoding="ascii", errors="replace") as file:  # noqa: PTH123 (pathlib costs more than this)
            lines = [line.split() for line in file]
        files = [os.stat(each) for each in (lock_path_of(path), path)]  # noqa: PTH116
    except OSError:
        return ""
    held = {entry[5]: int(entry[4]) for entry in lines if len(entry) == 8 and entry[4].lstrip("-").isdigit()}
    for found in files:
        place = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
        process = held.get(place, 0)
        if process > 0 and process != os.getpid():  # none or below: it is in another namespace
            return _named(process)
    return ""


def _named(process: int) -> str:
    try:
        with open(f"/proc/{process}/comm", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            return clean(f"{file.read().strip()} (pid {process})")
    except OSError:
        return f"pid {process}"
