"""Staying the parent of what a child leaves behind, so that a server which forks twice is still known as ours."""

import sys

_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> bool:
    """Become the parent of every process below this one whose own parent ends; False where that is not possible."""
    if sys.platform != "linux":
        return False
    import ctypes  # noqa: PLC0415 (5 ms, only for who supervises)

    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)
