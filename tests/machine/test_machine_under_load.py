"""Real machines full of servers: our table against what `ss` and psutil see, as root and as somebody else.

Others' servers come and go meanwhile, so that what is compared are the rows of the machine that the test has made.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator

import psutil
import pytest
from socket_load import Load, Seen, load

from portdash.machine.sockets_system import full_sockets, system_sockets
from portdash.model.ports import IpProtocol
from portdash.model.sockets import Socket
from portdash.model.sources import SocketSource

pytestmark = pytest.mark.needs_linux
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root sees everybody's processes, or becomes somebody")

Row = tuple[str, int, frozenset[int]]
"""Address as `ss` writes it, port and pids."""


@pytest.fixture(params=["quiet", pytest.param("busy", marks=pytest.mark.faults)])
def machine(request: pytest.FixtureRequest) -> Iterator[Load]:
    with load(request.param) as machine:
        yield machine


def watched() -> SocketSource:
    source = system_sockets()
    for _ in range(3):
        source.sockets()
    return source


def as_ss(address: str, port: int, pids: Iterable[int], *, dual: bool | None) -> Row:
    return "*" if address == "::" and dual else address, port, frozenset(pids)


def ours(source: SocketSource) -> set[Row]:
    return table(row for row in source.sockets() if row.protocol is IpProtocol.TCP)


def table(rows: Iterable[Socket]) -> set[Row]:
    return {as_ss(row.address, row.port, row.pids, dual=row.dual_stack) for row in rows}


def expected(listeners: Iterable[Seen]) -> set[Row]:
    return {as_ss(each.address, each.port, [each.pid], dual=each.dual) for each in listeners}


def without_pids(rows: Iterable[Row]) -> set[Row]:
    return {(address, port, frozenset()) for address, port, _pids in rows}


def of(machine: Load, rows: Iterable[Row]) -> set[Row]:
    """Leave out what is not the machine's: neither on an address and port of it nor held by a process of it."""
    places = {(address, port) for address, port, _pids in expected(machine.listeners)}
    return {row for row in rows if row[:2] in places or row[2].intersection(machine.pids)}


def by_ss(*prefix: str) -> set[Row]:
    done = subprocess.run([*prefix, "ss", "-Hltnp"], capture_output=True, text=True, errors="replace", check=True)
    found: dict[tuple[str, int], set[int]] = {}
    for line in done.stdout.splitlines():
        address, _, port = line.split()[3].rpartition(":")
        address = re.sub(r"%[^\]]*", "", address).strip("[]")
        pids = {int(pid) for pid in re.findall(r"pid=(\d+)", line)}
        found.setdefault((address, int(port)), set()).update(pids)
    return {(address, port, frozenset(pids)) for (address, port), pids in found.items()}


def by_psutil(machine: Load) -> set[tuple[str, int, int]]:
    rows = psutil.net_connections("tcp")
    return {
        (row.laddr.ip, row.laddr.port, row.pid) for row in rows if row.status == "LISTEN" and row.pid in machine.pids
    }


@root_only
@pytest.mark.needs_program("ss")
def test_the_table_is_that_of_ss_and_of_psutil(machine: Load):
    again, true = watched(), expected(machine.listeners)
    assert of(machine, by_ss()) == true
    assert by_psutil(machine) == {(each.address, each.port, each.pid) for each in machine.listeners}
    for source in (full_sockets(), again, again):
        assert of(machine, ours(source)) == true


@root_only
def test_each_change_is_seen_at_once(machine: Load):
    source = watched()
    for pid in machine.pids[:: len(machine.pids) // 4]:
        opened = machine.open(pid)
        assert expected([opened]) <= ours(source)
        machine.close(pid)
        assert not expected([opened]) & ours(source)
    new = [machine.new() for _ in range(5)]
    assert expected(new) <= ours(source)
    for each in new:
        machine.end(each.pid)
    assert not expected(new) & ours(source)


AS_NOBODY = """
import json, os, sys
from portdash.machine.sockets_system import full_sockets, system_sockets
for first in (full_sockets(), *[system_sockets()] * 3):
    first.sockets()  # loads all while it may
os.setgroups([]); os.setgid(65534); os.setuid(65534)
sources = full_sockets(), system_sockets()
for line in sys.stdin:
    print(json.dumps([[[*row[:3], row.pids, row.uid, row.dual_stack] for row in each.sockets()] for each in sources]),
          flush=True)
"""


@root_only
@pytest.mark.needs_program("ss")
@pytest.mark.needs_program("setpriv")
def test_as_somebody_else_all_are_seen_with_their_user_and_without_processes(machine: Load):
    somebody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    true = without_pids(expected(machine.listeners))
    assert of(machine, by_ss(*somebody)) == true
    with subprocess.Popen(
        [sys.executable, "-c", AS_NOBODY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        for _ in range(3):
            print(file=process.stdin, flush=True)
            for rows in json.loads(process.stdout.readline()):
                told = [Socket(IpProtocol(row[0]), *row[1:5], dual_stack=row[5]) for row in rows if row[0] == "tcp"]
                assert of(machine, table(told)) == true
                ports = {each.port for each in machine.listeners}
                assert all(row.uid == 0 for row in told if row.port in ports and not row.pids)


STORM = """
import os
while True:
    for _ in range(20):
        if not os.fork():
            os._exit(0)
    while True:
        try:
            os.wait()
        except ChildProcessError:
            break
"""


@root_only
def test_while_processes_vanish_all_the_time():
    """Nothing is ever wrong or missing about a server that stays, whoever comes and goes beside it."""
    with load("quiet") as machine, subprocess.Popen([sys.executable, "-I", "-S", "-c", STORM]) as other:
        try:
            again, full = watched(), full_sockets()
            true = expected(machine.listeners)
            for turn in range(30):
                came = [machine.new()] if turn % 3 == 0 else []
                for source in (again, full) if turn % 10 == 0 else (again,):
                    assert true | expected(came) <= ours(source)
                for each in came:
                    machine.end(each.pid)
                assert not expected(came) & ours(again)
        finally:
            other.kill()
