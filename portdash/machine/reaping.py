"""Staying the parent of what a child leaves behind, so that a server which forks twice is still known as ours."""

import os
import sys
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Become the parent of every process below this one whose own parent ends, where that is possible."""
    if sys.platform != "linux":
        return
    import ctypes  # noqa: PLC0415 (5 ms, only for who supervises)

    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class Adopted:
    """Collects the dead that were adopted: nobody else does, and each would stay in the table of processes.

    Whoever waits for a child of ours takes its status at once. What is dead at two looks is waited for by nobody.
    """

    def __init__(self) -> None:
        self._dead: frozenset[int] = frozenset()

    def collect(self, spare: Collection[int]) -> bool:
        """Look once, a second after the last time or later; say whether another look is needed."""
        dead = frozenset(pid for pid in _children() if pid not in spare and _is_dead(pid, os.WNOWAIT))
        self._dead = dead - frozenset(pid for pid in dead & self._dead if _is_dead(pid, 0))
        return bool(self._dead)


def _children() -> tuple[int, ...]:
    """Return our children; none where the kernel keeps no list: then they are collected when we end."""
    try:
        return tuple(map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text("ascii").split()))
    except OSError:
        return ()


def _is_dead(pid: int, how: int) -> bool:
    with suppress(OSError):
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | how) is not None
    return False
