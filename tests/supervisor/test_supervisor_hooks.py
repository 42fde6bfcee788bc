"""Hooks: what they are told, that each runs once however many processes there are, and what a bad one can do."""

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from supervised import LIMIT, Run

from portdash.config.hooks import HookConfig, HookEvent
from portdash.config.settings import Config, Flags
from portdash.demo.clock import FrozenClock
from portdash.demo.machine import FakeMachine
from portdash.discovery.failovers import Failover, writer
from portdash.manager.allocate import allocate, settle
from portdash.manager.deps import Current, Deps, Place
from portdash.manager.finding import find_service
from portdash.manager.opening import open_deps
from portdash.manager.plans import plan_move
from portdash.manager.watcher import Watcher
from portdash.manager.wishes import Wish
from portdash.model.assignment import ServiceKey
from portdash.model.health import Health, HealthState
from portdash.model.history import Event, EventKind
from portdash.model.listener import Listener, Process
from portdash.model.ports import IpProtocol
from portdash.model.project import Project
from portdash.model.workspace import Workspace
from portdash.store.memory import MemoryStore
from portdash.supervisor.hooks import runner as runner_module
from portdash.supervisor.hooks.damping import LONGEST, Damper
from portdash.supervisor.hooks.duty import Duties
from portdash.supervisor.hooks.happening import Illness
from portdash.supervisor.hooks.runner import HookRunner, hooks_on_duty

HOSTILE = "we\x1b]52;c;AAAA\x07b"


def until(found: Callable[[], object]) -> None:
    deadline = time.monotonic() + LIMIT
    while not found():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)


