"""Facts about processes: straight from /proc where there is one, by psutil elsewhere."""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from portdash.machine.environ import read_hints
from portdash.machine.lineages import Lineages
from portdash.machine.open_stats import OpenStats
from portdash.machine.procfs import CONTAINER, PROC, Stat, cgroup_of, parse_stat, read, real_uid
from portdash.machine.users import user_name
from portdash.model.listener import NO_HINTS, Hints, Process
from portdash.named_tuple import NamedTuple
from portdash.record import replace
from portdash.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from portdash.model.sources import ProcessTable

ARGUMENT_BYTES = 64 * 1024
"""Read of one process's arguments, which may be megabytes."""
ARGUMENTS = 128
"""Arguments kept, each cut as `clean` cuts."""
_SETTLED = 5.0
"""Seconds after which a process counts as set up: younger ones still exec, and give up privileges."""
_REMEMBERED = 4096
_Fact = TypeVar("_Fact")
_Key = TypeVar("_Key")
_Program = tuple[int, int, bytes, tuple[bytes, ...]]
"""A process and what it runs: pid, start, name, image."""
_Told = tuple[tuple[str, ...] | None, str | None]
"""Its arguments and its user."""


class Setting(NamedTuple):
    """What surrounds a process. Unknown is as harmless as can be: with a terminal and outside any unit."""

    has_terminal: bool = True
    cgroup: str = ""
    """Path of its control group."""
    session_alive: bool = True
    """Whether the leader of its session, such as the shell it was typed into, still lives."""


