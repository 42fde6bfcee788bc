"""How the processes behind a listener stand, read without disturbing them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

from portdash.health.kernel import Liveness
from portdash.machine.procfs import PROC, read, read_stat

CGROUPS = "/sys/fs/cgroup"
_STATES = {"T": Liveness.STOPPED, "t": Liveness.TRACED, "Z": Liveness.GONE, "X": Liveness.GONE, "x": Liveness.GONE}
_HELD = (Liveness.STOPPED, Liveness.TRACED, Liveness.FROZEN)


def liveness(pids: Iterable[int], *, proc: str = PROC, cgroups: str = CGROUPS) -> Liveness:
    """Return how those who share one socket stand together: one that runs can still answer for all.

    What may not be looked at is `unknown`, as it is where nobody is known to share it.
    """
    one = _of_kernel if sys.platform == "linux" else _of_psutil
    found = [one(pid, proc, cgroups) for pid in pids]
    left = [each for each in found if each is not Liveness.GONE]
    if not left:
        return Liveness.GONE if found else Liveness.UNKNOWN
    held = [each for each in left if each in _HELD]
    if len(held) == len(left):
        return held[0]
    return Liveness.RUNNING if Liveness.RUNNING in left else Liveness.UNKNOWN


def open_exit(pid: int, ticks: int) -> int | None:
    """Return a descriptor that becomes readable when a process ends; None when it cannot be had, or is another one's.

    `ticks` is the start of the process that is meant. The caller closes the descriptor.
    """
    if sys.platform != "linux" or not hasattr(os, "pidfd_open"):
        return None
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        return None
    stat = read_stat(pid)
    if stat is not None and stat.ticks == ticks:
        return descriptor
    os.close(descriptor)
    return None


def _of_kernel(pid: int, proc: str, cgroups: str) -> Liveness:
    stat = read_stat(pid, proc=proc)
    if stat is None:
        return Liveness.UNKNOWN if os.path.isdir(f"{proc}/{pid}") else Liveness.GONE  # noqa: PTH112  the look's hot line
    state = _STATES.get(stat.state)
    if state is None:
        return Liveness.FROZEN if _is_frozen(pid, proc, cgroups) else Liveness.RUNNING
    return state


def _is_frozen(pid: int, proc: str, cgroups: str) -> bool:
    """Whether its control group is frozen: of version 2 the process's state does not tell."""
    for line in (read(f"{proc}/{pid}/cgroup") or b"").decode("utf-8", "surrogateescape").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if path in ("", "/") or ".." in path.split("/"):
            continue
        if not controllers and b"frozen 1" in (
            read(f"{cgroups}{path}/cgroup.events") or read(f"{cgroups}/unified{path}/cgroup.events") or b""
        ):
            return True
        if controllers == "freezer" and b"FROZEN" in (read(f"{cgroups}/freezer{path}/freezer.state") or b""):
            return True
    return False


def _of_psutil(pid: int, proc: str, cgroups: str) -> Liveness:  # noqa: ARG001  one form for both
    import psutil  # noqa: PLC0415  20 ms, only where there is no /proc

    try:
        status = psutil.Process(pid).status()
    except psutil.NoSuchProcess:
        return Liveness.GONE
    except psutil.Error:
        return Liveness.UNKNOWN
    words = {
        psutil.STATUS_STOPPED: Liveness.STOPPED,
        psutil.STATUS_TRACING_STOP: Liveness.TRACED,
        psutil.STATUS_ZOMBIE: Liveness.GONE,
    }
    return words.get(status, Liveness.RUNNING)
