"""What is said where the store went away or back: in the header's lines, once, and never as if it had been released."""

from dataclasses import replace

import pytest
import scenes
from fakes import desk_for, look, running, screen_lines, until
from rich.cells import cell_len
from row_texts import LIVE, drawn, everything, facts_of, find, text_of

from portdash.dashboard.rows.row import service_row_key
from portdash.dashboard.rows.summary import header_line, trouble_line
from portdash.errors import StoreUnavailable
from portdash.model.snapshot import Snapshot

CALM = scenes.snapshot_of(
    [scenes.service(scenes.SHOP, name, port) for name, port in (("api", 8000), ("metrics", 9090))],
)


def lost(name: str = "metrics") -> Snapshot:
    """A second later the store is at an earlier revision, and lacks a service."""
    kept = [view for view in CALM.services if view.name != name]
    return replace(scenes.snapshot_of(kept, taken_at=scenes.NOW + 1), revision=3, went_back=(42, 3))


def test_what_a_store_lost_was_not_released():
    before = facts_of(CALM)
    assert "lost with the store" in find(drawn(everything(facts_of(lost(), before)), 120), "metrics")
    released = replace(lost(), revision=43, went_back=None)
    assert " released" in find(drawn(everything(facts_of(released, before)), 120), "metrics")


def test_what_is_released_after_a_loss_was_released():
    after = facts_of(lost(), facts_of(CALM))
    none = replace(scenes.snapshot_of(taken_at=scenes.NOW + 2), revision=4, went_back=(42, 3))
    lines = drawn(everything(facts_of(none, after)), 120)
    assert "lost with the store" in find(lines, "metrics")
    assert " released" in find(lines, "api")


def test_what_was_given_out_meanwhile_is_lost_when_the_store_comes_back():
    before = facts_of(replace(CALM, revision=3, went_back=(42, 0)))
    back = replace(lost(), revision=42, went_back=None)
    assert "lost with the store" in find(drawn(everything(facts_of(back, before)), 120), "metrics")


def test_a_service_that_is_declared_no_more_was_not_released():
    declared = replace(CALM.services[0], assignment=None)
    before = facts_of(replace(CALM, services=(declared,)))
    after = facts_of(replace(CALM, services=(), taken_at=scenes.NOW + 1), before)
    assert "declared no more" in find(drawn(everything(after), 120), "api")


def test_the_line_of_trouble_says_that_the_store_went_back():
    facts = facts_of(lost())
    assert text_of(trouble_line(facts, None, 120)) == (
        " ▲ the store went back from revision 42 to 3: what it lacks now was lost, and not released"
    )
    for width in (40, 60, 80):
        line = text_of(trouble_line(facts, None, width))
        assert "42" in line
        assert cell_len(line) <= width
    for width in (80, 120, 200):
        assert "STORE WENT BACK" in text_of(header_line(facts, LIVE, width))


def test_the_line_of_trouble_says_that_the_store_is_away_or_cannot_be_read():
    away = facts_of(replace(CALM, stale_since=scenes.NOW - 60))
    assert "the store is away" in text_of(trouble_line(away, None, 80))
    stale = text_of(trouble_line(facts_of(CALM), None, 120, stale="portdash.db is damaged"))
    assert stale.startswith(" ▲ portdash.db is damaged; all of this is as of ")
    assert "No trouble" in text_of(trouble_line(facts_of(CALM), None, 120))


def test_the_trouble_under_the_cursor_is_named_all_the_same():
    day = replace(scenes.working_day(), went_back=(42, 3))
    web = next(service_row_key(view) for view in day.services if view.name == "web")
    assert "cannot have 3000" in text_of(trouble_line(facts_of(day), web, 160))
    assert "went back" in text_of(trouble_line(facts_of(day), None, 160))


@pytest.mark.parametrize("size", [(120, 35), (80, 24)])
async def test_what_was_said_of_a_store_is_taken_back_when_it_is_well(size: tuple[int, int]):
    desk = desk_for(CALM)
    async with running(desk, size=size, toasts=True) as (pilot, main):
        for text in ("it is damaged", "it is a directory"):
            desk.error = StoreUnavailable(text, hint="move it away")
            main.poller.look_now()
            await until(pilot, lambda text=text: main.stale == text)  # type: ignore[misc]
            assert f"▲ {text}" in screen_lines(pilot.app)[1]
            assert [each.message for each in pilot.app._notifications] == [f"{text} (move it away)"]
        desk.error = None
        await look(pilot, main, desk, replace(CALM, taken_at=scenes.NOW + 1))
        assert list(pilot.app._notifications) == []
        assert "No trouble" in screen_lines(pilot.app)[1]
