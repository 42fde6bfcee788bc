"""What a supervisor is asked for through the store: stop, restart, move; with real processes on real sockets."""

import json
import os
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from own_ports import own_port
from supervised import Run, Running
from test_supervisor_run import SERVER, Command, answers, is_alive, on

from portdash.config.settings import Flags
from portdash.errors import NotSupervised, Refused, Unanswered
from portdash.manager.allocate import allocate
from portdash.manager.deps import Deps
from portdash.manager.facade import PortManager
from portdash.manager.opening import open_deps
from portdash.manager.requests import ask, pending
from portdash.manager.wishes import Wish
from portdash.model.requests import RequestKind

pytestmark = pytest.mark.needs_linux

FUSSY = 'case $PORT in *{bad}) exit 3;; esac; exec "$@"'
"""A shell's line that does not start a server on one port."""


@pytest.fixture
def deps(home: Path, project: Path) -> Iterator[Deps]:
    """Another process's view of the same store, as far as the store can tell."""
    made = open_deps(flags=Flags(), cwd=project, environ={"HOME": str(home)}, home=home, actor="test")
    yield made
    made.close()


def started(run: Run, *command: str, name: str = "web", options: tuple[str, ...] = ()) -> tuple[Running, int, int]:
    """Run a service and return it with its port and the pid of its child."""
    running = run(name, *options, "--", *(command or SERVER))
    return running, *on(running.until(f"{name} is on"))


def test_a_service_is_restarted_moved_and_stopped_as_asked(run: Run, deps: Deps):
    running, port, pid = started(run)
    key = deps.place.key("web")
    again = ask(deps, key, RequestKind.RESTART)
    assert (again.ok, again.answer) == (True, f"web was started again on {port}")
    assert not is_alive(pid)
    assert answers(port)

    other = own_port()
    moved = ask(deps, key, RequestKind.MOVE, port=other)
    assert (moved.ok, moved.answer) == (True, f"web is on {other}")
    assert answers(other)
    assert deps.machine.bind_error(key.protocol, port) is None

    ended = ask(deps, key, RequestKind.STOP)
    assert (ended.ok, ended.answer) == (True, "web has ended")
    assert running.ends() == 128 + signal.SIGTERM
    assert deps.machine.bind_error(key.protocol, other) is None
    assert key not in deps.store.snapshot().leases
    with pytest.raises(NotSupervised, match="nobody to ask"):
        ask(deps, key, RequestKind.STOP)


def test_a_child_that_does_not_start_on_the_new_port_is_put_back(run: Run, deps: Deps):
    bad = own_port()
    _, port, _ = started(run, "sh", "-c", FUSSY.replace("{bad}", str(bad)), "sh", *SERVER)
    moved = ask(deps, deps.place.key("web"), RequestKind.MOVE, port=bad)
    assert moved.ok is False
    assert moved.answer == f"web ended with status 3 on {bad}; it is back on {port}"
    assert answers(port)


def test_a_port_that_somebody_has_is_not_moved_to(run: Run, deps: Deps):
    running, port, _ = started(run)
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        taken = stranger.getsockname()[1]
        moved = ask(deps, deps.place.key("web"), RequestKind.MOVE, port=taken)
    assert moved.ok is False
    assert f"cannot have {taken}" in str(moved.answer)
    assert f"back on {port}" in str(moved.answer)
    assert f"back to {port}" in running.err
    assert answers(port)


def test_two_who_ask_at_once_are_both_answered(run: Run, deps: Deps):
    _, port, _ = started(run)
    key = deps.place.key("web")
    said: list[bool | None] = []
    threads = [threading.Thread(target=lambda: said.append(ask(deps, key, RequestKind.RESTART).ok)) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert said == [True, True]
    assert answers(port)


def test_who_asks_one_that_is_killed_hears_of_it(run: Run, deps: Deps):
    running, _, pid = started(run, *SERVER, "deaf")
    caught: list[Unanswered] = []

    def asks() -> None:
        try:
            ask(deps, deps.place.key("web"), RequestKind.STOP)
        except Unanswered as error:
            caught.append(error)

    thread = threading.Thread(target=asks)
    thread.start()
    token = deps.store.snapshot().leases[deps.place.key("web")].token
    while not pending(deps, token):
        deps.store.watch(deps.store.snapshot().revision, 0.05)
    running.process.kill()
    running.process.wait()
    thread.join(60)
    os.killpg(pid, signal.SIGKILL)
    assert "without an answer" in caught[0].message


def test_one_that_only_leases_cannot_be_asked(deps: Deps):
    allocate(deps, [Wish(name="lib")], lease=True)
    with pytest.raises(NotSupervised, match="not run by portdash"):
        ask(deps, deps.place.key("lib"), RequestKind.RESTART)


def test_a_store_that_goes_away_is_said_once_and_waited_for(run: Run, deps: Deps, home: Path):
    running, port, _ = started(run)
    file = home / ".local/state/portdash/portdash.db"
    whole = file.read_bytes()
    file.write_bytes(b"x" * len(whole))
    running.until("until it is back")
    assert answers(port)
    file.write_bytes(whole)
    running.until("the store is back")
    assert ask(deps, deps.place.key("web"), RequestKind.RESTART).ok
    assert running.err.count("until it is back") == 1


def test_the_commands_ask_from_another_terminal(run: Run, command: Command, project: Path):
    running, port, pid = started(run)
    again = command("restart", "--json", cwd=project)
    (service,) = json.loads(again.stdout)["services"]
    assert (service["name"], service["port"], service["done"]) == ("web", port, True)
    assert not is_alive(pid)
    assert command("stop", "web", cwd=project).stdout == "web has ended\n"
    running.ends()


def test_what_is_run_keeps_its_port_until_it_was_stopped(run: Run, command: Command, deps: Deps, project: Path):
    running, port, _ = started(run)
    assert command("allocate", "ws", "--inherit-from", "web", cwd=project).returncode == 0
    for words in (["release", "web", "--yes"], ["release", str(port), "--yes"], ["reset", "--yes"]):
        refused = command(*words, cwd=project)
        assert (refused.returncode, refused.stdout) == (6, ""), words
        assert "error: web is run by portdash: `portdash stop web` first" in refused.stderr
    manager = PortManager(deps=deps)
    for give_back in (manager.reset_assignments, lambda: manager.release_port("web")):
        with pytest.raises(Refused, match="`portdash stop web` first"):
            give_back()
    assert command("release", "ws", cwd=project).returncode == 0  # which nobody runs
    assert command("undo", "--yes", cwd=project).returncode == 0
    assert command("release", "ws", cwd=project).returncode == 0
    assert command("get", "web", cwd=project).stdout == f"{port}\n"
    assert answers(port)
    assert command("stop", "web", cwd=project).stdout == "web has ended\n"
    running.ends()
    assert command("release", "web", cwd=project).returncode == 0


def test_an_undo_leaves_what_is_run_where_it_can_be_stopped(run: Run, command: Command, project: Path):
    running, port, _ = started(run)
    refused = command("undo", "--yes", cwd=project)
    assert refused.returncode == 6
    assert "web stays as it is: portdash runs it; `portdash stop web` ends it" in refused.stderr
    assert command("get", "web", cwd=project).stdout == f"{port}\n"
    assert command("stop", "web", cwd=project).stdout == "web has ended\n"
    running.ends()
    assert command("undo", "--yes", cwd=project).returncode == 0
    assert command("get", "web", cwd=project).returncode == 3
