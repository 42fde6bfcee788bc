"""What happens on the screen while nothing changes: only ages are drawn, and those exactly."""

from dataclasses import replace

import pytest
import scenes
from fakes import FakeDesk, look, running, screen_lines, until
from row_texts import KEYS

from portdash.dashboard.offers import Resolutions, resolution_words
from portdash.dashboard.rows import seeing
from portdash.dashboard.rows.facts import GONE_FOR, NEW_FOR, Facts, digest
from portdash.dashboard.rows.layout import columns_for
from portdash.dashboard.rows.listing import Listing, ListState, build_listing
from portdash.dashboard.rows.paint import ages_of, paint
from portdash.dashboard.rows.row import Line
from portdash.dashboard.rows.summary import Standing, header_line
from portdash.dashboard.screens import main_bars
from portdash.errors import StoreUnavailable
from portdash.model.assignment import ServiceKey
from portdash.model.plan import Plan, Strategy, Unresolved
from portdash.model.snapshot import ServiceView, Snapshot

LATER = (1, 2, 9, 10, 30, 59, 60, 61, 3599, 3600, 7300, 86_400, 90_000, 2_000_000)


def at(seconds: float, snapshot: Snapshot | None = None) -> Snapshot:
    return replace(snapshot or scenes.working_day(), taken_at=scenes.NOW + seconds)


def facts_of(snapshot: Snapshot, before: Facts | None = None) -> Facts:
    return digest(snapshot, home=scenes.HOME, keys=KEYS, before=before)


class TestOneWorld:
    def test_time_alone_makes_no_other_world(self):
        first = facts_of(at(0))
        later = facts_of(at(1), first)
        assert later.is_same_world(first)
        assert (later.groups, later.others, later.seen) == (first.groups, first.others, first.seen)
        assert set(later.last_running.values()) == {scenes.NOW + 1}

    def test_facts_made_of_nothing_are_a_world_of_their_own(self):
        assert not facts_of(at(0)).is_same_world(facts_of(at(0)))
        assert not facts_of(at(0)).is_same_world(None)

    @pytest.mark.parametrize(
        "changes", [{"revision": 99}, {"listeners": ()}, {"services": ()}, {"notices": ("x",)}, {"hidden_owners": 1}]
    )
    def test_any_other_change_does(self, changes: dict[str, object]):
        first = facts_of(at(0))
        assert not facts_of(replace(at(1), **changes), first).is_same_world(first)  # type: ignore[arg-type]

    def test_rows_that_are_new_or_gone_end_being_so(self):
        day = scenes.working_day()
        fewer = replace(day, services=day.services[1:])
        first = facts_of(at(0, fewer))
        more = facts_of(at(1, day), first)
        assert more.new
        assert facts_of(at(3, day), more).is_same_world(more)
        older = facts_of(at(1 + NEW_FOR, day), more)
        assert not older.new
        less = facts_of(at(20, fewer), older)
        assert less.gone
        assert facts_of(at(19 + GONE_FOR, fewer), less).is_same_world(less)
        assert not facts_of(at(20 + GONE_FOR, fewer), less).gone


def stopped(name: str) -> Snapshot:
    """The working day without the listeners of one service."""
    day = scenes.working_day()
    views = tuple(replace(v, listeners=(), attribution=None) if v.name == name else v for v in day.services)
    return replace(day, services=views)


def test_a_line_is_the_same_while_its_ages_are():
    before = facts_of(at(0))
    start = facts_of(at(1, stopped("worker")), before)
    settled = facts_of(at(1 + GONE_FOR + NEW_FOR, stopped("worker")), start)
    columns = columns_for(160, 10)
    changed = set()
    for passed in LATER:
        later = facts_of(at(20 + passed, stopped("worker")), settled)
        assert later.is_same_world(settled)
        for row in build_listing(settled, ListState(frozenset())).rows:
            same_line = paint(row, later, columns, 160) == paint(row, settled, columns, 160)
            same_ages = ages_of(row, later) == ages_of(row, settled)
            assert same_line or not same_ages
            if not same_line and isinstance(row.subject, ServiceView):
                changed.add(row.subject.name)
    assert {"web", "worker"} <= changed


def test_a_new_row_grows_older_by_seconds():
    day = scenes.working_day()
    fewer = facts_of(at(0, replace(day, services=tuple(each for each in day.services if each.name != "metrics"))))
    new = facts_of(at(1), fewer)
    later = facts_of(at(4), new)
    row = next(row for row in build_listing(new, ListState(frozenset())).rows if row.key in new.new)
    assert later.is_same_world(new)
    assert ages_of(row, new) != ages_of(row, later)


async def test_the_screen_is_what_it_would_be_if_drawn_anew():
    desk = FakeDesk(at(0), home=scenes.HOME)
    async with running(desk) as (pilot, main):
        await until(pilot, lambda: "LAST EVENTS" in "\n".join(screen_lines(pilot.app)))  # they come a moment later
        for passed in LATER:
            await look(pilot, main, desk, at(passed))
            shown = screen_lines(pilot.app)
            main.show_list()
            main.refresh(layout=True)
            await pilot.pause()
            assert screen_lines(pilot.app) == shown


