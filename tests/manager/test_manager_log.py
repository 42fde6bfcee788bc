"""The allocation log: the texts of the systems whose readers are to know them, to the letter."""

import io
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from manager_world import Listen

from portdash.config.settings import Config
from portdash.errors import NoPortAvailable
from portdash.manager.adopting import plan_adopt
from portdash.manager.allocate import allocate, settle
from portdash.manager.deps import Deps
from portdash.manager.facade import PortManager
from portdash.manager.log_handler import LogHandler
from portdash.manager.wishes import Wish
from portdash.model.ports import PortRange

Told = Callable[[], list[tuple[str, str]]]


@pytest.fixture(autouse=True)
def told(caplog: pytest.LogCaptureFixture) -> Iterator[Told]:
    """Return what was logged since the last time, as level and text."""
    with caplog.at_level(logging.INFO, logger="portdash.allocation"):

        def told() -> list[tuple[str, str]]:
            records = [(each.levelname, each.getMessage()) for each in caplog.records]
            caplog.clear()
            return records

        yield told


def test_a_preferred_port(deps: Deps, told: Told):
    PortManager(deps=deps).allocate_port(base_port=5000, service_name="web-server")
    assert told() == [
        ("INFO", "[web-server] Starting port allocation from 5000 (max: 5100)"),
        ("INFO", "[web-server] Allocated preferred port 5000 after 1 attempt(s)"),
    ]


def test_a_fallback_is_a_warning(deps: Deps, listen: Listen, told: Told):
    listen(3000)
    PortManager(deps=deps).allocate_port(base_port=3000, service_name="api-server")
    assert told() == [
        ("INFO", "[api-server] Starting port allocation from 3000 (max: 3100)"),
        ("WARNING", "[api-server] Allocated fallback port 3001 (preferred: 3000) after 2 attempt(s)"),
    ]


def test_what_has_its_port_keeps_it_and_nothing_starts(deps: Deps, told: Told):
    for _ in range(2):
        allocate(deps, [Wish(name="web", base=5000)])
    assert told()[2:] == [("INFO", "[web] Kept preferred port 5000")]


def test_a_full_range_is_the_whole_sentence_and_names_who_holds_it(deps: Deps, listen: Listen):
    for port in (5000, 5001, 5002):
        listen(port)
    with pytest.raises(NoPortAvailable) as caught:
        PortManager(deps=deps).allocate_port(base_port=5000, max_port=5002, service_name="web-server")
    assert str(caught.value) == (
        "[web-server] No available ports found in range 5000-5002 after 3 attempts. "
        "Consider expanding the port range or checking for port conflicts."
    )
    assert caught.value.hint == "5000-5002: held by node 4121 (other)"


def test_the_hint_tells_no_more_than_can_be_read(deps: Deps, listen: Listen):
    for port in range(5000, 5007):
        listen(port, pid=port)
    with pytest.raises(NoPortAvailable) as caught:
        allocate(deps, [Wish(name="web", range=PortRange(5000, 5006))])
    assert caught.value.hint.endswith("5004: held by node 5004 (other); 2 more")


def test_a_variable_that_decides_starts_no_search(deps: Deps, told: Told):
    deps = replace(deps, environ={"PORT": "5005"})
    assert PortManager(deps=deps).port_from_env("PORT", "main", base=5000) == 5005
    assert told() == [("INFO", "[main] Allocated override port 5005 after 1 attempt(s)")]


def test_a_variable_that_is_no_port_is_a_warning(deps: Deps, told: Told):
    deps = replace(deps, environ={"PORT": "abc"})
    assert PortManager(deps=deps).port_from_env("PORT", "main-server", base=5000) == 5000
    assert told() == [
        ("INFO", "[main-server] Starting port allocation from 5000 (max: 5100)"),
        ("INFO", "[main-server] Allocated preferred port 5000 after 1 attempt(s)"),
        ("WARNING", "PORT=abc is not a port; the search went on"),
    ]


