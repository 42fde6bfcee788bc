"""Which processes are still as they were, asked each second of hundreds: who has not run since has changed nothing.

What the kernel counts of a process's running (/proc/PID/schedstat) costs a third of its whole line (/proc/PID/stat). So
a line is read of those that have run; and of all, when any of them is another now: what is above a process may have
ended, and it has another parent without having run. A terminal that was taken away so shows half a minute later. Of
more than a few hundred each is asked at every second or third look: what one does to itself shows so much later.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from portdash.machine.open_stats import OpenStats
from portdash.machine.procfs import PROC, Lineage, how_much_ran, lineage_of
from portdash.named_tuple import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST = 256
"""Processes that are asked for at each look how much they have run; where there are more, they take turns."""
HOLDS = 30.0
"""Seconds after which a line is read again of a process that has not run either."""


class _Line(NamedTuple):
    """What the kernel wrote of a process, and what it tells."""

    data: bytes
    """Empty where there was none."""
    own: Lineage | None


class _Look(NamedTuple):
    """What all processes were at one look."""

    runs: Mapping[int, bytes | None]
    """How much each had run; empty where the kernel does not tell."""
    lines: Mapping[int, _Line]
    leaders: Mapping[int, int]
    """Of those that the end of their session makes orphans: the leader of it."""
    alive: Mapping[int, bool]
    """Each leader."""
    found: dict[int, object]


class Lineages:
    """Compares processes with what they were. May be asked from several threads."""

    def __init__(self, stats: OpenStats, *, proc: str = PROC, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._stats = stats
        self._monotonic = monotonic
        self._runs = OpenStats(proc=proc, name="schedstat") if how_much_ran("self", proc=proc) else None
        self._last = _Look({}, {}, {}, {}, {})
        self._read_at = monotonic()
        """When the lines of all were read last."""
        self._turn = 0
        """Where those begin, in the order of pids, who are asked next where there are very many."""

    def let_go(self) -> None:
        """Close what stays open from look to look."""
        if self._runs is not None:
            self._runs.let_go()

    def ran(self, pid: int) -> bytes | None:
        """Return how much a process had run at the last look at all, None where that is not told."""
        return self._last.runs.get(pid)

    def of(self, pid: int) -> object:
        """Return what stays equal while a process and what was told of it are the same; None when it is gone."""
        own = self._line(pid, None).own
        leader = _orphaned_by(pid, own)
        return own if own is None or leader is None else (own, self._is_alive(leader))

    def of_all(self, pids: Collection[int]) -> dict[int, object]:
        """Return `of` each; the very same object while nothing has changed."""
        last, now = self._last, self._monotonic()
        runs = self._ask(self._runs, pids, last.runs) if self._runs is not None else {}
        is_due = not 0 <= now - self._read_at < HOLDS
        if is_due:
            self._read_at = now
        moved = pids
        if runs and not is_due:
            moved = [pid for pid, ran in runs.items() if ran is None or ran != last.runs.get(pid)]
        lines = self._lines(pids, moved, last.lines)
        leaders = last.leaders if lines is last.lines else _leaders(lines)
        alive = {leader: self._is_alive(leader) for leader in set(leaders.values())}
        if lines is last.lines and alive == last.alive:
            self._last = last._replace(runs=runs)
            return last.found
        found: dict[int, object] = {
            pid: (line.own, alive[leaders[pid]]) if pid in leaders else line.own for pid, line in lines.items()
        }
        self._last = _Look(runs, lines, leaders, alive, found)
        return found

    def _ask(
        self, source: OpenStats, pids: Collection[int], before: Mapping[int, bytes | None]
    ) -> dict[int, bytes | None]:
        """Return how much each has run: of very many some are asked, and of the others it is what it was."""
        if len(pids) <= MOST:
            return source.read_all(pids)
        start, turn = self._turn, sorted(pids)
        self._turn = start + MOST if start + MOST < len(turn) else 0
        asked = {*turn[start : start + MOST], *(pid for pid in pids if not before.get(pid))}
        return {pid: before[pid] for pid in pids if pid not in asked} | source.read_all(asked)

    def _lines(self, pids: Collection[int], moved: Collection[int], before: Mapping[int, _Line]) -> Mapping[int, _Line]:
        """Return the line of each, read of those that have moved; of all where anybody is another than before.

        The same object comes back where all tell what they told.
        """
        new = {pid: line for pid in moved if (line := self._line(pid, before.get(pid))) is not before.get(pid)}
        if not new and before.keys() == set(pids):
            return before
        if not before.keys().isdisjoint(new):
            new.update((pid, self._line(pid, before.get(pid))) for pid in set(pids).difference(moved))
        return {pid: new.get(pid) or before[pid] for pid in pids}

    def _line(self, pid: int, known: _Line | None) -> _Line:
        """Return the line of a process as it is now; where it tells what is known, that."""
        data = self._stats.read(pid, keep=self._runs is None) or b""
        if known is not None and known.data == data:
            return known
        own = lineage_of(data) if data else None
        return known if known is not None and known.own == own and bool(known.data) == bool(data) else _Line(data, own)

    def _is_alive(self, leader: int) -> bool:
        data = self._stats.read(leader, keep=True)
        return bool(data and lineage_of(data))


def _leaders(lines: Mapping[int, _Line]) -> dict[int, int]:
    found = ((pid, _orphaned_by(pid, line.own)) for pid, line in lines.items())
    return {pid: leader for pid, leader in found if leader is not None}


def _orphaned_by(pid: int, own: Lineage | None) -> int | None:
    """Return the leader of a session whose end makes an orphan of a process: where there is no terminal."""
    if own is None or own.terminal != b"0" or own.session in (b"0", b"%d" % pid):
        return None
    return int(own.session)