async def test_nothing_is_listed_anew_while_nothing_changes(monkeypatch: pytest.MonkeyPatch):
    built = []

    def counted(facts: Facts, state: ListState) -> Listing:
        built.append(facts)
        return build_listing(facts, state)

    monkeypatch.setattr(seeing, "see", counted)
    desk = FakeDesk(at(0), home=scenes.HOME)
    async with running(desk) as (pilot, main):
        await until(pilot, lambda: "LAST EVENTS" in "\n".join(screen_lines(pilot.app)))  # they come a moment later
        built.clear()
        for passed in (1, 2, 3):
            await look(pilot, main, desk, at(passed))
        assert not built
        assert main.table.listing is not None
        assert main.table.listing.facts is main.facts
        await look(pilot, main, desk, replace(at(4), revision=99))
        assert len(built) == 1


async def test_the_same_world_after_a_failed_look_takes_the_warning_away():
    desk = FakeDesk(at(0), home=scenes.HOME)
    async with running(desk) as (pilot, main):
        desk.error = StoreUnavailable("store away")
        main.poller.look_now()
        while main.stale is None:
            await pilot.pause(0.001)
        assert "stale" in screen_lines(pilot.app)[0]
        desk.error = None
        await look(pilot, main, desk, at(1))
        assert "live" in screen_lines(pilot.app)[0]


def test_a_resolution_is_worked_out_once_for_each_world():
    class Counting(FakeDesk):
        plans = 0

        def plan_resolve(self, snapshot: Snapshot, key: ServiceKey | None, strategy: Strategy | None = None) -> Plan:
            self.plans += 1
            return super().plan_resolve(snapshot, key, strategy)

    desk = Counting(at(0), home=scenes.HOME)
    resolutions = Resolutions(desk)
    facts = facts_of(at(0))
    web = next(view for view in facts.snapshot.services if view.key == scenes.key_of(scenes.SHOP, "web"))
    text = resolutions.text_for(facts, web)
    assert text == resolutions.text_for(facts_of(at(1), facts), web) != ""
    assert desk.plans == 1
    resolutions.text_for(facts_of(replace(at(2), revision=99), facts), web)
    assert desk.plans == 2


def test_beside_its_service_a_way_out_is_told_in_few_words():
    facts = facts_of(at(0))
    views = {view.key: view for view in facts.snapshot.services}
    web, theirs = views[scenes.key_of(scenes.SHOP, "web")], views[scenes.key_of(scenes.FIX, "web")]
    resolutions = Resolutions(FakeDesk(at(0), home=scenes.HOME))
    full, *_, short = resolutions.words_for(facts, web)
    assert full == "web moves to 3003, nothing ends"
    assert short == "move to 3003"
    stuck = Plan(
        title="resolve web",
        strategy=Strategy.MINIMAL,
        workspace=theirs.key.workspace,
        revision=1,
        unresolved=(Unresolved("web runs on 3000 instead of 3002: start it again on 3002"),),
    )
    assert resolution_words(stuck, theirs)[1:] == ("start it again on 3002",)


async def test_the_header_is_made_anew_only_where_it_may_say_something_else(monkeypatch: pytest.MonkeyPatch):
    made = []

    def counted(facts: Facts | None, standing: Standing, width: int) -> Line:
        made.append(standing)
        return header_line(facts, standing, width)

    desk = FakeDesk(at(0), home=scenes.HOME)
    async with running(desk) as (pilot, main):
        monkeypatch.setattr(main_bars, "header_line", counted)
        await look(pilot, main, desk, at(1))
        await look(pilot, main, desk, at(2))
        assert not made
        await look(pilot, main, desk, replace(at(3), services=at(3).services[1:]))
        assert len(made) == 1
        away = replace(at(4), stale_since=scenes.NOW)
        await look(pilot, main, desk, away)
        await look(pilot, main, desk, replace(away, taken_at=scenes.NOW + 9))
        assert "STORE AWAY 9s" in screen_lines(pilot.app)[0]


async def test_a_look_puts_off_the_clock_of_the_header():
    desk = FakeDesk(at(0), home=scenes.HOME)
    async with running(desk) as (pilot, main):
        before = main._clock
        assert before is not None
        await look(pilot, main, desk, at(1))
        assert before.cancelled()
        assert main._clock is not None
        assert not main._clock.cancelled()


async def test_while_there_is_no_look_the_age_in_the_header_grows(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(main_bars, "LATE", 0.01)
    monkeypatch.setattr(main_bars, "TICK", 0.01)
    clock = [0.0]
    desk = FakeDesk(at(0), home=scenes.HOME)
    async with running(desk, monotonic=lambda: clock[0]) as (pilot, main):
        for seconds in (7, 8, 9):
            clock[0] = seconds
            await until(pilot, lambda: f"live, {clock[0]:.1f}s ago" in screen_lines(pilot.app)[0])
        last = main._clock
    assert last is not None
    assert last.cancelled()
