"""What tells that a row, or the whole file, is not what was written.

A row carries a checksum. The file is sealed in the lock file beside it: size, time, inode and boot, noted after every
commit under the lock. A file that fits its seal was last written by us and needs no look; any other (after a reboot, a
crash, a restore, a stray write) gets SQLite's `integrity_check` before it is believed. So the check costs nothing in
daily use, and the crash of a writer between commit and seal merely costs one check.

`portdash get` pays for this module: it imports next to nothing.
"""

import functools
import os
import zlib
from collections.abc import Iterable

LONGEST = 256
"""Bytes read of a seal."""
_BOOT_ID = "/proc/sys/kernel/random/boot_id"


def row_sum(values: Iterable[object]) -> int:
    """Return the checksum of a row's columns, which are text, integers, floats, bytes or None."""
    return zlib.crc32("\x1f".join(map(str, values)).encode("utf-8", "surrogatepass"))


def describe(found: os.stat_result) -> bytes:
    """Return the seal that a file of this state would have now."""
    return f"{found.st_size} {found.st_mtime_ns} {found.st_ino} {_boot_id()}\n".encode("ascii", "replace")


def read_seal(lock_path: str) -> bytes:
    """Return what the lock file notes, empty when there is no lock file or it may not be read."""
    try:
        descriptor = os.open(lock_path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except OSError:
        return b""  # no seal: the file will be checked, which is the safe side
    try:
        return os.read(descriptor, LONGEST)
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def lock_path_of(path: str) -> str:
    """Return the lock file that belongs to a store's file, of which symbolic links are resolved."""
    return f"{path}.lock"


@functools.cache
def _boot_id() -> str:
    """Return what changes with every boot, `-` where the system does not tell: then size and time must do."""
    try:
        with open(_BOOT_ID, "rb") as file:  # noqa: PTH123 (pathlib costs more than this module)
            return file.read(64).decode("ascii").strip() or "-"
    except (OSError, UnicodeDecodeError):
        return "-"
