"""A declared service started by its name alone, with real processes on real sockets."""

import json
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from supervised import LIMIT, Open, stop_all
from test_supervisor_faults import until
from test_supervisor_run import SERVER, answers
from test_supervisor_starting_all import WAITS
from test_supervisor_up import Command, runs_left

from portdash.config.settings import Flags
from portdash.errors import LockedDown, NoCommand, NotTrusted, Refused
from portdash.manager.deps import Deps
from portdash.manager.supervising import stop
from portdash.supervisor.background import leave_running
from portdash.supervisor.cancelling import Cancel
from portdash.supervisor.orders import AlreadyRunning
from portdash.supervisor.starting import Start, start, startable

pytestmark = pytest.mark.needs_linux

FAILING = "#!/bin/sh\necho first\nprintf '\\033[31mred\\033[m'\nexit 3\n"


def declare(file: Path, **commands: Sequence[str]) -> None:
    file.write_text("".join(f"[services.{name}]\ncommand = {json.dumps(each)}\n" for name, each in commands.items()))


def test_it_listens_belongs_to_nobody_and_is_started_once(project: Path, command: Command, opened: Open):
    declare(project / "portdash.toml", web=SERVER)
    assert command("trust", "--yes", cwd=project).returncode == 0
    below = project / "src"
    below.mkdir()
    deps = opened(cwd=below)
    web = deps.place.key("web")
    begun = start(deps, web)
    assert begun.listens
    assert begun.port is not None
    assert begun.detail.startswith("web is on http://localhost:")
    assert begun.lines == ()
    assert answers(begun.port)
    supervisor = psutil.Process(deps.observer.snapshot().leases[web].pid)
    assert supervisor not in psutil.Process().children(recursive=True)
    assert os.getsid(supervisor.pid) != os.getsid(0)
    with pytest.raises(AlreadyRunning, match=f"web runs already on {begun.port}"):
        start(deps, web)
    (asked,) = stop(deps, deps.observer.snapshot(), [web])
    assert asked.ok
    supervisor.wait(LIMIT)
    assert not runs_left(project)


def test_what_fails_is_told_with_what_it_printed_this_time(project: Path, command: Command, opened: Open):
    file = project / "portdash.toml"
    declare(file, web=["sh", "-c", "echo earlier; exit 1"])
    command("trust", "--yes", cwd=project)
    assert start(opened(), opened().place.key("web")).lines == ("earlier",)
    vite = project / "vite"  # of which it is said before the start that it is told its port
    vite.write_text(FAILING)
    vite.chmod(0o700)
    declare(file, web=["./vite"], lost=["no-such-program"])
    command("trust", "--yes", cwd=project)
    deps = opened()
    begun = start(deps, deps.place.key("web"))
    assert (begun.listens, begun.port) == (False, None)
    assert begun.detail == "web ended with status 3 before it listened"
    assert begun.lines == ("first", "red")
    lost = start(deps, deps.place.key("lost"))
    assert "no-such-program" in lost.detail
    assert lost.lines == ()
    assert not deps.observer.snapshot().leases


def test_nothing_is_run_that_nobody_declared_and_trusted(project: Path, command: Command, opened: Open):
    declare(project / "portdash.toml", web=["touch", "ran"])
    deps = opened()
    with pytest.raises(NotTrusted):
        start(deps, deps.place.key("web"))
    with pytest.raises(NoCommand):
        start(deps, deps.place.key("other"))
    with pytest.raises(NoCommand, match="another workspace"):
        start(deps, deps.place.key("web", workspace="blog"))
    command("trust", "--yes", cwd=project)
    with pytest.raises(LockedDown):
        start(opened(Flags(read_only=True)), deps.place.key("web"))
    assert not (project / "ran").exists()


def test_a_service_of_another_workspace_is_started_where_that_is(
    project: Path, tmp_path: Path, command: Command, opened: Open
):
    """Its own files count, and are trusted on their own; a directory that means another workspace by now is refused."""
    blog = tmp_path / "blog"
    blog.mkdir()
    declare(project / "portdash.toml", web=["touch", "ran"])
    declare(blog / "portdash.toml", web=SERVER)
    assert command("allocate", "web", cwd=blog).returncode == 0
    deps = opened()
    web = deps.place.key("web", workspace="blog")
    with pytest.raises(NotTrusted) as refused:
        start(deps, web)
    assert f"`cd {blog} && portdash trust`" in refused.value.hint
    command("trust", "--yes", cwd=blog)
    assert startable(deps, deps.observer.snapshot(), web).command == tuple(SERVER)
    begun = start(deps, web)
    assert begun.listens, begun
    assert deps.store.snapshot().assignments[web].port == begun.port
    assert psutil.Process(deps.observer.snapshot().leases[web].pid).cwd() == str(blog)
    with pytest.raises(AlreadyRunning):
        start(deps, web)
    stop_all(deps)
    (blog / "portdash.toml").write_text(f'store = "sqlite://{tmp_path / "own.db"}"\n')
    assert command("trust", "--yes", cwd=blog).returncode == 0
    with pytest.raises(NoCommand, match="another store"):
        start(deps, web)
    (blog / "portdash.toml").unlink()
    blog.rmdir()
    with pytest.raises(NoCommand, match="is gone"):
        start(deps, web)


