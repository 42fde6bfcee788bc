"""What runs have left behind when their portdash was killed: found by the mark that they inherited, and ended.

The mark finds and does not condemn: a daemon that somebody wanted carries it, too. It counts with the store's word that
the portdash of that very run has ended without a word.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from portdash.errors import Refused
from portdash.machine import signalling
from portdash.machine.ancestry import parents
from portdash.machine.checking import is_shown
from portdash.machine.processes import Once
from portdash.machine.protection import check_allowed, own_pids
from portdash.model.marks import LEASE, SERVICE, WORKSPACE
from portdash.model.orphan import Orphan
from portdash.model.plan import Target
from portdash.model.ports import IpProtocol
from portdash.text import clean

if TYPE_CHECKING:
    from portdash.machine.handles import Handle
    from portdash.machine.surroundings import Surroundings
    from portdash.model.listener import Process
    from portdash.model.sources import ProcessTable

_MARKS = frozenset((LEASE, SERVICE, WORKSPACE))
_TOKEN = re.compile(r"[0-9a-f]{32}")


def orphans(around: Surroundings, ended: Collection[str]) -> tuple[Orphan, ...]:
    """Return what is left of the runs with these tokens, by service; their portdash has to have ended."""
    table = Once(around.processes)
    own = own_pids(table)
    found = []
    for token, (marks, group) in _marked(around, table).items():
        if token not in ended or any(each.pid in own for each in group):
            continue
        pids = {each.pid for each in group}
        rows = (row for row in around.sockets.sockets() if pids.intersection(row.pids))
        sockets = tuple(sorted({(row.protocol, row.port) for row in rows}))
        orphan = Orphan(
            token=token,
            service=clean(marks.get(SERVICE, "") or "a service", limit=80),
            workspace=clean(marks.get(WORKSPACE, ""), limit=80),
            processes=tuple(group),
            sockets=sockets,
        )
        found.append(orphan)
    return tuple(sorted(found, key=lambda each: (each.workspace, each.service, each.token)))


def end_orphan(orphan: Orphan, *, grace: float, around: Surroundings) -> str:
    """End the very processes that were shown, by force what is there after `grace` seconds; return one line about it.

    Raises Refused when one is another by now, is protected, or does not end: in the first two cases none is ended.
    """
    protocol, port = orphan.sockets[0] if orphan.sockets else (IpProtocol.TCP, 0)
    target = Target(label=orphan.label, protocol=protocol, port=port)
    with signalling.held([each.pid for each in orphan.processes]) as held:
        handles = list(_checked(orphan, target, held, around))
        if not handles:
            return f"{orphan.label} had ended already"
        told = signalling.end(handles, target, kin=around.kin(), grace=grace, may_kill=lambda: True)
        if told is None:
            raise Refused(f"{orphan.label} does not end", hint="the kernel waits for something: look at its state")
        return f"{orphan.label} {told}"


def _marked(around: Surroundings, table: ProcessTable) -> dict[str, tuple[Mapping[str, str], list[Process]]]:
    """Return this user's marked processes by token, with their marks; each after the one that started it."""
    marks: dict[str, Mapping[str, str]] = {}
    groups: defaultdict[str, list[Process]] = defaultdict(list)
    for pid in around.kin():
        said = around.variables(pid, _MARKS)
        token = said.get(LEASE, "")
        process = table.process(pid) if _TOKEN.fullmatch(token) else None
        if process is not None and process.user == around.user:
            marks.setdefault(token, said)
            groups[token].append(process)
    return {
        token: (marks[token], sorted(group, key=lambda each: _depth(table, each))) for token, group in groups.items()
    }


def _depth(table: ProcessTable, process: Process) -> tuple[int, int]:
    return len(parents(table, process)), process.pid


def _checked(orphan: Orphan, target: Target, held: Mapping[int, Handle], around: Surroundings) -> Iterator[Handle]:
    """Yield the handles of those that are still there. Raises Refused."""
    own = own_pids(around.processes)
    for shown in orphan.processes:
        process = around.processes.process(shown.pid)
        if process is None or shown.pid not in held:
            continue
        if not is_shown(process, shown) or around.variables(shown.pid, _MARKS).get(LEASE) != orphan.token:
            raise Refused(f"pid {shown.pid} is not {shown.label} any more", hint="look again: `portdash prune`")
        check_allowed(
            process,
            target,
            above=parents(around.processes, process),
            setting=around.setting(process.pid),
            user=around.user,
            own=own,
        )
        yield held[shown.pid]
