"""Services that do not run: on their way, or ended, and how."""

from dataclasses import replace
from pathlib import Path

import pytest
import scenes
from fakes import desk_for, look, running, screen_lines
from row_texts import KEYS, LIVE, drawn, everything, facts_of, find, text_of

from portdash.dashboard.rows.facts import Facts, digest
from portdash.dashboard.rows.service_details import describe_state
from portdash.dashboard.rows.summary import header_line
from portdash.dashboard.rows.words import state_of
from portdash.dashboard.starts import PATIENCE, Starts
from portdash.model.assignment import Lease
from portdash.model.snapshot import Snapshot
from portdash.supervisor.last_end import LastEnd, end_path, keep_end

IDLE = scenes.service(scenes.SHOP, "api", 8000)
UP = scenes.service(scenes.SHOP, "api", 8000, own=scenes.listener(8000, 3990, workspace=scenes.SHOP))
LEASE = Lease(key=IDLE.key, pid=77, started=1, boot_id="", token="", supervised=True)


def leased(view: object = IDLE, seconds: float = 0, lease: Lease = LEASE) -> Snapshot:
    snapshot = scenes.snapshot_of([view], taken_at=scenes.NOW + seconds)  # type: ignore[list-item]
    return replace(snapshot, leases={lease.key: lease})


def word(starts: Starts, snapshot: Snapshot) -> str:
    return state_of(starts.marked(snapshot).services[0]).word


def test_what_is_run_and_does_not_listen_is_starting_for_a_while():
    starts = Starts()
    assert word(starts, scenes.snapshot_of([IDLE])) == "not running"
    assert word(starts, leased(seconds=1)) == "starting 0s"
    assert word(starts, leased(seconds=5)) == "starting 4s"
    assert word(starts, leased(UP, seconds=6)) == "running"
    assert word(starts, leased(seconds=8)) == "starting 0s"
    assert word(starts, leased(seconds=8 + PATIENCE)) == "not running"
    assert word(starts, scenes.snapshot_of([IDLE], taken_at=scenes.NOW + 50)) == "not running"
    assert not starts.since


@pytest.mark.parametrize(("ago", "said"), [(4.0, "starting 4s"), (3600.0, "not running"), (None, "starting 0s")])
def test_at_the_first_look_a_start_is_as_old_as_its_run(ago: float | None, said: str):
    starts = Starts(lambda lease: None if ago is None or lease.pid != 77 else scenes.NOW - ago)
    assert word(starts, leased()) == said


def test_a_lease_that_nobody_supervises_is_no_start():
    assert word(Starts(), leased(lease=replace(LEASE, supervised=False))) == "not running"


def test_the_row_says_who_starts_it_and_then_that_it_does_not_listen():
    starts = Starts()
    first = facts_of(starts.marked(leased()))
    row = find(drawn(everything(first), 120), " api ")
    assert "◔ starting 0s" in row
    assert "portdash 77 starts it" in row
    assert "◔ 1 starting" in text_of(header_line(first, LIVE, 160))
    assert "○" not in text_of(header_line(first, LIVE, 160))
    assert "0 running · ◔ 1" in drawn(everything(first), 120)[0]
    late = facts_of(starts.marked(leased(seconds=PATIENCE)))
    row = find(drawn(everything(late), 120), " api ")
    assert "○ not running" in row
    assert "portdash 77 runs it, and it does not listen" in row


@pytest.mark.parametrize(
    ("status", "said"), [(143, "exited 3s ago, code 143, portdash 77 starts it again"), (None, "exited 3s ago  ")]
)
def test_what_ended_and_has_a_run_still_is_started_again_unless_it_was_stopped(status: int | None, said: str):
    ends = {IDLE.key: LastEnd(scenes.NOW - 3, status)}
    facts = digest(Starts().marked(leased()), home=scenes.HOME, keys=KEYS, ends=ends)
    assert said in find(drawn(everything(facts), 160), " api ")


def ended(ago: float, status: int | None, *, before: Facts | None = None, seconds: float = 0) -> Facts:
    snapshot = scenes.snapshot_of([IDLE], taken_at=scenes.NOW + seconds)
    ends = {IDLE.key: LastEnd(snapshot.taken_at - ago, status)}
    return digest(snapshot, home=scenes.HOME, keys=KEYS, before=before, ends=ends)


@pytest.mark.parametrize(("status", "said"), [(3, "exited 12m ago, code 3"), (None, "exited 12m ago")])
def test_the_row_says_how_it_ended_that_no_dashboard_has_seen(status: int | None, said: str):
    facts = ended(720, status)
    assert f"{said}, port free" in find(drawn(everything(facts), 120), " api ")
    assert describe_state(facts.snapshot.services[0], facts) == f"not running, {said}"


def test_an_end_before_it_was_last_seen_running_or_got_its_port_is_not_this_one():
    seen = facts_of(scenes.snapshot_of([UP]))
    row = find(drawn(everything(ended(700, 3, before=seen, seconds=60)), 120), " api ")
    assert "exited 1m ago, port free" in row
    assert "code" not in row
    assert "exited" not in find(drawn(everything(ended(3 * scenes.HOUR, 3)), 120), " api ")


async def test_a_start_that_failed_leaves_its_trace(tmp_path: Path):
    desk = desk_for(scenes.snapshot_of([IDLE]))
    desk.log_dir = tmp_path
    async with running(desk, size=(120, 35)) as (pilot, main):
        assert "exited" not in find(screen_lines(pilot.app), " api ")
        keep_end(end_path(tmp_path / "api.log"), LastEnd(scenes.NOW + 1, 3))
        await look(pilot, main, desk, scenes.snapshot_of([IDLE], taken_at=scenes.NOW + 4))
        assert "exited 3s ago, code 3" in find(screen_lines(pilot.app), " api ")
