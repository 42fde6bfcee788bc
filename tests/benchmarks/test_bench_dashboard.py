"""What the dashboard costs while it is open."""

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pexpect
import psutil
import pytest
from textual.app import App, ComposeResult
from textual.widgets import DataTable
from timing import report

from portdash.config.settings import Config
from portdash.dashboard.app import PortdashApp
from portdash.dashboard.desk import Desk
from portdash.dashboard.options import Options
from portdash.dashboard.rows.facts import digest
from portdash.dashboard.rows.listing import ListState, build_listing
from portdash.dashboard.widgets.service_table import ServiceTable
from portdash.demo.clock import FrozenClock
from portdash.demo.machine import FakeMachine
from portdash.manager.deps import Deps, Place
from portdash.model.listener import Listener, Process
from portdash.model.ports import IpProtocol
from portdash.model.workspace import Workspace
from portdash.store.memory import MemoryStore

pytestmark = pytest.mark.benchmark

ROWS = 5_000
SECONDS = 20


def crowd(connections: int) -> Desk:
    """A desk over a machine with 5,000 listeners; `connections` is what changes from one look to the next."""
    listeners = (
        Listener(
            protocol=IpProtocol.TCP,
            address="127.0.0.1",
            port=10_000 + number,
            owner=Process(pid=100 + number, name="node", command=("node", "x"), user="dev", cwd="/", ticks=1),
            pids=(100 + number,),
            user="dev",
            connections=connections + number % 7,
        )
        for number in range(ROWS)
    )
    machine = FakeMachine(host="here", user="dev", listeners=())
    machine._listeners = tuple(listeners)  # in order already: adding them one by one would sort 5,000 times
    place = Place("here", "dev", Workspace(name="shop", root="/home/dev/src/shop"), "development")
    return Desk(
        Deps(store=MemoryStore(), machine=machine, config=Config(), clock=FrozenClock(1.0), place=place, actor="x")
    )


class Refilled(App[None]):
    """The ordinary way: a DataTable that is cleared and filled at each refresh."""

    def compose(self) -> ComposeResult:
        yield DataTable()

    def on_mount(self) -> None:
        self.query_one(DataTable).add_columns(*"abcdef")


async def test_a_refresh_of_5000_rows():
    first, second = (digest(crowd(each).look(), home="/home/dev") for each in (0, 1))
    listings = [build_listing(facts, ListState()) for facts in (first, second)]
    ours, base = [], []
    app = PortdashApp(crowd(0), options=Options())
    async with app.run_test(size=(160, 45)) as pilot:
        table = app.screen.query_one(ServiceTable)
        for round_ in range(12):
            start = time.thread_time()
            table.show(listings[round_ % 2])
            await pilot.pause()
            ours.append(time.thread_time() - start)
    other = Refilled()
    async with other.run_test(size=(160, 45)) as pilot:
        refilled = other.query_one(DataTable)
        for _ in range(3):
            start = time.thread_time()
            refilled.clear()
            for number in range(ROWS):
                refilled.add_row("vite", str(number), "shop", "0 conn", "node 1", "tmux")
            await pilot.pause()
            base.append(time.thread_time() - start)
    mine, theirs = sorted(ours)[len(ours) // 2], sorted(base)[1]
    report("5,000 rows refreshed, against a DataTable refilled", mine / theirs, 0.05, f"{mine * 1000:.1f} ms CPU")


def test_steady_cpu_with_20_listeners():
    """Share of one processor while nothing happens, against a bare loop that looks at the socket table each second."""
    servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(20)]
    program = str(Path(sys.executable).with_name("portdash"))
    child = pexpect.spawn(program, dimensions=(45, 160), timeout=30, env={**os.environ, "TERM": "xterm-256color"})
    drain = threading.Thread(target=_drain, args=(child,), daemon=True)
    drain.start()
    loop = subprocess.Popen(
        [sys.executable, "-c", "import psutil, time\nwhile True: psutil.net_connections('inet'); time.sleep(1)"]
    )
    try:
        mine, theirs = psutil.Process(child.pid), psutil.Process(loop.pid)
        threading.Event().wait(5)
        before = _cpu(mine), _cpu(theirs)
        threading.Event().wait(SECONDS)
        spent, base = _cpu(mine) - before[0], _cpu(theirs) - before[1]
    finally:
        child.terminate(force=True)
        drain.join(10)
        child.close()
        loop.kill()
        loop.wait()
        for server in servers:
            server.close()
    report(
        "steady CPU at 1 Hz, against psutil alone at 1 Hz", spent / base, 8, f"{100 * spent / SECONDS:.2f} % of a core"
    )


def _drain(child: "pexpect.spawn[bytes]") -> None:
    while child.isalive():
        try:
            child.read_nonblocking(65536, timeout=1)
        except pexpect.TIMEOUT:
            continue
        except (pexpect.EOF, OSError, ValueError):  # it ended, or its terminal was closed
            return


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
