"""How services do, on the main screen: the strip of latencies, the lines of the details, and asking a listener once."""

from dataclasses import replace
from threading import Event

import pytest
import scenes
from fakes import FakeDesk, desk_for, footer_of, row_key, running, screen_lines, until
from rich.cells import cell_len
from row_texts import KEYS, everything, facts_of, find, text_of
from textual.pilot import Pilot

from portdash.dashboard.glyphs import Glyphs
from portdash.dashboard.rows.details import details
from portdash.dashboard.rows.facts import Facts, digest
from portdash.dashboard.rows.filtering import parse_filter
from portdash.dashboard.rows.layout import columns_for
from portdash.dashboard.rows.matching import matches
from portdash.dashboard.rows.paint import head_line, paint
from portdash.dashboard.rows.row import RowKey
from portdash.dashboard.rows.times import clock_time
from portdash.dashboard.rows.trend import trend
from portdash.dashboard.rows.words import state_of
from portdash.dashboard.screens.main import MainScreen
from portdash.health.checks import Check, HttpGet
from portdash.health.pulse import Pulse
from portdash.health.record import Watched
from portdash.health.unregistered import Answer
from portdash.model.assignment import ServiceKey
from portdash.model.fingerprint import Fingerprint
from portdash.model.health import Health, HealthLevel, HealthState
from portdash.model.listener import Listener

API = scenes.key_of(scenes.SHOP, "api")
PULSE = Pulse("GET /", 5.0, (11.0, 13.0, 38.0, None, 11.0), scenes.NOW + 3)


class AskedDesk(FakeDesk):
    """Answers for listeners once it is let, and notes who was asked."""

    def __init__(self) -> None:
        super().__init__(scenes.working_day(), home=scenes.HOME)
        self.asked: list[Listener] = []
        self.may_answer = Event()
        self.fault: Exception | None = None
        self.title = "Vite 7.1"

    def probe(self, listener: Listener) -> Answer:
        self.asked.append(listener)
        assert self.may_answer.wait(30)
        if self.fault:
            raise self.fault
        health = Health(state=HealthState.HEALTHY, level=HealthLevel.HTTP, latency_ms=6.4, detail="200 OK")
        found = Fingerprint(kind="vite", title=self.title)
        return Answer(health, Watched(None, Check(probe=HttpGet(is_declared=False))), found)


def with_pulses(pulses: dict[ServiceKey, Pulse]) -> Facts:
    return digest(scenes.working_day(), home=scenes.HOME, keys=KEYS, pulses=pulses)


def told(facts: Facts, key: RowKey, width: int = 60) -> list[str]:
    shown = everything(facts)
    return [text_of(line).rstrip() for line in details(shown.rows[shown.index[key]], facts, (), width)]


def listener_key(main: MainScreen, port: int) -> RowKey:
    assert main.facts
    return next(other.key for other in main.facts.others if other.listener.port == port)


async def at_listener(pilot: Pilot[object], main: MainScreen, port: int = 5175) -> RowKey:
    key = listener_key(main, port)
    assert main.go_to(key)
    await pilot.pause()
    return key


def test_a_strip_has_a_bar_for_each_step_of_one_scale_and_a_dot_for_a_failure():
    assert trend((1, 5, 12, 31, 99, 150, 400, 900, 5000), 9) == "▁▁▂▃▄▅▆▇█"
    assert trend((0.0, None, 20.0, 20.1)) == "▁·▂▃"
    assert trend((1,) * 60) == "▁" * 8
    assert trend((), 8) == trend((1, 2), 0) == ""
    assert Glyphs(is_ascii=True).draw(trend((1, 12, None, 5000))) == "12.8"


@pytest.mark.parametrize("width", [98, 103, 118, 140, 200])
def test_lines_with_a_trend_are_as_wide_as_the_others(width: int):
    facts = with_pulses({API: PULSE})
    listing = everything(facts)
    columns = columns_for(width, listing.longest_name, trend=True)
    for row in listing.rows:
        assert cell_len(text_of(paint(row, facts, columns, width))) == width
    plain = columns_for(width, listing.longest_name)
    assert [place.width for place in columns.services if place.column.value == "SERVICE"] == [
        place.width for place in plain.services if place.column.value == "SERVICE"
    ]


