import json

import pytest
from report_world import key_of, snapshot_of, squatted

from portdash.model.history import Event, EventKind
from portdash.record import replace
from portdash.report.formats import ReportFormat, render
from portdash.report.record import Record, record_of
from portdash.report.scope import Scope

SHOP = Scope(workspace="shop")


def event(kind: EventKind, service: str = "web", port: int | None = None, workspace: str = "shop") -> Event:
    return Event(kind=kind, at=0.0, workspace=workspace, service=service, actor="cli", reason="", from_port=port)


FOUND, SETTLED = EventKind.CONFLICT, EventKind.RESOLVED


@pytest.mark.parametrize(
    ("events", "found", "resolved", "rate"),
    [
        ([], 0, 0, None),
        ([event(FOUND, port=3000), event(SETTLED, port=3000)], 1, 1, 100.0),
        ([event(FOUND, port=3000), event(FOUND, "API", 4000), event(SETTLED, "api", 4000)], 2, 1, 50.0),
        ([event(FOUND, port=3000), event(FOUND, port=3000), event(SETTLED, port=3000)], 1, 1, 100.0),
        ([event(FOUND, port=3000), event(SETTLED, port=3000)] * 2 + [event(FOUND, port=3001)], 3, 2, 66.7),
        ([event(SETTLED, port=3000)], 0, 0, None),
        ([event(FOUND, port=3000, workspace="blog")], 0, 0, None),
    ],
)
def test_a_conflict_counts_once_until_it_is_settled(events: list[Event], found: int, resolved: int, rate: float | None):
    record = record_of(events, snapshot_of(), SHOP)
    assert (record.found, record.resolved, record.rate) == (found, resolved, rate)


def test_what_is_in_conflict_now_was_found_and_is_not_settled():
    now = squatted()
    one = replace(now, conflicts=now.conflicts[:1])
    assert record_of([], now, Scope()).found == 2
    assert record_of([], now, SHOP).found == 1
    assert record_of([event(FOUND, port=3000)], one, SHOP).found == 1
    assert record_of([event(FOUND, port=3000), event(SETTLED, port=3000)], one, SHOP).rate == 50.0


def test_what_happened_on_another_host_is_not_counted():
    here = snapshot_of().host
    events = [replace(event(EventKind.ASSIGNED), host=each) for each in (here, "", "another")]
    assert record_of(events, snapshot_of(), SHOP).given == 2


def test_ports_are_counted_by_what_became_of_them():
    kinds = [EventKind.ASSIGNED, EventKind.ADOPTED, EventKind.MOVED, EventKind.RELEASED, EventKind.UPDATED]
    record = record_of([event(kind) for kind in kinds], snapshot_of(), SHOP)
    assert record.ports_phrase == "2 ports given, 1 moved, 1 given back"
    assert record_of([event(EventKind.ASSIGNED, "api")], snapshot_of(), Scope(service=key_of("web"))).given == 0


def test_every_format_says_it():
    record = Record(given=4, moved=1, found=3, resolved=2)
    texts = {each: render(squatted(), SHOP, each, record=record) for each in ReportFormat}
    assert "Conflicts    found 3, resolved 2 (66.7%)" in texts[ReportFormat.TEXT]
    assert "- **Conflicts**: found 3, resolved 2 (66.7%)" in texts[ReportFormat.MARKDOWN]
    assert texts[ReportFormat.SUMMARY].endswith("\n   • Conflicts: found 3, resolved 2 (66.7%)")
    assert json.loads(texts[ReportFormat.JSON])["history"] == {
        "ports_given": 4,
        "ports_moved": 1,
        "ports_given_back": 0,
        "conflicts_found": 3,
        "conflicts_resolved": 2,
        "conflict_resolution_rate": 66.7,
    }


def test_without_conflicts_the_summary_is_what_it_always_was():
    block = render(squatted(), SHOP, ReportFormat.SUMMARY)
    assert render(squatted(), SHOP, ReportFormat.SUMMARY, record=Record(given=3)) == block
    assert "none found" in render(squatted(), SHOP, record=Record())
