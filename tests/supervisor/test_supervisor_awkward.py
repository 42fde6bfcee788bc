"""Children that behave badly: what `run` makes of them, with real processes."""

import signal
import sys
from pathlib import Path

import pytest
from supervised import Run
from test_supervisor_run import SERVER, answers, is_alive, on

from portdash.supervisor.logs import LARGEST, OLDER

pytestmark = pytest.mark.needs_linux

_NOISE = (
    f"import sys; line = b'x' * 1023 + b'\\n'\nfor _ in range({4 * LARGEST} // 1024): sys.stdout.buffer.write(line)"
)
_RELOADER = 'setsid "$@" & echo "worker $!"; until [ -e gate ]; do sleep 0.05; done; exit 3'
"""Starts its server in a session of its own, and ends before it, once there is a gate."""


def log_of(home: Path) -> Path:
    return home / ".local/state/portdash/logs/shop/development/web.log"


def test_one_that_writes_without_end_fills_no_disk_and_is_not_held_up(run: Run, home: Path):
    running = run("web", "--", sys.executable, "-c", f"{_NOISE}\nprint('end of it')")
    assert running.ends() == 0
    log = log_of(home)
    assert log.read_bytes().endswith(b"end of it\n")
    sizes = [each.stat().st_size for each in (log, log.with_name(log.name + OLDER))]
    assert all(0 < size <= LARGEST for size in sizes)
    assert len(running.out) == 4 * LARGEST + len("end of it\n")


def test_one_that_closes_its_streams_is_seen_all_the_same(run: Run):
    running = run("web", "--", "sh", "-c", 'exec 0<&- 1>&- 2>&-; exec "$@"', "sh", *SERVER, "quiet")
    port, pid = on(running.until("web is on"))
    assert answers(port)
    running.signal()
    assert running.ends() == 128 + signal.SIGTERM
    assert not is_alive(pid)


def test_one_that_dies_at_once_ends_the_run_with_its_status(run: Run):
    running = run("web", "--", "false")
    assert running.ends() == 1
    assert "web is on" not in running.err


def test_a_reloader_that_ends_before_its_server_leaves_nobody_on_the_port(run: Run, project: Path):
    running = run("web", "--", "sh", "-c", _RELOADER, "sh", *SERVER)
    worker = int(running.until("worker").split()[1])
    port, _ = on(running.until("web is on"))
    assert answers(port)
    (project / "gate").touch()
    assert running.ends() == 3
    assert "web had left its port to another process of its own" in running.err
    assert not is_alive(worker)


@pytest.mark.faults
def test_one_that_never_listens_is_said_and_runs_on(run: Run):
    running = run("web", "--", *SERVER, "mute")
    running.until("web does not listen on")
    assert running.process.poll() is None
    running.signal()
    assert running.ends() == 128 + signal.SIGTERM