def test_the_trend_stands_after_the_state_with_the_newest_at_its_end():
    facts = with_pulses({API: PULSE})
    listing = everything(facts)
    columns = columns_for(103, listing.longest_name, trend=True)
    lines = [text_of(paint(row, facts, columns, 103)) for row in listing.rows]
    assert "running 12ms    ▂▂▃·▂ = uvicorn 3990" in find(lines, "api", "8000", "uvicorn 3990")
    services, others = (text_of(head_line(columns, others=each)) for each in (False, True))
    assert services.split()[3:5] == ["STATE", "TREND"]
    assert services.index("HELD BY") == others.index("PROCESS")
    assert "TREND" not in others


def test_a_trend_takes_no_room_from_names():
    columns = columns_for(98, 24, trend=True)
    assert not any(place.column.value == "TREND" for place in columns.services)
    assert columns_for(80, 10, trend=True) == columns_for(80, 10)


def test_the_filter_looks_for_no_bars():
    facts = with_pulses({API: PULSE})
    listing = everything(facts)
    assert not matches(parse_filter("▂▂"), listing.rows[listing.index[("service", API)]], facts)


@pytest.mark.parametrize(("size", "is_shown"), [((160, 45), True), ((149, 45), False), ((80, 24), False)])
async def test_only_wide_terminals_show_the_trend(size: tuple[int, int], is_shown: bool):
    desk = desk_for()
    desk.beats = {API: PULSE}
    async with running(desk, size=size) as (pilot, _main):
        assert ("TREND" in "\n".join(screen_lines(pilot.app))) is is_shown


async def test_without_checks_there_is_no_column_for_them_and_a_new_check_is_drawn():
    desk = desk_for()
    async with running(desk) as (pilot, main):
        assert "TREND" not in "\n".join(screen_lines(pilot.app))
        for latencies in ((600.0,), (600.0, None)):
            desk.beats = {API: PULSE._replace(latencies=latencies)}
            main.poller.look_now()
            await until(pilot, lambda: main.facts and main.facts.pulses == desk.beats)
            assert f" {trend(latencies)} =" in find(screen_lines(pilot.app), "api", "8000")
            assert "TREND" in "\n".join(screen_lines(pilot.app))  # the heads of these columns, too


def test_the_same_checks_are_the_same_world():
    first = with_pulses({API: PULSE})
    later = replace(first.snapshot, taken_at=scenes.NOW + 1)
    same = digest(later, home=scenes.HOME, keys=KEYS, before=first, pulses={API: PULSE})
    assert same.is_same_world(first)
    other = digest(later, home=scenes.HOME, keys=KEYS, before=first, pulses={API: PULSE._replace(due=None)})
    assert not other.is_same_world(first)


def test_the_details_tell_state_proof_latency_course_and_the_next_check():
    lines = told(with_pulses({API: PULSE}), ("service", API))
    at = next(number for number, line in enumerate(lines) if line.startswith("HEALTH"))
    assert lines[at].endswith("GET / every 5s")
    health = dict(line.strip().split(maxsplit=1) for line in lines[at + 1 : lines.index("", at)])
    assert health["state"] == "healthy, checked over HTTP"
    assert health["latency"] == "12 ms"
    assert health["trend"] == "▂▂▃·▂"
    assert health["next"] == f"check     {clock_time(scenes.NOW + 3)}"
    assert health["server"].startswith("up 2h14")


def test_the_details_tell_what_the_container_and_the_kernel_say_and_mask_secrets():
    base = scenes.docker(5432, "blog-db-1", 9, scenes.BLOG)
    assert base.container
    own = replace(base, container=replace(base.container, health="healthy"), connections=2)
    health = Health(state=HealthState.HEALTHY, level=HealthLevel.CONTAINER, detail="said token=hunter22 here")
    view = scenes.service(scenes.BLOG, "db", 5432, own=own, health=health)
    text = "\n".join(told(facts_of(scenes.snapshot_of([view])), ("service", view.key), 100))
    assert "healthy, told by its container's own check" in text
    assert "healthy, says its own check" in text
    assert "2 connections" in text
    assert "next check" not in text


def test_a_service_that_does_not_run_has_no_health():
    view = scenes.service(scenes.SHOP, "idle", 3999)
    assert not any(
        line.startswith("HEALTH") for line in told(facts_of(scenes.snapshot_of([view])), ("service", view.key))
    )


