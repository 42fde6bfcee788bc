"""Which source a client gets, and what the one of this machine finds."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

import portdash
from portdash.config.paths import user_file
from portdash.config.settings import Flags
from portdash.discovery import local
from portdash.discovery.finding import discover
from portdash.discovery.local import LocalSource
from portdash.discovery.measuring import measure
from portdash.discovery.sources import environment_from, from_env, range_of, source_for
from portdash.errors import InvalidName, InvalidPort, NoInstances, StoreError, UnknownEnvironment, UsageError
from portdash.manager.endpoints import endpoint
from portdash.manager.opening import open_deps
from portdash.model.ports import PortRange

Serve = Callable[..., "subprocess.Popen[str]"]
FreePort = Callable[[], int]


@pytest.fixture
def api(project: Path, free_port: FreePort) -> int:
    """The port of the service `api`."""
    assert project.is_dir()
    return portdash.PortManager().allocate("api", preferred=free_port(), lease=False).port


@pytest.fixture
def source(project: Path) -> Iterator[LocalSource]:
    assert project.is_dir()
    found = source_for("api")
    assert isinstance(found, LocalSource)
    with closing(found):
        yield found


def ports(source: LocalSource) -> list[int | None]:
    return [each.port for each in source.current()]


def test_nothing_is_known_before_the_first_look_and_all_of_it_after(source: LocalSource, api: int, serve: Serve):
    server = serve(api)
    assert source.current() == ()
    (found,) = source.refresh()
    assert (found.port, found.pid, found.is_well, found.workspace) == (api, server.pid, True, "shop")
    assert source.current() is source.current()


def test_who_has_ended_is_gone_and_who_takes_the_port_is_not_believed(
    source: LocalSource, api: int, serve: Serve, home: Path
):
    server = serve(api)
    source.refresh()
    server.kill()
    server.wait()
    other = home / "src" / "other"
    (other / ".git").mkdir(parents=True)
    serve(api, cwd=other)
    assert source.current() == ()
    assert source.refresh() == ()
    assert any(f"port {api} of api is held by" in each for each in source.reasons)


def test_an_instance_of_another_port_is_looked_for_only_in_a_range(serve: Serve, free_port: FreePort):
    port = free_port()
    serve(port)
    with closing(source_for("web")) as plain, closing(source_for("web", ports=(port, port))) as ranged:
        assert plain.refresh() == ()
        assert [each.port for each in ranged.refresh()] == [port]


def test_a_workspace_has_its_own_alone(project: Path, serve: Serve, home: Path, free_port: FreePort):
    here, there = free_port(), free_port()
    other = home / "src" / "other"
    (other / ".git").mkdir(parents=True)
    portdash.PortManager().allocate("api", preferred=here, lease=False)
    os.chdir(other)
    portdash.PortManager().allocate("api", preferred=there, lease=False)
    os.chdir(project)
    serve(here)
    serve(there, cwd=other)
    for workspace, port in (("shop", here), ("other", there), (None, here)):
        with closing(source_for("api", workspace=workspace)) as source:
            assert [each.port for each in source.refresh()] == [port]
    with closing(source_for("other/api")) as source:
        assert [each.port for each in source.refresh()] == [there]
    with closing(source_for("web", workspace="shop", ports=(there, there))) as source:
        assert source.refresh() == ()


def test_a_fixed_url_is_that_of_our_own_workspace(
    project: Path, serve: Serve, home: Path, free_port: FreePort, monkeypatch: pytest.MonkeyPatch
):
    other, there = home / "src" / "other", free_port()
    (other / ".git").mkdir(parents=True)
    os.chdir(other)
    portdash.PortManager().allocate("api", preferred=there, lease=False)
    os.chdir(project)
    serve(there, cwd=other)
    monkeypatch.setenv("PORTDASH_URL_API", "http://fixed:1")
    expected = {"api": "http://fixed:1", "shop/api": "http://fixed:1", "other/api": f"http://localhost:{there}"}
    with closing(open_deps(flags=Flags(), cwd=project, environ=os.environ, home=home, actor="library")) as deps:
        for name, url in expected.items():
            with closing(source_for(name)) as source:
                assert [each.url for each in source.refresh()] == [url]
            assert [each.url for each in discover(deps, name)] == [url]
            assert endpoint(deps, name) == url
        (measured,) = measure(deps, "other/api", looks=1).instances
        assert measured.instance.port == there
    with closing(source_for("api", workspace="other")) as source:
        assert [each.port for each in source.refresh()] == [there]
    monkeypatch.setenv("PORTDASH_WORKSPACE", "other")
    with closing(source_for("other/api")) as source:
        assert [each.url for each in source.refresh()] == ["http://fixed:1"]


def test_one_is_started_where_there_is_none(source: LocalSource, api: int, ended: Callable[[int | None], None]):
    script = str(Path(__file__).with_name("http_server.py"))
    assert source.refresh() == ()
    with closing(source_for("api", start=[sys.executable, "-IS", script])) as starting:
        (found,) = starting.refresh()
        ended(found.pid)
        assert (found.port, found.is_well) == (api, True)
        assert starting.refresh()[0].pid == found.pid
        environ = Path(f"/proc/{found.pid}/environ").read_text()
        assert "PORTDASH_WORKSPACE=shop" in environ


def test_a_function_starts_it_as_well_and_hears_the_workspace(api: int, serve: Serve):
    heard = []

    def start(workspace: str) -> None:
        heard.append(workspace)
        serve(api)

    with closing(source_for("api", start=start)) as starting:
        assert [each.port for each in starting.refresh()] == [api]
        assert len(starting.refresh()) == 1
    assert heard == ["shop"]


def test_what_cannot_be_started_is_an_error_that_says_why(api: int):
    assert api
    with closing(source_for("api", start=["/nowhere/at-all"])) as starting:
        with pytest.raises(NoInstances, match=r"none could be started.*/nowhere/at-all"):
            starting.refresh()
        assert starting.current() == ()


@pytest.mark.parametrize("start", ["uvicorn main:app", [], [1]])
@pytest.mark.usefixtures("project")
def test_a_start_that_is_no_command(start: object):
    with pytest.raises(UsageError, match="no command"):
        source_for("api", start=start)  # type: ignore[arg-type]


def test_a_look_waits_for_one(api: int, serve: Serve, monkeypatch: pytest.MonkeyPatch):
    looks = []
    seek_once = local.seek

    def late(*arguments: object, **said: object) -> object:
        looks.append(said["wait"])
        serve(api)
        return seek_once(*arguments, **said)  # type: ignore[arg-type]

    monkeypatch.setattr(local, "seek", late)
    with closing(source_for("api", wait=30.0)) as source:
        assert [each.port for each in source.refresh()] == [api]
    assert looks == [30.0]


def test_who_asks_during_a_look_shares_the_next(source: LocalSource, api: int, serve: Serve):
    serve(api)
    source.refresh()
    looks = []
    look_once = source._look
    source._look = lambda deps: looks.append(1) or look_once(deps)  # type: ignore[method-assign, func-returns-value]
    with ThreadPoolExecutor(32) as pool:
        found = list(pool.map(lambda _: source.refresh(), range(200)))
    assert {each.port for instances in found for each in instances} == {api}
    assert len(looks) < 100


async def test_a_look_inside_a_running_loop(source: LocalSource, api: int, serve: Serve):
    serve(api)
    assert [each.port for each in source.refresh()] == [api]
    assert [each.port for each in await asyncio.to_thread(source.refresh)] == [api]


@pytest.mark.needs_linux
def test_a_forked_child_looks_for_itself(source: LocalSource, api: int, serve: Serve):
    serve(api)
    source.refresh()
    with source._looking, source._guard:  # held by a thread that the child does not have
        child = os.fork()
        if not child:
            code = 10 * len(source.current()) + len(source.refresh())
            source.close()
            os._exit(code)
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 1
    assert ports(source) == [api]
    assert [each.port for each in source.refresh()] == [api]


def test_what_is_closed_is_not_asked(source: LocalSource):
    source.refresh()
    source.close()
    source.close()
    assert source.current() == ()
    with pytest.raises(StoreError, match="closed"):
        source.refresh()


@pytest.mark.usefixtures("project")
def test_a_url_that_is_said_wins_and_nobody_looks(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("portdash.discovery.sources.open_deps", pytest.fail)
    urls = (
        {"url": "http://10.0.0.9:8080"},
        {"cluster": "http://a:1, http://b:2"},
        {"cluster": ["http://a:1", "http://b:2"]},
    )
    expected = ["http://10.0.0.9:8080"], ["http://a:1", "http://b:2"], ["http://a:1", "http://b:2"]
    for said, wanted in zip(urls, expected, strict=True):
        source = source_for("api", **said)  # type: ignore[arg-type]
        assert [each.url for each in source.current()] == wanted
    monkeypatch.setenv("PORTDASH_CLUSTER_URL", "http://c:3")
    assert source_for("api").current()[0].url == "http://c:3"
    monkeypatch.setenv("PORTDASH_URL_API", "http://fixed:1")
    assert source_for("api", cluster="http://a:1").current()[0].url == "http://fixed:1"
    assert portdash.url("api") == "http://fixed:1"


@pytest.mark.parametrize(
    ("said", "error", "text"),
    [
        ({"url": "localhost:8080"}, UsageError, "url="),
        ({"cluster": "gopher://a"}, UsageError, "cluster="),
        ({"cluster": "consul://a"}, UsageError, "cluster= cannot be used: consul is not possible"),
        ({"environment": "x\x1b[2J"}, UnknownEnvironment, "Unknown environment: x"),
        ({"ports": range(8080, 8080)}, InvalidPort, "no range"),
        ({"ports": range(1, 9, 2)}, InvalidPort, "no range"),
        ({"ports": 8080}, InvalidPort, "no range"),
        ({"ports": (8090, 8080)}, InvalidPort, "backwards"),
        ({"ports": (0, 70000)}, InvalidPort, "not a port"),
        ({"url": 5}, UsageError, "url= is a URL as text, not 5"),
        ({"cluster": 5}, UsageError, "cluster= is a list of URLs, not "),
        ({"cluster": [None]}, UsageError, "cluster= is a list of URLs, not "),
        ({"start": 5}, UsageError, "start= is no command"),
        ({"wait": float("nan")}, UsageError, "wait="),
        ({"wait": -1}, UsageError, "wait="),
        ({"wait": "soon"}, UsageError, "wait="),
    ],
)
@pytest.mark.usefixtures("project")
def test_slips(said: dict[str, object], error: type[Exception], text: str):
    with pytest.raises(error, match=text):
        source_for("api", **said)  # type: ignore[arg-type]


@pytest.mark.usefixtures("project")
def test_a_name_that_is_none():
    with pytest.raises(InvalidName):
        source_for("a b")


def test_ranges():
    assert {range_of(each) for each in (range(8080, 8091), (8080, 8090), "8080-8090", PortRange(8080, 8090))} == {
        PortRange(8080, 8090)
    }


def test_the_environment_decides(home: Path, monkeypatch: pytest.MonkeyPatch, serve: Serve, free_port: FreePort):
    one, other = free_port(), free_port()
    serve(one), serve(other)
    file = user_file(os.environ, home)
    file.parent.mkdir(parents=True)
    ranges = {"development": one, "staging": other}
    file.write_text("".join(f"[environments.{name}.discovery]\nrange = '{each}'\n" for name, each in ranges.items()))
    for environment, port in (("", one), ("development", one), ("staging", other)):
        monkeypatch.setenv("ENV", environment)
        with closing(from_env("web")) as source:
            assert [each.port for each in source.refresh()] == [port], source.reasons
    monkeypatch.setenv("ENV", "mars")
    with pytest.raises(UnknownEnvironment, match="mars"):
        from_env("api")
    assert environment_from({"PORTDASH_ENV": "staging", "ENV": "mars"}) == "staging"