def test_several_services_are_framed_and_listed(deps: Deps, listen: Listen, told: Told):
    assert deps.place.workspace.root
    vite = listen(5173, cwd=deps.place.workspace.root, name="vite")
    settle(deps, lambda snapshot: plan_adopt(deps, snapshot, [vite], names=["client"]))
    assert told() == [("INFO", "Detected Vite client server on port 5173")]
    server = Wish(name="server", preferred=(3000, 3001, 3002))
    allocate(deps, [server, Wish(name="client"), Wish(name="websocket", inherit_from="server")])
    assert [text for _, text in told()] == [
        "Initializing dynamic port manager for development environment...",
        "[server] Starting port allocation from 3000 (max: 11999)",
        "Detected Vite client server on port 5173",
        "[server] Allocated preferred port 3000 after 1 attempt(s)",
        "[client] Kept detected port 5173",
        "[websocket] Allocated inherited port 3000 after 1 attempt(s)",
        "server: port 3000 (preferred)",
        "client: port 5173 (detected_running)",
        "websocket: port 3000 (inherited)",
        "Dynamic port configuration complete",
    ]


def test_a_service_that_is_found_is_not_named_twice(deps: Deps, listen: Listen, told: Told):
    vite = listen(5173, name="vite")
    settle(deps, lambda snapshot: plan_adopt(deps, snapshot, [vite]))
    assert told() == [("INFO", "Detected vite server on port 5173")]


def test_a_search_is_told_once_however_often_it_is_made_anew(deps: Deps, told: Told, monkeypatch: pytest.MonkeyPatch):
    take = deps.machine.bind_error
    monkeypatch.setattr(deps.machine, "bind_error", lambda kind, port: "in use" if port == 5000 else take(kind, port))
    allocate(deps, [Wish(name="web", base=5000)])
    assert told() == [
        ("INFO", "[web] Starting port allocation from 5000 (max: 5100)"),
        ("WARNING", "[web] Allocated fallback port 5001 (preferred: 5000) after 2 attempt(s)"),
    ]


def test_a_port_that_is_lost_starts_a_search(deps: Deps, listen: Listen, told: Told):
    allocate(deps, [Wish(name="web", base=5000)])
    listen(5000)
    told()
    allocate(deps, [Wish(name="web")])
    assert [text for _, text in told()] == [
        "[web] Starting port allocation from 5000 (max: 5100)",
        "[web] Allocated fallback port 5001 (preferred: 5000) after 2 attempt(s)",
    ]


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        (
            "utf-8",
            ["🔍 [web] Starting port allocation from 5000 (max: 5100)", "⚠️  [web] Allocated fallback port 5001 "],
        ),
        ("ascii", ["[web] Starting port allocation from 5000 (max: 5100)", "[web] Allocated fallback port 5001 "]),
    ],
)
def test_signs_are_for_streams_that_carry_them(deps: Deps, listen: Listen, encoding: str, expected: list[str]):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, write_through=True)
    handler = LogHandler(stream)
    logger = logging.getLogger("portdash")
    logger.addHandler(handler)
    try:
        listen(5000)
        allocate(deps, [Wish(name="web", base=5000)])
    finally:
        logger.removeHandler(handler)
    lines = raw.getvalue().decode(encoding).splitlines()
    assert [line[: len(start)] for line, start in zip(lines, expected, strict=True)] == expected


def test_other_records_name_their_logger_and_stay_on_a_line():
    stream = io.StringIO()
    handler = LogHandler(stream)
    record = logging.makeLogRecord({"name": "portdash.machine", "msg": "odd \x1b[31m\nname %s", "args": ("☂",)})
    handler.handle(record)
    assert stream.getvalue() == "portdash: portdash.machine: odd \\x1b[31m\\x0aname ☂\n"


def test_another_environment_is_named(deps: Deps, told: Told):
    staging = replace(deps, place=deps.place._replace(environment="staging"), config=Config(environment="staging"))
    allocate(staging, [Wish(name="a"), Wish(name="b")])
    assert told()[0][1] == "Initializing dynamic port manager for staging environment..."
