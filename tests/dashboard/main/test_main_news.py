"""What is told and what rings: new trouble and services that went down, once each; of what flaps no single change."""

from dataclasses import replace

import pytest
import scenes
from fakes import desk_for, look, running
from row_texts import facts_of

from portdash.dashboard.flaps import CHANGES, WINDOW, Flaps
from portdash.dashboard.flaps import DOWN as FLAPS_DOWN
from portdash.dashboard.news import news_between
from portdash.dashboard.rows.words import state_of
from portdash.model.assignment import Lease
from portdash.model.conflict import ConflictKind
from portdash.model.snapshot import ServiceView, Snapshot, Status

UP = scenes.service(scenes.SHOP, "api", 8000, own=scenes.listener(8000, 3990, workspace=scenes.SHOP))
DOWN = scenes.service(scenes.SHOP, "api", 8000)
HELD = scenes.service(
    scenes.SHOP,
    "api",
    8000,
    foreign=scenes.listener(8000, 4121, workspace=scenes.FIX),
    conflicts=(scenes.conflict(ConflictKind.SQUATTED, scenes.SHOP, "api", 8000, "node 4121"),),
)


def at(view: ServiceView, seconds: float = 0) -> Snapshot:
    return scenes.snapshot_of([view], taken_at=scenes.NOW + seconds)


def test_a_service_that_went_down_and_a_new_conflict_ring():
    up, down, held = facts_of(at(UP)), facts_of(at(DOWN, 1)), facts_of(at(HELD, 2))
    assert news_between(up, down) == (("shop/api went down: it listens on 8000 no more",), True)
    (text,), rings = news_between(down, held)
    assert "shop/api cannot have 8000: node 4121" in text
    assert rings
    assert news_between(down, up) == ((), False)
    assert news_between(held, facts_of(at(HELD, 3))) == ((), False)


def test_one_that_ran_elsewhere_is_told_of_with_the_port_it_ran_on():
    strayed = scenes.service(scenes.SHOP, "api", 8000, elsewhere=scenes.listener(8001, 3990, workspace=scenes.SHOP))
    (text,), _rings = news_between(facts_of(at(strayed)), facts_of(at(DOWN, 1)))
    assert text == "shop/api went down: it listens on 8001 no more"


def test_a_server_that_runs_on_where_its_service_was_moved_from_did_not_go_down():
    server = scenes.listener(8000, 3990, workspace=scenes.SHOP)
    moved = scenes.snapshot_of([scenes.service(scenes.SHOP, "api", 8002)], [server], taken_at=scenes.NOW + 1)
    assert news_between(facts_of(at(UP)), facts_of(moved)) == ((), False)


def test_a_service_whose_port_was_given_back_did_not_go_down():
    """Somebody released it, or the store is another one: its server runs on."""
    released = replace(DOWN, assignment=None, status=Status.STOPPED)
    assert released.port is None
    assert news_between(facts_of(at(UP)), facts_of(at(released, 1))) == ((), False)


def test_many_news_are_counted():
    views = scenes.working_day().services
    gone = [
        replace(view, listeners=(), elsewhere=(), attribution=None, conflicts=(), status=Status.AVAILABLE)
        for view in views
    ]
    texts, rings = news_between(facts_of(scenes.snapshot_of(views)), facts_of(scenes.snapshot_of(gone)))
    assert len(texts) == 4
    assert texts[-1].endswith("more: ! shows all trouble")
    assert rings


def flapped(times: int, every: float) -> tuple[Snapshot, Flaps]:
    flaps = Flaps()
    snapshot = at(UP)
    for number in range(times + 1):
        snapshot = flaps.marked(at(UP if number % 2 == 0 else DOWN, number * every))
    return snapshot, flaps


def test_a_service_that_comes_and_goes_is_flapping_and_is_told_so_once():
    before, _flaps = flapped(CHANGES - 1, 5)
    after, flaps = flapped(CHANGES, 5)
    assert state_of(before.services[0]).word == "not running"
    assert state_of(after.services[0]).word == f"flapping {CHANGES}x"
    assert news_between(facts_of(before), facts_of(after)) == (("shop/api is flapping",), False)
    again = flaps.marked(at(DOWN, CHANGES * 5 + 1))
    assert news_between(facts_of(after), facts_of(again)) == ((), False)
    calm = flaps.marked(at(DOWN, CHANGES * 5 + WINDOW + 2))
    assert news_between(facts_of(again), facts_of(calm)) == (("shop/api flaps no more",), False)