class Processes:
    """The process table of a system with /proc. May be asked from several threads."""

    def __init__(self, *, proc: str = PROC, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._proc = proc
        self._ticks_per_second = os.sysconf("SC_CLK_TCK")
        self._started: float | None = None
        self._inside: str | None = None
        self._stats = OpenStats(proc=proc)
        self._known: dict[_Program, _Told] = {}
        self._hints: dict[_Program, Hints] = {}
        self._lasting: dict[int, tuple[int, _Told]] = {}
        """Of processes of which was told last what is remembered: when they started, and that."""
        self._lineages = Lineages(self._stats, proc=proc, monotonic=monotonic)

    def let_go(self) -> None:
        """Close the files that stay open from look to look; whoever looks again opens them again."""
        self._stats.let_go()
        self._lineages.let_go()

    def process(self, pid: int) -> Process | None:
        """Return what can be read of a process, None when it is gone, or dead and only not collected yet."""
        stat = self._stat(pid)
        if stat is None or stat.is_dead:
            return None
        known = self._known.get(_program(pid, stat))
        is_lasting = known is not None
        if known is None:
            known = self._look(pid), self._user(pid)
            again = self._stat(pid)
            if again is None or again.is_dead or again.ticks != stat.ticks:
                return None  # it ended meanwhile, and what was read may be its successor's
            if self._is_settled(again) and again.image == stat.image:
                _remember(self._known, _program(pid, again), known)
                is_lasting = True
        if is_lasting:
            _remember(self._lasting, pid, (stat.ticks, known))
        else:
            self._lasting.pop(pid, None)
        command, user = known
        return Process(
            pid=pid,
            started_at=self._boot_time() + stat.ticks / self._ticks_per_second,
            ticks=stat.ticks,
            name=_name(stat.name, command),
            command=command,
            user=user,
            cwd=self._cwd(pid),
            parent=stat.parent,
        )

    def as_now(self, process: Process) -> Process | None:
        """Return a process whose lineage is what it was when it was told, as it is now; None when it is gone.

        Of one that has settled only the directory may be another.
        """
        ticks, (command, user) = self._lasting.get(process.pid, (-1, (None, None)))
        if ticks == process.ticks and command == process.command and user == process.user:
            directory = self._cwd(process.pid)
            if directory is not None:
                return process if directory == process.cwd else replace(process, cwd=directory)
        return self.process(process.pid)

    def setting(self, pid: int) -> Setting:
        """Return what surrounds a process; for one that is gone, the harmless unknown."""
        stat = self._stat(pid)
        if stat is None:
            return Setting()
        leader = self._stat(stat.session)
        return Setting(
            has_terminal=stat.terminal != 0,
            cgroup=clean(cgroup_of(pid, proc=self._proc).removeprefix(self._own_container()), limit=None),
            session_alive=leader is not None and not leader.is_dead,
        )

    def hints(self, pid: int) -> Hints:
        """Return what the environment of a process tells; nothing for one that is gone or hides it."""
        stat = self._stat(pid)
        if stat is None or stat.is_dead:
            return NO_HINTS
        key = _program(pid, stat)
        known = self._hints.get(key)
        if known is None:
            known = read_hints(pid, proc=self._proc)
            if self._is_settled(stat):
                _remember(self._hints, key, known)
        return known

    def lineage(self, pid: int) -> object:
        """Return what stays equal while a process and what was told of it are the same; None when it is gone."""
        return self._lineages.of(pid)

    def lineages(self, pids: Collection[int]) -> dict[int, object]:
        """Return `lineage` of each, at a quarter of the price; the very same object while nothing has changed."""
        return self._lineages.of_all(pids)

    def ran(self, pid: int) -> bytes | None:
        """Return what is another as soon as a process has run, as of the last `lineages`; None where that is not told.

        What its other threads run does not count.
        """
        return self._lineages.ran(pid)

    def _stat(self, pid: int) -> Stat | None:
        data = self._stats.read(pid)
        return parse_stat(data) if data else None

    def _own_container(self) -> str:
        """Return what every process here has in common, where we run inside a container ourselves."""
        if self._inside is None:
            own = cgroup_of("self", proc=self._proc)
            found = re.search(CONTAINER, own)
            self._inside = own[: found.end()] if found else ""
        return self._inside

    def _look(self, pid: int) -> tuple[str, ...] | None:
        data = read(f"{self._proc}/{pid}/cmdline", ARGUMENT_BYTES)
        return None if data is None else split_arguments(data)

    def _user(self, pid: int) -> str | None:
        uid = real_uid(pid, proc=self._proc)
        return None if uid is None else user_name(uid)

    def _cwd(self, pid: int) -> str | None:
        try:
            return os.readlink(f"{self._proc}/{pid}/cwd")  # noqa: PTH115 (a path that may be gone, as it stands)
        except OSError:
            return None

    def _is_settled(self, stat: Stat) -> bool:
        return time.clock_gettime(time.CLOCK_BOOTTIME) - stat.ticks / self._ticks_per_second >= _SETTLED

    def _boot_time(self) -> float:
        if self._started is None:
            lines = (read(f"{self._proc}/stat", 1024 * 1024) or b"").splitlines()
            told = next((line.split()[1] for line in lines if line.startswith(b"btime ")), None)
            self._started = float(told) if told else time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
        return self._started


def _program(pid: int, stat: Stat) -> _Program:
    return pid, stat.ticks, stat.name, stat.image


def _remember(known: dict[_Key, _Fact], key: _Key, fact: _Fact) -> None:
    if len(known) >= _REMEMBERED:
        known.clear()
    known[key] = fact


def split_arguments(data: bytes) -> tuple[str, ...]:
    """Make a command line of the bytes of /proc/PID/cmdline.

    Empty pieces go: a process that writes its title over its arguments leaves the rest as NUL bytes.
    """
    pieces = [piece for piece in data.split(b"\0") if piece]
    return tuple(clean(piece) for piece in pieces[:ARGUMENTS])


def _name(short: bytes, command: tuple[str, ...] | None) -> str:
    """Return the process's name; the kernel cuts it at 15 bytes, and the program's own name may have the rest."""
    name = clean(short)
    if len(short) >= 15 and command:
        longer = Path(command[0]).name
        if longer.startswith(name):
            return longer
    return name


class PsutilProcesses:
    """The process table where there is no /proc."""

    def process(self, pid: int) -> Process | None:
        """Return what can be read of a process, None when it is gone."""
        import psutil  # noqa: PLC0415 (20 ms, only for who looks at processes)

        names = ["name", "cmdline", "username", "cwd", "ppid", "create_time", "status"]
        try:
            facts = psutil.Process(pid).as_dict(names, ad_value=None)
        except psutil.Error:
            return None
        if facts["status"] == psutil.STATUS_ZOMBIE:
            return None
        command = facts["cmdline"]
        return Process(
            pid=pid,
            started_at=facts["create_time"],
            name=clean(facts["name"]) if facts["name"] else None,
            command=tuple(clean(each) for each in command if each)[:ARGUMENTS] if command is not None else None,
            user=clean(facts["username"]) if facts["username"] else None,
            cwd=facts["cwd"] or None,
            parent=facts["ppid"],
        )


def system_processes() -> ProcessTable:
    """Return the process table of this system."""
    return Processes() if sys.platform == "linux" else PsutilProcesses()


class Once:
    """A process table that is asked at most once for each process, so that one look is one moment."""

    def __init__(self, table: ProcessTable) -> None:
        self._table = table
        self._asked: dict[int, Process | None] = {}

    def process(self, pid: int) -> Process | None:
        """Return what the table said when it was first asked."""
        if pid not in self._asked:
            self._asked[pid] = self._table.process(pid)
        return self._asked[pid]

    @property
    def asked(self) -> tuple[int, ...]:
        """Every process that was asked for."""
        return tuple(self._asked)