@pytest.mark.parametrize(
    ("latency", "word"),
    [
        (0.2, "0ms"),
        (99.4, "99ms"),
        (99.6, "0.1s"),
        (180.0, "0.2s"),
        (9940.0, "9.9s"),
        (9960.0, "10s"),
        (30000.0, "30s"),
    ],
)
def test_the_figure_of_any_latency_fits_its_column(latency: float, word: str):
    view = scenes.service(scenes.SHOP, "slow", 3999, own=scenes.listener(3999, 7), health=scenes.fast(latency))
    state = state_of(view)
    assert state.word == f"running {word}"
    assert cell_len(f"{state.glyph} {state.word}") <= 14


async def test_a_listener_is_asked_only_by_its_key_and_once_at_a_time():
    desk = AskedDesk()
    async with running(desk) as (pilot, main):
        key = await at_listener(pilot, main)
        assert "probe" in footer_of(main)
        assert desk.asked == []
        await pilot.press("P")
        await until(pilot, lambda: desk.asked)
        assert "asking" in "\n".join(screen_lines(pilot.app))
        await pilot.press("P")
        desk.may_answer.set()
        await until(pilot, lambda: main.probed[key].health)
        text = "\n".join(screen_lines(pilot.app))
        for words in ("Vite 7.1", "healthy, checked over HTTP", "6.4 ms", "200 OK", "asked at "):
            assert words in text
        assert len(desk.asked) == 1
        await pilot.press("k")
        assert "Vite 7.1" not in "\n".join(screen_lines(pilot.app))


async def test_where_no_details_are_shown_the_answer_is_said_in_a_line_with_nothing_to_obey():
    desk = AskedDesk()
    desk.title = "[bold]Vite[/] 7"
    desk.may_answer.set()
    async with running(desk, size=(80, 24), read_only=False) as (pilot, main):
        key = await at_listener(pilot, main)
        await pilot.press("P")
        await until(pilot, lambda: key in main.probed and main.probed[key].health)
        assert [note.message for note in pilot.app._notifications] == [
            ":5175 [bold]Vite[/] 7, healthy in 6.4 ms, 200 OK"
        ]


async def test_an_asking_that_fails_is_said_and_can_be_repeated():
    desk = AskedDesk()
    desk.may_answer.set()
    desk.fault = RuntimeError("no more \x1b[31mfiles")
    async with running(desk) as (pilot, main):
        key = await at_listener(pilot, main)
        await pilot.press("P")
        await until(pilot, lambda: pilot.app._notifications)
        (note,) = pilot.app._notifications
        assert note.message.startswith(":5175 could not be asked: RuntimeError")
        assert "\x1b" not in note.message
        assert key not in main.probed
        desk.fault = None
        await pilot.press("P")
        await until(pilot, lambda: key in main.probed and main.probed[key].health)


async def test_the_answer_of_a_listener_that_is_gone_is_forgotten():
    desk = AskedDesk()
    desk.may_answer.set()
    async with running(desk) as (pilot, main):
        first = await at_listener(pilot, main)
        await pilot.press("P")
        await until(pilot, lambda: main.probed[first].health)
        gone = [seen for seen in desk.snapshot.listeners if seen.listener.port != 5175]
        desk.snapshot = replace(desk.snapshot, listeners=tuple(gone))
        main.poller.look_now()
        await until(pilot, lambda: main.facts and first not in main.facts.subjects)
        second = await at_listener(pilot, main, 5176)
        await pilot.press("P")
        await until(pilot, lambda: second in main.probed)
        assert first not in main.probed


async def test_a_service_is_not_probed_but_checked_by_refresh():
    desk = AskedDesk()
    async with running(desk) as (pilot, main):
        main.table.move_to(row_key(scenes.SHOP, "api"))
        await pilot.press("P", "r")
        assert any("it is a service: r checks it now" in note.message for note in pilot.app._notifications)
        assert desk.hurried == [API]
        main.table.move_to(("group", "blog"))
        await pilot.press("P", "r")
        assert any("no listener" in note.message for note in pilot.app._notifications)
        assert desk.asked == []
        assert desk.hurried == [API]
