"""Plans that move what portdash runs: applied by another process, put back where a server cannot start."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from own_ports import own_port
from supervised import LIMIT, Run
from test_supervisor_requests import started
from test_supervisor_run import SERVER, answers, is_alive, on

from portdash.config.settings import Flags
from portdash.errors import PlanFailed
from portdash.manager.allocate import allocate
from portdash.manager.apply import apply_plan
from portdash.manager.deps import Deps
from portdash.manager.opening import open_deps
from portdash.manager.plans import plan_allocate, plan_move, plan_resolve, plan_undo
from portdash.manager.wishes import Wish
from portdash.model.plan import Action, Strategy

pytestmark = pytest.mark.needs_linux

MOVES = 20 * int(os.environ.get("PORTDASH_TEST_SCALE", "1"))
HTTP = (sys.executable, "-m", "http.server", "{port}", "--bind", "127.0.0.1")
GATED = (
    'if [ "$PORT" != "$FIRST" ]; then while [ -e gate ]; do sleep 0.05; done; [ ! -e fail ] || exit 3; fi; exec "$@"'
)
"""A shell's line that starts a server elsewhere than on FIRST only once there is no gate, and not if it must fail."""
Open = Callable[[], Deps]


@pytest.fixture
def opened(home: Path, project: Path) -> Iterator[Open]:
    """Open the store of the project as another process would."""
    with contextlib.ExitStack() as stack:

        def again() -> Deps:
            environ = {"HOME": str(home)}
            made = open_deps(flags=Flags(), cwd=project, environ=environ, home=home, actor="test")
            stack.callback(made.close)
            return made

        yield again


def ports(deps: Deps) -> dict[str, int]:
    return {row.name: row.port for row in deps.store.snapshot().assignments.values()}


def test_an_aggressive_claim_moves_a_running_server_and_who_follows_it(run: Run, opened: Open, project: Path):
    (project / "portdash.toml").write_text('[services.api]\n[services.worker]\nrestart_on = ["api"]\n')
    _, port, pid = started(run, *HTTP, name="api")
    _, followers, follower = started(run, *SERVER, name="worker")
    deps = opened()
    wish = Wish(name="web", preferred=(port,))
    snapshot = deps.observer.snapshot()
    plan = plan_allocate(deps, snapshot, [wish], strategy=Strategy.AGGRESSIVE)
    assert [step.action for step in plan.steps] == [Action.MOVE, Action.ASSIGN, Action.RESTART, Action.RESTART]
    assert not plan.needs_consent
    assert (plan.cost.running_moved, plan.unresolved) == (1, ())
    shown: list[str] = []
    outcome = apply_plan(deps, plan, snapshot=snapshot, progress=shown.append)
    after = ports(deps)
    assert (after["web"], after["worker"]) == (port, followers)
    assert outcome.left == ()
    assert f"api is on {after['api']}" in outcome.lines
    assert f"worker was started again on {followers}" in outcome.lines
    assert shown == [f"restarting api on {after['api']} …", "restarting worker …"]
    assert not is_alive(pid)
    assert not is_alive(follower)
    assert deps.machine.bind_error(deps.place.key("web").protocol, port) is None
    assert deps.store.snapshot().plans == ()
    view = deps.observer.snapshot().service(deps.place.key("api"))
    assert view is not None
    assert view.is_running
    assert view.conflicts == ()


def test_resolving_by_force_gives_a_running_server_the_first_choice_that_another_has(run: Run, opened: Open):
    _, port, _ = started(run, *HTTP, name="api")
    _, fallback, _ = started(run, *HTTP, name="web", options=("--preferred", f"{port},{own_port()}"))
    deps = opened()
    snapshot = deps.observer.snapshot()
    plan = plan_resolve(deps, snapshot, deps.place.key("web"), strategy=Strategy.AGGRESSIVE)
    assert (fallback == port, plan.needs_consent, plan.cost.running_moved) == (False, False, 2)
    outcome = apply_plan(deps, plan, snapshot=snapshot)
    assert f"web is on {port}" in outcome.lines
    assert f"api is on {ports(deps)['api']}" in outcome.lines
    views = [deps.observer.snapshot().service(deps.place.key(name)) for name in ("web", "api")]
    assert [(view.is_running, view.conflicts) for view in views if view] == [(True, ())] * 2


