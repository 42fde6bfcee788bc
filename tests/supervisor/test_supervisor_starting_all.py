"""Several services started together by a face that lives on, with real processes on real sockets."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Thread

import psutil
import pytest
from supervised import LIMIT, Declare, Open
from test_supervisor_faults import until
from test_supervisor_run import SERVER, answers
from test_supervisor_up import runs_left, service

from portdash.config.settings import Flags
from portdash.errors import LockedDown, NoCommand, NotTrusted, Refused, UsageError
from portdash.manager.deps import Deps
from portdash.supervisor.cancelling import Cancel
from portdash.supervisor.handing import check_can_hand
from portdash.supervisor.progress import COURSE, How, Progress, read_line
from portdash.supervisor.starting import start
from portdash.supervisor.starting_all import start_all
from portdash.text import LONGEST

pytestmark = pytest.mark.needs_linux

HTTP = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "{port}"]


def http(name: str, *lines: str) -> str:
    return "\n".join((f"[services.{name}]", f"command = {json.dumps(HTTP)}", *lines, ""))


WAITS = ["sh", "-c", f"while ! [ -e go ]; do sleep 0.05; done; exec {shlex.join(SERVER)}"]
WAITING = f"[services.db]\ncommand = {json.dumps(WAITS)}\n"
"""A service that does not listen before there is a file `go`."""
IMPATIENT = """
import os, sys
from pathlib import Path
from portdash.config.settings import Flags
from portdash.manager.opening import open_deps
from portdash.supervisor.background import PROGRAM
from portdash.supervisor.together import bring_up, parts_of, place_all
from portdash.supervisor.up import Stage

