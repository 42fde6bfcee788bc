"""Who descends from whom, and which processes belong to one job: a look at the whole process table."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import NamedTuple

from portdash.machine.procfs import PROC, read_stat


class Kin(NamedTuple):
    """What one process has to do with others."""

    parent: int
    group: int
    """Leader of its process group, 0 where the system knows none."""
    session: int
    """Leader of its session, 0 where the system knows none."""
    is_stopped: bool = False
    """Whether somebody has suspended it, so that it acts on nothing it is told."""


KinTable = Mapping[int, Kin]


def read_kin(*, proc: str = PROC) -> dict[int, Kin]:
    """Return every living process that can be seen."""
    found: dict[int, Kin] = {}
    for name in os.listdir(proc):  # noqa: PTH208 (ten times as fast, for thousands of entries)
        if name.isdigit() and (stat := read_stat(int(name), proc=proc)) and not stat.is_dead:
            found[int(name)] = Kin(stat.parent, stat.group, stat.session, stat.state == "T")
    return found


def psutil_kin() -> dict[int, Kin]:
    """Return the same where there is no /proc."""
    import psutil  # noqa: PLC0415 (20 ms, only where it is the only way)

    found: dict[int, Kin] = {}
    for process in psutil.process_iter(["ppid", "status"]):
        facts = process.info
        if facts["status"] == psutil.STATUS_ZOMBIE:
            continue
        group = session = 0
        if sys.platform != "win32":
            with suppress(OSError):
                group, session = os.getpgid(process.pid), os.getsid(process.pid)
        found[process.pid] = Kin(facts["ppid"] or 0, group, session, facts["status"] == psutil.STATUS_STOPPED)
    return found


def system_kin() -> KinTable:
    """Return the process table of this system as it is now."""
    return read_kin() if sys.platform == "linux" else psutil_kin()


def children(kin: KinTable, pid: int) -> list[int]:
    """Return the living children of a process."""
    return sorted(each for each, facts in kin.items() if facts.parent == pid)


def descendants(kin: KinTable, pid: int) -> list[int]:
    """Return a process and all below it, each after the one that started it and before its next sibling."""
    below: dict[int, list[int]] = {}
    for each, facts in kin.items():
        below.setdefault(facts.parent, []).append(each)
    found: dict[int, None] = {}
    waiting = [pid]
    while waiting:
        each = waiting.pop()
        if each not in found:  # a table that changes while it is read may go round in a circle
            found[each] = None
            waiting += sorted(below.get(each, ()), reverse=True)
    return list(found)


def in_job(kin: KinTable, pids: Iterable[int], chain: Iterable[int]) -> list[int]:
    """Return which of `pids` share a process group with one of `chain`, or a session that one of it leads."""
    facts = {pid: kin[pid] for pid in chain if pid in kin}
    groups = {each.group for each in facts.values() if each.group}
    sessions = {each.session for pid, each in facts.items() if each.session == pid}
    return [pid for pid in pids if pid in kin and (kin[pid].group in groups or kin[pid].session in sessions)]