def test_one_that_comes_up_elsewhere_by_itself_makes_those_that_follow_it_start_again_once(
    run: Run, opened: Open, project: Path
):
    (project / "portdash.toml").write_text('[services.api]\n[services.worker]\nrestart_on = ["api"]\n')
    api, port, _ = started(run, *SERVER, name="api")
    worker, _, pid = started(run, *SERVER, name="worker")
    api.signal()
    api.ends()
    with taken(port):
        again, other, _ = started(run, *SERVER, name="api")
    assert other != port
    assert again.until("worker is started again") == "portdash: worker is started again: it asks to be when api moves"
    deps = opened()
    until(deps, lambda: all(each.ok for each in deps.store.snapshot().requests))
    assert len(deps.store.snapshot().requests) == 1
    assert not is_alive(pid)
    assert worker.err.count("worker is on") == 2
    assert answers(ports(deps)["worker"])


def test_one_that_is_restarted_where_it_was_disturbs_nobody(run: Run, opened: Open, project: Path):
    (project / "portdash.toml").write_text('[services.api]\n[services.worker]\nrestart_on = ["api"]\n')
    api, port, _ = started(run, *SERVER, name="api")
    started(run, *SERVER, name="worker")
    api.signal()
    api.ends()
    _, again, _ = started(run, *SERVER, name="api")
    assert again == port
    assert opened().store.snapshot().requests == ()


def test_one_that_meets_a_stranger_at_its_start_is_followed_to_the_next_port(run: Run, opened: Open, project: Path):
    (project / "portdash.toml").write_text('[services.api]\n[services.worker]\nrestart_on = ["api"]\n')
    deps = opened()
    port = allocate(deps, [Wish(name="api")]).assignments[0].port
    worker, _, _ = started(run, *SERVER, name="worker")
    (project / "gate").touch()
    running = run(
        "api", "--", "sh", "-c", 'echo ready; while [ -e gate ]; do sleep 0.05; done; exec "$@"', "sh", *SERVER
    )
    running.until("ready")
    with taken(port):
        (project / "gate").unlink()
        running.until("api is on")
    running.until("worker is started again")
    worker.until("worker is started again")
    until(deps, lambda: all(each.ok for each in deps.store.snapshot().requests))
    assert ports(deps)["api"] != port
    assert running.err.count("worker is started again") == 1


@contextlib.contextmanager
def taken(port: int) -> Iterator[None]:
    """Have a stranger on a port."""
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stranger.bind(("127.0.0.1", port))
        stranger.listen()
        yield


@pytest.mark.faults
def test_a_port_that_stays_taken_behind_a_server_that_has_moved_is_said(run: Run, opened: Open):
    running = run("api", "--", *SERVER, "haunt")
    ghost = int(running.until("ghost").split()[1])
    try:
        port, _ = on(running.until("api is on"))
        deps = opened()
        outcome = apply_plan(deps, plan_move(deps, deps.observer.snapshot(), deps.place.key("api"), port + 1))
        (line,) = [each for each in outcome.lines if "api is on" in each]
        assert line.startswith(f"api is on {port + 1}; {port} is not free: ")
    finally:
        os.kill(ghost, signal.SIGKILL)
        for each in running.out.split("ghost ")[2:]:
            os.kill(int(each.split()[0]), signal.SIGKILL)


def test_two_running_servers_change_places_and_back(run: Run, opened: Open):
    _, one, _ = started(run, *SERVER, name="one")
    _, two, _ = started(run, *SERVER, name="two")
    deps = opened()
    plan = plan_move(deps, deps.observer.snapshot(), deps.place.key("one"), two, strategy=Strategy.AGGRESSIVE)
    apply_plan(deps, plan)
    moved = ports(deps)
    assert (moved["one"], moved["two"]) != (one, two)
    assert answers(two)
    assert answers(moved["two"])
    undo = plan_undo(deps, deps.observer.snapshot())
    assert undo.notices == (), "who listens on the port of the other is restarted, too"
    apply_plan(deps, undo)
    assert ports(deps) == {"one": one, "two": two}
    assert answers(one)
    assert answers(two)


