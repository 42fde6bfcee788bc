"""A dashboard over a machine on which strangers chose every string; run it in a terminal: SEED, COUNT, HOME.

Each string stands wherever one from outside can: names, arguments, directories, users, units, containers and projects
of listeners; roots of workspaces; purposes, reasons and actors; notices; what a service printed.
"""

import random
import sys
from dataclasses import replace
from itertools import count
from pathlib import Path

from portdash.config.paths import state_dir
from portdash.config.settings import Config
from portdash.dashboard.app import run_dashboard
from portdash.dashboard.desk import Desk
from portdash.dashboard.options import Options
from portdash.demo.clock import FrozenClock
from portdash.demo.health import StandingChecks
from portdash.demo.machine import FakeMachine
from portdash.manager.deps import Deps, Place
from portdash.model.assignment import Assignment, ServiceKey, ServiceSpec, Source
from portdash.model.health import Health, HealthLevel, HealthState
from portdash.model.listener import Ancestor, Container, Listener, Process
from portdash.model.ports import IpProtocol
from portdash.model.project import Project
from portdash.model.storage import Applied, Batch, Claim, RecordWorkspace
from portdash.model.workspace import Workspace
from portdash.store.memory import MemoryStore
from portdash.supervisor.logs import log_path

NOW = 1_800_000_000.0
MARK = "7331"
"""Stands in every command to the terminal that is smuggled in, and in none that Textual gives."""
PIECES = (
    "[/]", "[/red]", "[@click=app.quit]x[/]", "[bold", "[$primary]", "\\[", "{{}}", "%s", "$(reboot)", "`id`",
    f"\x1b[{MARK}m", f"\x1b[{MARK}J", f"\x1b]52;c;{MARK}\x07", f"\x1b]0;{MARK}\x1b\\", f"\x1bP{MARK}\x1b\\",
    f"\x9b{MARK}m", f"\x9d0;{MARK}\x9c", "\x07", "\x00", "\x08\x08", "\r\n", "\t", "\x7f",
    "\u202egnp.exe\u2066", "\u200b\ufeff\u00ad", "\u2028\u2029", "e\u0301\u0301\u0301", "漢字かな한국어",
    "\U0001f469\u200d\U0001f469\u200d\U0001f466", "\U0001f3f3\ufe0f\u200d\U0001f308", "\U000e0041",
    "\udcff\udc80", "--token=hunter2", "x" * 300, " ", "", "-", "../..", "nul", "'\"", "\x1b", "\x1b[", "\x1b]",
)  # fmt: skip


def strings(seed: int, amount: int) -> list[str]:
    """Return so many strings, each of some pieces; the same for one seed."""
    chance = random.Random(seed)
    return ["".join(chance.choices(PIECES, k=chance.randint(1, 4))) for _ in range(amount)]


def listener(port: int, pid: int, bad: str, *, container: bool = False) -> Listener:
    """Return a socket of whose owner every word is `bad`."""
    path = f"/{bad}"
    owner = Process(
        pid=pid, started_at=NOW - 60, ticks=pid, name=bad, command=("node", bad, bad), user="ann", cwd=path, parent=1
    )
    box = Container(id=bad, name=bad, compose_project=bad, compose_service=bad, image=bad, health=bad, directory=path)
    return Listener(
        protocol=IpProtocol.TCP,
        address="127.0.0.1",
        port=port,
        owner=owner,
        pids=(pid,),
        user=bad,
        project=Project(root=path, name=bad, repository=bad, worktree=bad, package=bad),
        container=box if container else None,
        via=bad,
        unit=bad,
        framework=bad,
        title=bad,
        ancestors=(Ancestor(1, bad, bad), Ancestor(2, bad)),
        connections=1,
    )


class Checks(StandingChecks):
    """Says of everybody what a stranger made it say."""

    def __init__(self, verdicts: dict[ServiceKey, Health]) -> None:
        self._verdicts = verdicts

    def verdicts(self) -> dict[ServiceKey, Health]:
        return self._verdicts


def hostile_desk(seed: int, amount: int, home: Path) -> Desk:
    """Return a desk over it: a service for each string, squatted by a server of that string, and a listener more."""
    bad_ones = strings(seed, amount)
    store, machine = MemoryStore(), FakeMachine(host="h", user="ann")
    verdicts: dict[ServiceKey, Health] = {}
    pids = count(5000)
    for number, bad in enumerate(bad_ones):
        port = 3000 + 3 * number
        workspace = Workspace(name=f"w{number // 4}", root=f"/{bad_ones[number - number % 4]}{number // 4}")
        key = ServiceKey("h", "ann", workspace.name, "development", f"svc{number}")
        spec = ServiceSpec(name=f"svc{number}", purpose=bad, type=bad, preferred=(port,))
        row = Assignment(key=key, spec=spec, port=port, source=Source.PREFERRED, actor=bad, assigned_at=NOW - 90)
        ops = (RecordWorkspace("h", workspace), Claim(options=(row,), expected=None, reason=bad))
        answer = store.apply(
            Batch(id=str(number), title=bad, workspace=workspace.name, actor=bad, at=NOW - 90, ops=ops)
        )
        assert isinstance(answer, Applied), answer
        verdicts[key] = Health(state=HealthState.UNHEALTHY, level=HealthLevel.HTTP, latency_ms=1.0, detail=bad)
        machine.listen(listener(port, next(pids), bad))
        machine.listen(listener(port + 1, next(pids), bad, container=number % 2 == 0))
        log = log_path(state_dir({"HOME": str(home)}, home), key)
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_bytes(bad.encode("utf-8", "surrogatepass") + b"\nmore\n")
    deps = Deps(
        store=store,
        machine=machine,
        config=Config(warnings=tuple(bad_ones[:5])),
        clock=FrozenClock(NOW),
        place=Place("h", "ann", Workspace(name="w0", root=f"/{bad_ones[0]}0"), "development"),
        actor="dashboard",
        environ={"HOME": str(home)},
    )
    return Desk(deps, monitor=Checks(verdicts))


if __name__ == "__main__":
    desk = hostile_desk(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
    sys.exit(run_dashboard(replace(desk.deps), Options(typing_window=0, mouse=False), desk=desk))