stage = Stage(
    command=lambda name: (*PROGRAM, "run", name),
    hear=lambda *_: None,
    say=lambda line: print(line, file=sys.stderr),
    tell=lambda progress: sys.stdout.write(progress.line().decode()),
    stays=False,
    patience=1.0,
)
deps = open_deps(flags=Flags(), cwd=Path.cwd(), environ=dict(os.environ), home=Path.home(), actor="test")
parts = parts_of(deps, ())
place_all(deps, parts)
sys.exit(bring_up(deps, parts, stage).code)
"""
"""An `up -d` that gives a service a second to be well."""


class Heard:
    """What was told, in its order."""

    def __init__(self, deps: Deps) -> None:
        self.deps = deps
        self.told: list[Progress] = []

    def all(
        self,
        *names: str,
        cancel: Cancel | None = None,
        leave: Cancel | None = None,
        then: Callable[[Progress], None] | None = None,
    ) -> bool:
        def tell(progress: Progress) -> None:
            self.told.append(progress)
            if then:
                then(progress)

        keys = [self.deps.place.key(name) for name in names]
        return start_all(self.deps, keys, tell=tell, cancel=cancel, leave=leave)

    @property
    def steps(self) -> list[tuple[str, How]]:
        return [(each.name, each.how) for each in self.told]

    def last(self, name: str) -> Progress:
        return [each for each in self.told if each.name == name][-1]


CHAIN = (
    service("web", 'depends_on = ["api"]')
    + http("api", 'depends_on = ["db"]', 'health = { http_get = "/" }')
    + service("db")
)


def test_each_is_well_before_what_depends_on_it_is_begun_and_belongs_to_nobody(
    project: Path, declare: Declare, opened: Open
):
    declare(CHAIN)
    heard = Heard(opened())
    assert heard.all("web")
    assert heard.steps == [(name, how) for name in ("db", "api", "web") for how in (How.BEGUN, How.UP)]
    snapshot = heard.deps.observer.snapshot()
    for name in ("db", "api", "web"):
        view = snapshot.service(heard.deps.place.key(name))
        assert view
        assert view.port == heard.last(name).port
        assert view.is_running
    assert answers(heard.last("web").port or 0)
    ours = psutil.Process().children(recursive=True)
    for lease in snapshot.leases.values():
        assert psutil.Process(lease.pid) not in ours
        assert os.getsid(lease.pid) != os.getsid(0)
        assert COURSE not in psutil.Process(lease.pid).environ()
    assert runs_left(project)


def test_what_runs_is_left_alone_and_holds_nobody_back(declare: Declare, opened: Open):
    declare(service("web", 'depends_on = ["db"]') + service("db"))
    heard = Heard(opened())
    before = start(heard.deps, heard.deps.place.key("db"))
    assert heard.all("web", "db")
    assert heard.steps == [("db", How.RUNS), ("web", How.BEGUN), ("web", How.UP)]
    assert re.match(rf"on {before.port} \(.*\)", heard.told[0].why)
    again = Heard(heard.deps)
    assert again.all("web")
    assert {how for _, how in again.steps} == {How.RUNS}


@pytest.mark.faults
def test_where_one_fails_what_depends_on_it_is_held_back_and_the_rest_goes_on(declare: Declare, opened: Open):
    declare(
        service("web", 'depends_on = ["api"]')
        + '[services.api]\ncommand = ["sh", "-c", "echo no such table; exit 3"]\n'
        + '[services.lost]\ncommand = ["no-such-program"]\n'
        + service("docs")
    )
    heard = Heard(opened())
    assert not heard.all("web", "docs", "lost")
    assert heard.last("docs").how is How.UP
    assert heard.last("api") == Progress(name="api", how=How.FAILED, why="it ended with status 3", said="no such table")
    assert (heard.last("web").how, heard.last("web").why) == (How.HELD_BACK, "it depends on api")
    assert heard.last("lost").how is How.FAILED
    assert heard.last("lost").said == "there is no command no-such-program"


@pytest.mark.faults
def test_of_a_line_without_end_no_more_is_told_than_a_person_reads(declare: Declare, opened: Open):
    prints = "import sys; sys.stdout.write('\\x1b[31m' + 'x' * 1_000_000); sys.exit(3)"
    declare(f"[services.web]\ncommand = {json.dumps([sys.executable, '-c', prints])}\n")
    heard = Heard(opened())
    assert not heard.all("web")
    said = heard.last("web").said
    assert said.startswith("xxx")
    assert len(said) == LONGEST


@pytest.mark.faults
def test_one_that_is_not_well_in_time_has_failed_and_runs_on(project: Path, declare: Declare, opened: Open):
    declare(
        service("web", 'depends_on = ["api"]')
        + http("api", 'health = { http_get = "/not-there" }')
        + http("docs", 'health = { http_get = "/" }')
    )
    done = subprocess.run(
        [sys.executable, "-c", IMPATIENT], cwd=project, capture_output=True, text=True, check=False, timeout=LIMIT
    )
    deps = opened()  # what is left running is ended with it
    told = {progress.name: progress for progress in map(read_line, done.stdout.encode().splitlines(keepends=True))}
    assert done.returncode == 1, done.stderr
    assert (told["docs"].how, told["api"].how, told["web"].how) == (How.UP, How.FAILED, How.HELD_BACK)
    assert re.match("it is not well, and is left running: .*404", told["api"].why)
    assert told["api"].said == ""
    view = deps.observer.snapshot().service(deps.place.key("api"))
    assert view
    assert view.is_running
    assert view.port == told["api"].port
    assert sorted(done.stderr.splitlines()) == [
        f"error: api did not start: {told['api'].why}",
        "web is not started: it depends on api",
    ]


@pytest.mark.faults
def test_called_off_in_the_middle_all_that_was_started_is_ended(project: Path, declare: Declare, opened: Open):
    declare(
        service("web", 'depends_on = ["api"]') + service("api", 'depends_on = ["db"]', words=("mute",)) + service("db")
    )
    heard, cancel = Heard(opened()), Cancel()

    def call_off(progress: Progress) -> None:
        if (progress.name, progress.how) == ("api", How.BEGUN):
            Thread(target=cancel.ask).start()

    assert not heard.all("web", cancel=cancel, then=call_off)
    assert {name: heard.last(name).how for name in ("db", "api", "web")} == {
        "db": How.ENDED,
        "api": How.ENDED,
        "web": How.HELD_BACK,
    }
    assert not runs_left(project)
    assert not heard.deps.observer.snapshot().leases


@pytest.mark.faults
@pytest.mark.parametrize("name", ["SIGINT", "SIGHUP", "SIGTERM"])
def test_ended_from_outside_it_is_told_what_has_ended_with_it(name: str, project: Path, declare: Declare, opened: Open):
    declare(
        service("web", 'depends_on = ["api"]') + service("api", 'depends_on = ["db"]', words=("mute",)) + service("db")
    )
    heard = Heard(opened())

    def end(progress: Progress) -> None:
        if (progress.name, progress.how) == ("api", How.BEGUN):
            (up,) = (each for each in psutil.Process().children() if "up" in each.cmdline())
            up.send_signal(getattr(signal, name))

    assert not heard.all("web", then=end)
    how = {"db": How.ENDED, "api": How.ENDED, "web": How.HELD_BACK}
    assert {each: heard.last(each).how for each in how} == how
    assert {heard.last(each).why for each in how} == {f"`portdash up` was ended by {name}"}
    assert not runs_left(project)


@pytest.mark.faults
def test_where_who_waits_breaks_what_was_started_is_ended_and_told_so(project: Path, declare: Declare, opened: Open):
    declare(CHAIN)
    heard = Heard(opened())

    def broken(progress: Progress) -> None:
        if (progress.name, progress.how) == ("api", How.BEGUN):
            raise KeyError(progress.name)

    with pytest.raises(KeyError, match="api"):
        heard.all("web", then=broken)
    how = {"db": How.ENDED, "api": How.ENDED, "web": How.HELD_BACK}
    assert {each: heard.last(each).how for each in how} == how
    assert not runs_left(project)


def test_what_was_called_off_before_it_began_starts_nothing(project: Path, declare: Declare, opened: Open):
    declare(service("web"))
    heard, cancel = Heard(opened()), Cancel()
    cancel.ask()
    assert not heard.all("web", cancel=cancel)
    assert heard.steps == [("web", How.HELD_BACK)]
    assert not runs_left(project)


def test_one_that_is_left_in_the_middle_goes_on_to_its_end(project: Path, declare: Declare, opened: Open):
    declare(service("web", 'depends_on = ["db"]') + WAITING)
    heard, leave, before = Heard(opened()), Cancel(), psutil.Process().children()
    assert not heard.all("web", leave=leave, then=lambda _begun: leave.ask())
    assert heard.steps == [("db", How.BEGUN)]
    assert psutil.Process().children() != before
    (project / "go").touch()
    until(lambda: psutil.Process().children() == before)
    snapshot = heard.deps.observer.snapshot()
    assert all((view := snapshot.service(heard.deps.place.key(name))) and view.is_running for name in ("db", "web"))


def test_one_that_nobody_waits_for_from_the_beginning_is_begun_all_the_same(
    project: Path, declare: Declare, opened: Open
):
    declare(service("web"))
    heard, leave, before = Heard(opened()), Cancel(), psutil.Process().children()
    leave.ask()
    assert not heard.all("web", leave=leave)
    assert not heard.told
    until(lambda: psutil.Process().children() == before)
    assert runs_left(project)


def test_a_port_that_is_taken_in_between_is_given_up_for_the_next(project: Path, declare: Declare, opened: Open):
    declare(service("web", 'depends_on = ["db"]') + WAITING)
    heard = Heard(opened())
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)

        def take(progress: Progress) -> None:
            if (progress.name, progress.how) == ("db", How.BEGUN):
                row = heard.deps.store.snapshot().assignments[heard.deps.place.key("web")]
                stranger.bind(("127.0.0.1", row.port))
                stranger.listen()
                (project / "go").touch()

        assert heard.all("web", then=take)
        assert heard.last("web").port != stranger.getsockname()[1]
        assert answers(heard.last("web").port or 0)


def test_where_one_has_no_port_none_is_started_and_none_gets_one(project: Path, declare: Declare, opened: Open):
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        declare(service("web") + service("api", f"range = [{port}, {port}]"))
        heard = Heard(opened())
        with pytest.raises(Refused, match="api"):
            heard.all("web", "api")
    assert not heard.told
    assert not heard.deps.store.snapshot().assignments
    assert not runs_left(project)


def test_where_no_process_inherits_a_descriptor_nothing_is_begun(
    declare: Declare, opened: Open, monkeypatch: pytest.MonkeyPatch
):
    declare(service("web"))
    heard = Heard(opened())
    monkeypatch.setattr(check_can_hand, "__kwdefaults__", {"platform": "win32"})
    with pytest.raises(UsageError, match="on Windows"):
        heard.all("web")
    assert not heard.told
    assert not heard.deps.store.snapshot().assignments


def test_nothing_is_begun_that_must_not_be(project: Path, declare: Declare, opened: Open):
    file = project / "portdash.toml"
    declare('[services.web]\ncommand = ["touch", "ran"]\n[services.db]\n')
    heard = Heard(opened())
    with pytest.raises(UsageError, match="db has no command"):
        heard.all("web", "db")
    with pytest.raises(NoCommand, match="another workspace"):
        start_all(heard.deps, [heard.deps.place.key("web", workspace="blog")], tell=heard.told.append)
    with pytest.raises(LockedDown):
        Heard(opened(Flags(read_only=True))).all("web")
    with pytest.raises(Refused, match="cannot be started from here"):
        Heard(replace(heard.deps, opened=None)).all("web")
    file.write_text(file.read_text().replace("touch", "mkdir"))
    with pytest.raises(NotTrusted):
        heard.all("web")
    assert not (project / "ran").exists()
    assert not heard.told