def test_a_server_that_cannot_start_there_takes_the_whole_plan_back(run: Run, opened: Open, project: Path):
    deps = opened()
    port = allocate(deps, [Wish(name="api")]).assignments[0].port
    started(run, "env", f"FIRST={port}", "sh", "-c", GATED, "sh", *SERVER, name="api")
    (project / "fail").touch()
    before = deps.store.snapshot().assignments
    snapshot = deps.observer.snapshot()
    plan = plan_allocate(deps, snapshot, [Wish(name="web", preferred=(port,))], strategy=Strategy.AGGRESSIVE)
    with pytest.raises(PlanFailed, match="the ports are as they were"):
        apply_plan(deps, plan, snapshot=snapshot)
    assert deps.store.snapshot().assignments == before
    assert deps.store.snapshot().plans == ()
    assert answers(port)


@pytest.mark.parametrize("fails", [False, True])
def test_a_move_whose_maker_is_killed_is_settled_by_the_next_who_comes(
    run: Run, opened: Open, home: Path, project: Path, *, fails: bool
):
    deps = opened()
    port = allocate(deps, [Wish(name="api")]).assignments[0].port
    started(run, "env", f"FIRST={port}", "sh", "-c", GATED, "sh", *SERVER, name="api")
    (project / "gate").touch()
    mover = subprocess.Popen(
        [sys.executable, "-m", "portdash", "move", "api", str(port + 1)],
        cwd=project, env={**os.environ, "HOME": str(home)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    until(deps, lambda: bool(deps.store.snapshot().requests))
    mover.kill()
    mover.wait()
    assert len(opened().store.snapshot().plans) == 1  # the server is on its way: nothing is settled yet
    if fails:
        (project / "fail").touch()
    (project / "gate").unlink()
    until(deps, lambda: not deps.store.snapshot().requests[0].is_open)
    later = opened()
    assert later.store.snapshot().plans == ()
    assert ports(later) == {"api": port if fails else port + 1}
    assert answers(ports(later)["api"])


def until(deps: Deps, holds: Callable[[], bool]) -> None:
    """Wait until something holds of the store."""
    end = time.monotonic() + LIMIT
    while not holds():
        assert time.monotonic() < end
        deps.store.watch(deps.store.snapshot().revision, 0.2)


@pytest.mark.faults
def test_many_moves_under_load_leave_no_orphan(run: Run, opened: Open):
    running, port, pid = started(run, *HTTP, name="api")
    deps = opened()
    load = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(4)]
    pids = {pid}
    try:
        for number in range(MOVES):
            target = port + 1 + number % 7
            apply_plan(deps, plan_move(deps, deps.observer.snapshot(), deps.place.key("api"), target))
            (seen,) = [each for each in deps.machine.listeners() if each.port == target]
            pids.update(seen.pids)
    finally:
        for each in load:
            each.kill()
            each.wait()
    assert len(pids) == MOVES + 1
    assert [each for each in pids if is_alive(each)] == list(seen.pids)
    running.signal()
    running.ends()
    assert not any(map(is_alive, pids))


@pytest.mark.faults
def test_moves_from_several_processes_at_once_end_where_the_store_says(run: Run, opened: Open, home: Path):
    _, port, _ = started(run, *SERVER, name="api")

    def move(number: int) -> int:
        command = [sys.executable, "-m", "portdash", "--workspace", "shop", "move", "api", str(port + 1 + number)]
        environ = {**os.environ, "HOME": str(home)}
        return subprocess.run(command, check=False, capture_output=True, env=environ).returncode

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(move, range(4)))
    assert set(done) <= {0, 6}
    assert 0 in done
    assert answers(ports(opened())["api"])
