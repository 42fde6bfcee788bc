"""What the dashboard costs while it is open."""

import asyncio
import gc
import os
import statistics
import time
from typing import TYPE_CHECKING, cast

import psutil
import pytest
from textual.app import App, ComposeResult
from textual.events import Key
from textual.widgets import DataTable
from timing import report

from portdash.cli import YOUNG
from portdash.config.settings import Config
from portdash.dashboard.app import PortdashApp
from portdash.dashboard.desk import Desk
from portdash.dashboard.keymap import make_keymap
from portdash.dashboard.messages import SnapshotTaken
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

if TYPE_CHECKING:
    from portdash.dashboard.screens.main import MainScreen

pytestmark = pytest.mark.benchmark

SCALE = int(os.environ.get("PORTDASH_TEST_SCALE", "1"))
ROWS = 5_000
GROWTH_ROUNDS = min(10_000, 1_000 * SCALE)
MEBIBYTE = 1024 * 1024


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
    first, second = (digest(crowd(each).look(), home="/home/dev", keys=make_keymap({}).names) for each in (0, 1))
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


async def test_a_key_is_obeyed_while_5000_rows_change():
    """Processor time from a key to its paint, where all 5,000 rows are others at the very moment it is pressed."""
    facts = [digest(crowd(each).look(), home="/home/dev", keys=make_keymap({}).names) for each in (0, 1)]
    app = PortdashApp(crowd(0), options=Options(typing_window=0))
    waits: list[float] = []
    was = gc.get_threshold()
    async with app.run_test(size=(160, 45)) as pilot:
        main = cast("MainScreen", app.screen)
        main.poller.hold("the benchmark says when")
        await pilot.pause()
        gc.set_threshold(YOUNG)  # as in the program
        for round_ in range(60):
            start, before = time.thread_time(), main.table.cursor
            main.post_message(SnapshotTaken(facts[round_ % 2]))
            app.post_message(Key("down", None))
            await pilot.pause()
            waits.append(time.thread_time() - start)
            assert main.table.cursor != before
        gc.set_threshold(*was)
    p95 = sorted(waits)[int(len(waits) * 0.95)]
    detail = f"{p95 * 1000:.1f} ms CPU, median {statistics.median(waits) * 1000:.1f}"
    report("key to paint while 5,000 rows refresh, p95 against 50 ms", p95 / 0.05, 1.0, detail)


async def test_refreshes_leave_nothing_behind():
    """Resident memory after so many refreshes of 5,000 rows, each of them another."""
    facts = [digest(crowd(each).look(), home="/home/dev", keys=make_keymap({}).names) for each in (0, 1)]
    listings = [build_listing(each, ListState()) for each in facts]
    app = PortdashApp(crowd(0), options=Options())
    async with app.run_test(size=(160, 45)) as pilot:
        table = app.screen.query_one(ServiceTable)

        async def refresh(times: int) -> float:
            for number in range(times):
                table.show(listings[number % 2])
                await asyncio.sleep(0)
                if number % 20 == 0:
                    await pilot.pause()
            gc.collect()
            return psutil.Process().memory_info().rss / MEBIBYTE

        before = await refresh(300)
        grown = await refresh(GROWTH_ROUNDS) - before
    report(f"growth over {GROWTH_ROUNDS:,} refreshes, against 2 MiB", grown / 2, 1.0, f"{grown:.2f} MiB")