class World:
    """One store and one machine, and the runners of several processes."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.told = directory / "told"
        self.said: list[str] = []
        self.verdicts: dict[ServiceKey, Health] = {}
        self.machine = FakeMachine(host="here", user="dev")
        self.deps = Deps(
            store=MemoryStore(),
            machine=self.machine,
            config=Config(),
            clock=FrozenClock(1_800_000_000.0),
            place=Place("here", "dev", Workspace(name="shop", root=None), "development"),
            actor="test",
            environ={"PATH": os.environ["PATH"], "PORTDASH_TOKEN": "secret"},
            verdicts=lambda: dict(self.verdicts),
        )
        self._runners: list[HookRunner] = []

    def hook(self, *on: str, script: str = "cat >> told", timeout: float = 10.0) -> HookConfig:
        events = tuple(map(HookEvent, on))
        return HookConfig(on=events, command=("sh", "-c", script), timeout=timeout, directory=self.directory)

    def run(self, *hooks: HookConfig, quiet: float = 60.0, current: Current | None = None) -> HookRunner:
        deps = replace(self.deps, config=replace(self.deps.config, hooks=hooks))
        runner = HookRunner(
            deps, self.directory / "locks", say=self.said.append, look=0.02, claim=0.02, quiet=quiet, current=current
        )
        runner.start()
        self._runners.append(runner)
        return runner

    def move(self, name: str, to: int) -> None:
        settle(self.deps, lambda snapshot: plan_move(self.deps, snapshot, find_service(snapshot, name).key, to))

    def lines(self) -> list[dict[str, object]]:
        """Return what was told so far, without a line that is not whole yet."""
        text = self.told.read_text() if self.told.exists() else ""
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def heard(self, count: int) -> list[dict[str, object]]:
        until(lambda: len(self.lines()) >= count)
        return self.lines()

    def close(self) -> None:
        for runner in self._runners:
            runner.stop()
        self.deps.store.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


def test_a_hook_reads_what_happened(world: World):
    world.run(world.hook("assigned", "moved"))
    allocate(world.deps, [Wish(name="Web", preferred=(3000,))])
    world.heard(1)
    world.move("web", 3100)
    first, second = world.heard(2)
    assert first == {
        "schema_version": 1,
        "event": "assigned",
        "service": "Web",
        "workspace": "shop",
        "ports": {"from": None, "to": 3000},
        "at": "2027-01-15T08:00:00Z",
        "actor": "test",
        "reason": "it is what it asked for",
        "held_back": 0,
    }
    assert (second["event"], second["ports"]) == ("moved", {"from": 3000, "to": 3100})


def test_a_conflict_is_told_when_it_comes_and_when_it_goes(world: World):
    allocate(world.deps, [Wish(name="web", preferred=(3000,))])
    world.run(world.hook("conflict", "resolved"))
    world.machine.listen(Listener(protocol=IpProtocol.TCP, address="127.0.0.1", port=3000, user="other"))
    assert world.heard(1)[0]["event"] == "conflict"
    world.move("web", 3001)
    assert [each["event"] for each in world.heard(2)] == ["conflict", "resolved"]


def test_each_hook_runs_in_one_process_and_is_taken_over_when_that_ends(world: World):
    hook = world.hook("assigned")
    first, _second = world.run(hook), world.run(hook)
    for number in range(5):
        allocate(world.deps, [Wish(name=f"a{number}")])
    assert len(world.heard(5)) == 5
    first.stop()
    for number in range(100):
        allocate(world.deps, [Wish(name=f"b{number}")])
        if len(world.lines()) > 5:
            break
        time.sleep(0.02)
    names = [each["service"] for each in world.heard(6)]
    assert len(set(names)) == len(names)
    assert {f"a{number}" for number in range(5)} < set(names)


def test_a_service_that_falls_ill_is_told_once_until_it_is_well(world: World):
    allocate(world.deps, [Wish(name="Web", preferred=(3000,))])
    key = world.deps.place.key("web")
    world.verdicts[key] = Health(state=HealthState.HEALTHY)
    world.run(world.hook("unhealthy", "healthy"))
    world.verdicts[key] = Health(state=HealthState.HUNG, detail=HOSTILE)
    ill = world.heard(1)[0]
    assert (ill["event"], ill["service"], ill["ports"]) == ("unhealthy", "Web", {"from": None, "to": 3000})
    assert ill["reason"] == "hung: we\\x1b]52;c;AAAA\\x07b"
    world.verdicts[key] = Health(state=HealthState.HEALTHY)
    assert [each["event"] for each in world.heard(2)] == ["unhealthy", "healthy"]


@pytest.fixture
def server(world: World) -> Iterator["subprocess.Popen[bytes]"]:
    """The process of the service `web`, on 3000."""
    root = "/w/shop"
    with subprocess.Popen(["sleep", "300"]) as server:
        world.machine = FakeMachine(host="here", user="dev", projects=(Project(root=root, name="shop"),))
        place = Place("here", "dev", Workspace(name="shop", root=root), "development")
        world.deps = replace(world.deps, machine=world.machine, place=place, verdicts=dict)
        allocate(world.deps, [Wish(name="web", preferred=(3000,))])
        owner = Process(pid=server.pid, name="node", ticks=1, started_at=1.0, user="dev", cwd=root, command=("node",))
        world.machine.listen(
            Listener(
                protocol=IpProtocol.TCP, address="127.0.0.1", port=3000, owner=owner, pids=(server.pid,), user="dev",
                project=Project(root=root, name="shop"),
            )
        )  # fmt: skip
        yield server
        server.kill()


@pytest.mark.needs_linux
def test_where_nobody_checks_services_the_hooks_do(world: World, server: "subprocess.Popen[bytes]"):
    world.run(world.hook("unhealthy"))
    server.send_signal(signal.SIGSTOP)
    told = world.heard(1)[0]
    assert (told["event"], told["service"], told["reason"]) == ("unhealthy", "web", "hung: stopped by a signal")


def test_hooks_that_are_edited_meanwhile_count_at_once(world: World):
    old, new = world.hook("assigned", script="cat > old"), world.hook("assigned", script="cat >> told")
    now = [world.deps]

    def edit(*hooks: HookConfig) -> None:
        now[0] = replace(world.deps, config=replace(world.deps.config, hooks=hooks))

    runner = world.run(current=lambda: now[0])
    edit(old)
    until(lambda: runner._on_duty)
    allocate(world.deps, [Wish(name="one")])
    until((world.directory / "old").exists)
    edit(new)
    until(lambda: new in runner._on_duty.values())
    (world.directory / "old").unlink()
    allocate(world.deps, [Wish(name="two")])
    assert [each["service"] for each in world.heard(1)] == ["two"]
    assert not (world.directory / "old").exists()
    edit()
    other = world.run(old, new)  # nobody keeps a hook that it does not run any more
    until(lambda: len(other._on_duty) == 2)
    assert world.said == []


def test_once_nothing_may_be_changed_any_more_no_hook_runs(world: World):
    hooks = (world.hook("assigned"),)
    now = [replace(world.deps, config=Config(hooks=hooks))]
    runner = world.run(*hooks, current=lambda: now[0])
    until(lambda: runner._on_duty)
    now[0] = replace(world.deps, config=Config(hooks=hooks, read_only=True))
    until(lambda: not runner._on_duty)


@pytest.mark.needs_linux
def test_hooks_and_who_listens_beside_them_have_one_monitor(world: World, server: "subprocess.Popen[bytes]"):
    before = set(threading.enumerate())  # an earlier test's may still be about to end

    def monitors() -> int:
        return [each.name for each in set(threading.enumerate()) - before].count("portdash-health")

    world.run(world.hook("unhealthy"))
    server.send_signal(signal.SIGSTOP)
    world.heard(1)
    events: list[Event] = []
    world.deps.events.on(EventKind.HEALTH, events.append)
    watcher = Watcher(world.deps, look=0.02)
    watcher.start(health=True)
    until(lambda: events)  # though it was ill before anybody listened
    assert events[0].reason == "hung: stopped by a signal"
    assert monitors() == 1
    world.close()
    server.send_signal(signal.SIGCONT)
    watcher.stop()
    watcher.join()
    until(lambda: not monitors())


@pytest.mark.needs_linux
def test_a_run_runs_hooks_and_they_hear_of_repeated_failovers(run: Run, home: Path, project: Path):
    config = home / ".config/portdash/config.toml"
    told = config.with_name("told")
    with config.open("a") as file:
        file.write("[[hooks]]\non = ['failover']\ncommand = ['sh', '-c', 'cat > part && mv part told']\n")
    running = run("api", "--", sys.executable, str(Path(__file__).with_name("supervised_server.py")))
    running.until("api is on")
    environ = {"HOME": str(home)}
    write = writer("api", lambda: open_deps(flags=Flags(), cwd=project, environ=environ, home=home, actor="library"))
    write(Failover(from_port=8080, to_port=8081, why="hung", count=3))
    until(told.exists)
    document = json.loads(told.read_text())
    assert (document["event"], document["service"], document["workspace"]) == ("failover", "api", "shop")
    assert document["ports"] == {"from": 8080, "to": 8081}
    assert document["reason"] == "3 times within 60 s, the last: hung"
    running.signal()
    running.ends()


def test_what_flaps_is_told_at_once_and_then_as_a_number(world: World, monkeypatch: pytest.MonkeyPatch):
    now = 1000.0
    monkeypatch.setattr(runner_module, "time", SimpleNamespace(monotonic=lambda: now))
    allocate(world.deps, [Wish(name="web", preferred=(3000,))])
    runner = world.run(world.hook("moved"), quiet=60.0)
    for port in range(3001, 3031):
        world.move("web", port)
    until(lambda: [each.count for each in runner._damper._kept.values()] == [29])
    now += 60.0
    first, last = world.heard(2)
    assert (first["ports"], first["held_back"]) == ({"from": 3000, "to": 3001}, 0)
    assert (last["ports"], last["held_back"]) == ({"from": 3029, "to": 3030}, 28)


def test_what_takes_too_long_is_ended_with_all_that_it_started(world: World):
    world.run(world.hook("assigned", script="sleep 300 & echo $! > child; wait", timeout=3.0))
    allocate(world.deps, [Wish(name="web")])
    until(lambda: world.said)
    assert world.said == ["the hook sh took longer than 3s and was ended"]
    child = int((world.directory / "child").read_text())
    until(lambda: not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text().split()[2])


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("sh", "-c", "echo; printf 'no \\033[31mway\\n' >&2; exit 3"), "the hook sh exit status 3: no \\x1b[31mway"),
        (("sh", "-c", "kill -9 $$"), "the hook sh ended by signal 9"),
        (("./no\x1bsuch",), "the hook ./no\\x1bsuch cannot be run: No such file or directory"),
        (("/",), "the hook / cannot be run: Permission denied"),
        (("a\0b",), "the hook a\\x00b cannot be run: embedded null byte"),
    ],
)
def test_one_that_fails_is_said_once_and_others_go_on(world: World, command: tuple[str, ...], told: str):
    failing = HookConfig(on=(HookEvent.ASSIGNED,), command=command, directory=world.directory)
    world.run(failing, world.hook("assigned"))
    for number in range(5):
        allocate(world.deps, [Wish(name=f"s{number}")])
    world.heard(5)
    until(lambda: world.said)
    assert world.said == [told]


def test_a_hook_is_no_shell_and_knows_no_secret(world: World):
    script = "import os, sys; print(sys.argv[1:], 'PORTDASH_TOKEN' in os.environ, file=open('seen', 'w'))"
    arguments = ("$(touch owned)", "`touch owned`", ";touch owned", "*")
    hook = HookConfig(
        on=(HookEvent.ASSIGNED,), command=(sys.executable, "-c", script, *arguments), directory=world.directory
    )
    world.run(hook)
    allocate(world.deps, [Wish(name="web")])
    seen = world.directory / "seen"
    until(lambda: seen.exists() and seen.read_text().endswith("\n"))
    assert seen.read_text() == f"{list(arguments)} False\n"
    assert not (world.directory / "owned").exists()


def test_stopping_ends_what_still_runs(world: World):
    runner = world.run(world.hook("assigned", script="echo $$ > pid; exec sleep 300"))
    allocate(world.deps, [Wish(name="web")])
    pid = world.directory / "pid"
    until(lambda: pid.exists() and pid.read_text().endswith("\n"))
    runner.stop()
    with pytest.raises(ProcessLookupError):
        os.killpg(int(pid.read_text()), 0)


def test_without_hooks_and_in_read_only_nothing_starts(world: World, home: Path):
    hooks = (world.hook("assigned"),)
    for config in (Config(), Config(hooks=hooks, read_only=True)):
        with hooks_on_duty(replace(world.deps, config=config), say=world.said.append):
            allocate(world.deps, [Wish(name="web")])
    assert list(home.rglob("*.lock")) == []
    with hooks_on_duty(replace(world.deps, config=Config(hooks=hooks), environ={"HOME": str(home)})):
        assert len(list(home.rglob("hooks/*.lock"))) == 1


def test_a_place_that_cannot_be_written_is_said(world: World):
    (world.directory / "locks").write_text("in the way")
    world.run(world.hook("assigned"))
    until(lambda: world.said)
    assert world.said == [f"hooks are not run: {world.directory / 'locks'}: File exists"]


def test_a_lock_is_one_owners_and_no_link_is_followed(tmp_path: Path):
    first, second = Duties(tmp_path), Duties(tmp_path)
    assert first.take("a")
    assert first.take("a")
    assert not second.take("a")
    assert second.take("b")
    first.close()
    assert second.take("a")
    second.close()
    (tmp_path / "c.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        first.take("c")
    assert not (tmp_path / "elsewhere").exists()


def test_damping_waits_longer_and_longer_and_forgets():
    damper: Damper[str, int] = Damper(10.0)
    told = []
    for now in range(3600):
        if damper.admit("web", now, float(now)):
            told.append(now)
        told += [value for _key, value, _before in damper.due(float(now))]
    assert told[:5] == [0, 10, 30, 70, 150]
    assert len(told) < 15
    assert max(later - earlier for earlier, later in itertools.pairwise(told)) <= LONGEST
    assert list(damper.due(5000.0)) != []
    assert list(damper.due(9000.0)) == []
    assert damper.admit("web", 1, 9001.0)


def test_only_who_was_ill_is_told_to_be_well():
    illness = Illness("test")
    key = ServiceKey("here", "dev", "shop", "development", "web", IpProtocol.TCP)

    def seen(state: HealthState | None) -> list[str]:
        verdicts = {key: Health(state=state)} if state else {}
        return [each.kind.value for each in illness.see(verdicts, {}, 0.0)]

    assert seen(HealthState.UNKNOWN) == seen(HealthState.HEALTHY) == seen(HealthState.STARTING) == []
    assert seen(HealthState.UNHEALTHY) == ["unhealthy"]
    assert seen(HealthState.HUNG) == seen(HealthState.UNKNOWN) == []
    assert seen(HealthState.DEGRADED) == ["healthy"]
    assert seen(HealthState.HUNG) == ["unhealthy"]
    assert seen(None) == seen(HealthState.HEALTHY) == []