def test_trust_counts_as_it_is_at_the_moment_of_the_start(project: Path, command: Command, opened: Open):
    declare(project / "portdash.toml", web=SERVER)
    deps = opened()
    command("trust", "--yes", cwd=project)
    assert start(deps, deps.place.key("web")).listens
    stop_all(deps)
    declare(project / "portdash.toml", web=["touch", "ran"])
    with pytest.raises(NotTrusted):
        start(deps, deps.place.key("web"))
    assert not (project / "ran").exists()


def test_the_same_store_workspace_and_environment_are_used(
    project: Path, tmp_path: Path, command: Command, opened: Open
):
    declare(project / "portdash.toml", web=["touch", "ran"])
    own = tmp_path / "own.toml"
    declare(own, web=SERVER)
    command("--config", str(own), "trust", "--yes", cwd=project)
    flags = Flags(config=own, store=f"sqlite://{tmp_path / 'own.db'}", workspace="else", environment="staging")
    deps = opened(flags)
    web = deps.place.key("web")
    begun = start(deps, web)
    assert begun.listens, begun
    row = deps.store.snapshot().assignments[web]
    assert (row.key.workspace, row.key.environment, row.port) == ("else", "staging", begun.port)
    assert not opened().store.snapshot().assignments
    assert not (project / "ran").exists()


def test_what_it_depends_on_and_does_not_run_is_told(project: Path, command: Command, opened: Open):
    (project / "portdash.toml").write_text(
        f'[services.web]\ncommand = ["true"]\ndepends_on = ["Api", "db"]\n[services.db]\n'
        f"[services.api]\ncommand = {json.dumps(SERVER)}\n"
    )
    command("trust", "--yes", cwd=project)
    deps = opened()
    web, api = deps.place.key("web"), deps.place.key("api")
    assert startable(deps, deps.observer.snapshot(), web) == (("true",), ("Api", "db"))
    assert start(deps, api).listens
    assert startable(deps, deps.observer.snapshot(), web).missing == ("db",)
    with pytest.raises(AlreadyRunning):
        startable(deps, deps.observer.snapshot(), api)


def test_of_several_starts_at_once_one_succeeds(project: Path, command: Command, opened: Open):
    declare(project / "portdash.toml", web=SERVER)
    command("trust", "--yes", cwd=project)

    def once(deps: Deps) -> Start | None:
        try:
            return start(deps, deps.place.key("web"))
        except AlreadyRunning:
            return None

    with ThreadPoolExecutor(3) as threads:
        begun = [each for each in threads.map(once, [opened() for _ in range(3)]) if each]
    assert [each.listens for each in begun] == [True]


def test_what_no_other_process_can_open_is_not_started(project: Path, command: Command, opened: Open):
    declare(project / "portdash.toml", web=["touch", "ran"])
    command("trust", "--yes", cwd=project)
    deps = replace(opened(), opened=None)
    with pytest.raises(Refused, match="cannot be started from here"):
        start(deps, deps.place.key("web"))
    assert not (project / "ran").exists()


@pytest.mark.parametrize("in_the_midst", [True, False])
def test_one_that_nobody_waits_for_goes_on_to_its_end(
    project: Path, command: Command, opened: Open, *, in_the_midst: bool
):
    declare(project / "portdash.toml", web=WAITS)
    assert command("trust", "--yes", cwd=project).returncode == 0
    deps, leave, before = opened(), Cancel(), psutil.Process().children()
    web = deps.place.key("web")
    if not in_the_midst:
        leave.ask()
    with ThreadPoolExecutor(1) as pool:
        begun = pool.submit(start, deps, web, leave=leave)
        if in_the_midst:
            until(lambda: bool(runs_left(project)))
            leave.ask()
        assert begun.result(LIMIT) == Start(listens=False, port=None, detail="the start of web goes on by itself")
    (project / "go").touch()
    until(lambda: psutil.Process().children() == before)
    view = deps.observer.snapshot().service(web)
    assert view
    assert view.is_running


@pytest.fixture(params=["heard", "ignored"])
def _interruptions(request: pytest.FixtureRequest) -> Iterator[None]:
    """SIGINT as whoever starts us has left it; a script's background job ignores it, and so does what that starts."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN if request.param == "ignored" else signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interruptions")
def test_a_start_that_comes_to_nothing_is_ended(project: Path, command: Command):
    mute = [*SERVER, "mute"]
    declare(project / "portdash.toml", web=mute)
    command("trust", "--yes", cwd=project)
    left = leave_running(("run", "-d", "web"), cwd=project, patience=3.0)
    assert (left.port, left.error) == (None, "it did not listen within 3 s, and was ended")
    assert left.code
    assert not runs_left(project)