def test_slow_changes_are_no_flapping():
    snapshot, _flaps = flapped(CHANGES + 4, WINDOW / 2)
    assert state_of(snapshot.services[0]).word == "running"


@pytest.mark.parametrize(
    ("key", "acted_at", "rings"),
    [("", None, 1), ("b", None, 0), ("", scenes.NOW, 0), ("", scenes.NOW + 3600, 1)],
    ids=["loud", "silent", "our own act", "an act before the clock was put back"],
)
async def test_the_bell_rings_unless_it_is_off_or_it_was_our_own_act(key: str, acted_at: float | None, rings: int):
    desk = desk_for(at(UP))
    desk.under_way.over_at = acted_at
    async with running(desk) as (pilot, main):
        rung: list[str] = []
        pilot.app.bell = lambda: rung.append("!")  # type: ignore[method-assign]
        if key:
            await pilot.press(key)
        await look(pilot, main, desk, at(DOWN, 1))
        assert len(rung) == rings
        told = any("went down" in note.message for note in pilot.app._notifications)
        assert told is (not key)


def test_what_stops_and_starts_for_a_move_is_no_flapping():
    _before, flaps = flapped(CHANGES - 1, 5)
    moved = scenes.service(scenes.SHOP, "api", 8003, own=scenes.listener(8003, 3990, workspace=scenes.SHOP))
    snapshot = flaps.marked(at(moved, CHANGES * 5))
    assert state_of(snapshot.services[0]).word == "running"
    assert not flaps.changes


API = UP.key
LEASE = Lease(key=API, pid=1, started=1, boot_id="", token="")


def done_to_api(key: object, _at: float) -> bool:
    return key == API


def test_what_is_done_to_a_service_from_here_is_no_news():
    up, down, held = facts_of(at(UP)), facts_of(at(DOWN, 1)), facts_of(at(HELD, 1))
    assert news_between(up, down, is_done_to=done_to_api) == ((), False)
    assert news_between(up, held, is_done_to=done_to_api).rings
    other = scenes.service(scenes.SHOP, "web", 3000, own=scenes.listener(3000, 1, workspace=scenes.SHOP))
    gone = scenes.service(scenes.SHOP, "web", 3000)
    before, after = facts_of(scenes.snapshot_of([UP, other])), facts_of(scenes.snapshot_of([DOWN, gone]))
    assert news_between(before, after, is_done_to=done_to_api).texts == (
        "shop/web went down: it listens on 3000 no more",
    )


@pytest.mark.parametrize(("ago", "told"), [(0.0, False), (14.0, False), (15.0, True), (-1.0, True)])
def test_what_is_moved_ends_there_before_it_begins_here(ago: float, told: bool):
    """The first look may find it moved and running there, the next one ended, the third one running here."""
    assert DOWN.assignment
    moved = replace(DOWN, assignment=replace(DOWN.assignment, port=8003, assigned_at=scenes.NOW + 1 - ago))
    assert news_between(facts_of(at(UP)), facts_of(at(moved, 1))).rings is told


def test_what_was_stopped_from_here_flaps_no_more_and_that_is_no_news():
    before, flaps = flapped(CHANGES + 2, 5)
    assert state_of(before.services[0]).word.startswith("flapping")
    flaps.is_done_to = done_to_api
    after = flaps.marked(at(DOWN, CHANGES * 5 + 11))
    assert state_of(after.services[0]).word == "not running"
    assert news_between(facts_of(before), facts_of(after), is_done_to=done_to_api) == ((), False)
    assert not flaps.changes


def test_what_stays_down_is_down_unless_somebody_starts_it_again():
    start = CHANGES * 5 + 5
    for lease, word in (({}, "not running"), ({API: LEASE}, "flap")):
        before, flaps = flapped(CHANGES + 1, 5)
        assert not before.services[0].is_running
        after = flaps.marked(replace(at(DOWN, start + FLAPS_DOWN), leases=lease))
        assert state_of(after.services[0]).word.startswith("flapping")
        later = flaps.marked(replace(at(DOWN, start + FLAPS_DOWN + 1), leases=lease))
        assert state_of(later.services[0]).word.startswith(word)
